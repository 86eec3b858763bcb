"""Compile the pipelines of several projects: FOLDER... gives ./0, ./1 and so on, with settings."""

import json
import os
import sys
from pathlib import Path

from mlops.pipelines.compiler import PIPELINES, compile_pipeline
from mlops.settings import ENVIRONMENTS, load_settings

output = Path.cwd()
for index, folder in enumerate(sys.argv[1:]):
    os.chdir(folder)
    settings = {name: load_settings(name) for name in ENVIRONMENTS}
    place = output / str(index)
    for pipeline in PIPELINES:
        compile_pipeline(pipeline, settings["prod"].images, place)
    described = {name: each.model_dump(mode="json") for name, each in settings.items()}
    (place / "settings.json").write_text(json.dumps(described))
