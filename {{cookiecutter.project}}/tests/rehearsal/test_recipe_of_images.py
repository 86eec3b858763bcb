"""AutoML as docs/images.md has it, as far as a local Vertex AI goes."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from tests.rehearsal.conftest import ROOT, Rehearsal, succeed

RECIPE = ROOT / "docs/images.md"
# Uploads images of two classes; prints project, location and the folder.
UPLOAD = """
from google.cloud import storage
from mlops.settings import load_settings

settings = load_settings()
bucket = storage.Client(project=settings.project).bucket(settings.bucket)
for label, number in ((label, number) for label in ("cirrus", "cumulus") for number in range(9)):
    bucket.blob(f"clouds/{label}/{number}.png").upload_from_string(f"{label} {number}")
print(settings.project, settings.location, f"gs://{settings.bucket}/clouds")
"""
# Runs the recipe to its error; prints that, and the dataset's items: file, split and label.
FOLLOW = """
import json, runpy, sys
from google.api_core.exceptions import MethodNotImplemented
from google.cloud import aiplatform

sys.argv = sys.argv[1:]
try:
    runpy.run_path(sys.argv[0])
    error = ""
except MethodNotImplemented as refused:
    error = refused.message
(dataset,) = aiplatform.ImageDataset.list(filter='display_name="clouds"')
items = []
for item in dataset.api_client.list_data_items(parent=dataset.resource_name):
    (annotation,) = dataset.api_client.list_annotations(parent=item.name)
    file = dict(item.payload)["imageGcsUri"]
    split = item.labels["aiplatform.googleapis.com/ml_use"]
    items.append([file, split, dict(annotation.payload)["displayName"]])
print(json.dumps([error, items]))
"""


def test_images_are_imported_as_the_recipe_says(rehearsal: Rehearsal, tmp_path: Path) -> None:
    done = rehearsal.localcloud("run", "--", sys.executable, "-c", UPLOAD)
    project, location, folder = succeed(done).split()
    output = succeed(rehearsal.mlops("data", "images", folder, f"{folder}.jsonl"))
    assert output.endswith(f"{folder}.jsonl: 18 images\n")
    code, *_ = re.findall(r"^```python\n(.*?)^```", RECIPE.read_text(), re.M | re.S)
    recipe = tmp_path / "recipe.py"
    recipe.write_text(code)
    arguments = (str(recipe), project, location, f"{folder}.jsonl")
    done = rehearsal.localcloud("run", "--", sys.executable, "-c", FOLLOW, *arguments)
    error, items = json.loads(succeed(done).splitlines()[-1])
    assert re.match(r"localcloud does not train by \S+automl_image_classification", error)
    assert len(items) == 18
    assert {split for _, split, _ in items} >= {"training"}
    assert all(f"/{label}/" in file for file, _, label in items)
