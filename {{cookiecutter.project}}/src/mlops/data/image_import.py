"""The import file of a Vertex AI image dataset: which image is of which class, and in which split.

Vertex AI reads it from Cloud Storage, as CSV (`ml_use,uri,label`) or as JSON Lines; both are
described at https://cloud.google.com/vertex-ai/docs/image-data/classification/prepare-data.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mlops.data.query import TENTHS, Split
from mlops.errors import UserError
from mlops.uris import split_uri

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from google.cloud import storage

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".ico")  # of images that can be learned from
ML_USES = {Split.TRAIN: "training", Split.EVAL: "validation", Split.TEST: "test"}
COLUMNS = ("uri", "label", "ml_use")
FEW_IMAGES = 100  # of a class: a model learns little from fewer
_LONGEST_LABEL = 128
_ML_USE = "aiplatform.googleapis.com/ml_use"


class ImageImportError(UserError):
    """The images cannot be imported as they are given."""


@dataclass(frozen=True)
class Image:
    """One image with its one label.

    Attributes:
        place: where it was found, for errors.
        uri: `gs://BUCKET/…` of the file.
        label: its class.
        ml_use: `training`, `validation` or `test`.
    """

    place: str
    uri: str
    label: str
    ml_use: str


def list_folder(client: storage.Client, uri: str) -> list[Image]:
    """The files below a `gs://` URI; the folder in which one lies, if any, is its label.

    Raises:
        ImageImportError: the URI names no bucket, or nothing lies there.
    """
    bucket, _, folder = uri.removeprefix("gs://").strip("/").partition("/")
    if not bucket:
        raise ImageImportError(f"{uri} names no bucket: write gs://BUCKET/FOLDER.")
    prefix = f"{folder}/" if folder else ""
    images = []
    for blob in client.list_blobs(bucket, prefix=prefix):
        if blob.name.endswith("/"):
            continue  # what consoles make for an empty folder
        label = PurePosixPath(blob.name.removeprefix(prefix)).parent.name
        found = f"gs://{bucket}/{blob.name}"
        images.append(Image(found, found, label, split_by_hash(found)))
    if not images:
        raise ImageImportError(
            f"{uri} holds no files: name a folder with one for each class, or a CSV file of this"
            " machine."
        )
    return images


def read_table(path: Path) -> list[Image]:
    """The images of a CSV file with the columns `uri`, `label` and, if wanted, `ml_use`.

    Raises:
        ImageImportError: it is not such a table.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            names = rows.fieldnames or ()
            if not {"uri", "label"} <= set(names) <= set(COLUMNS):
                raise ImageImportError(
                    f"{path} has the columns {', '.join(names) or 'of none'}: name them in its"
                    f" first line, uri, label and, if you like, ml_use."
                )
            return [_read_row(f"{path}, line {rows.line_num}", row) for row in rows]
    except (OSError, UnicodeDecodeError) as error:
        raise ImageImportError(f"{path} cannot be read as a table in UTF-8: {error}.") from None


def split_by_hash(uri: str) -> str:
    """The split of an image for ever: eight tenths train, one validates, one tests."""
    tenth = int.from_bytes(hashlib.sha256(uri.encode()).digest()[:8]) % 10
    found = next(split for split, (first, last) in TENTHS.items() if first <= tenth <= last)
    return ML_USES[found]


def check(images: Sequence[Image], labels: Collection[str] = ()) -> None:
    """Refuses what Vertex AI would not import, or would learn nothing from.

    Args:
        images: all of them.
        labels: those that there may be; empty for any.

    Raises:
        ImageImportError: says what is wrong, in how many rows, and where first.
    """
    seen: Counter[str] = Counter()
    mistakes = []
    for image in images:
        seen[image.uri] += 1
        wrong = _find_mistake(image, labels, repeated=seen[image.uri] > 1)
        if wrong:
            mistakes.append(f"{image.place}: {wrong}")
    if mistakes:
        more = len(mistakes) - 1
        also = f" ({more} more of the {len(images)} images are wrong, too)" if more else ""
        raise ImageImportError(f"{mistakes[0]}{also}.")
    found = sorted({image.label for image in images})
    if len(found) < 2:
        raise ImageImportError(
            f"{len(images)} images with the labels {found} tell no classes apart: give images of"
            " two classes or more."
        )
    for label in found:
        if not any((image.label, image.ml_use) == (label, "training") for image in images):
            raise ImageImportError(
                f"No image of {label} is for training: give more of them, or name splits in the"
                " column ml_use of a table."
            )


def format_csv(images: Iterable[Image]) -> str:
    """The import file as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows((image.ml_use, image.uri, image.label) for image in images)
    return text.getvalue()


def format_jsonl(images: Iterable[Image]) -> str:
    """The import file as JSON Lines."""
    lines = (
        {
            "imageGcsUri": image.uri,
            "classificationAnnotation": {"displayName": image.label},
            "dataItemResourceLabels": {_ML_USE: image.ml_use},
        }
        for image in images
    )
    return "".join(f"{json.dumps(line, ensure_ascii=False)}\n" for line in lines)


FORMATS = {".csv": format_csv, ".jsonl": format_jsonl}


def write_import_file(
    client: storage.Client, source: str, output: str, labels: Collection[str] = ()
) -> Iterator[str]:
    """Writes the import file, once all is checked.

    Args:
        client: of Cloud Storage.
        source: `gs://…` of a folder of folders of images, or a CSV file of this machine.
        output: `gs://….csv` or `gs://….jsonl`.
        labels: those that there may be; empty for any.

    Returns:
        What it holds, line by line.

    Raises:
        ImageImportError: nothing was written; says why.
    """
    bucket, name = split_uri(output)
    make = FORMATS.get(PurePosixPath(name).suffix)
    if not output.startswith("gs://") or not bucket or make is None:
        raise ImageImportError(
            f"{output} is no place for an import file: name gs://BUCKET/….csv or .jsonl."
        )
    found = list_folder(client, source) if source.startswith("gs://") else read_table(Path(source))
    images = sorted((i for i in found if i.uri != output), key=lambda image: image.uri)
    check(images, labels)
    client.bucket(bucket).blob(name).upload_from_string(make(images))
    yield from describe(images)
    yield f"{output}: {len(images)} images"


def describe(images: Sequence[Image]) -> Iterator[str]:
    """How many images each class has in each split, and which classes have few."""
    counts = Counter((image.label, image.ml_use) for image in images)
    for label in sorted({image.label for image in images}):
        each = {use: counts[label, use] for use in ML_USES.values()}
        shown = ", ".join(f"{count} {use}" for use, count in each.items())
        few = f"  (fewer than {FEW_IMAGES})" if sum(each.values()) < FEW_IMAGES else ""
        yield f"  {label}: {shown}{few}"


def _read_row(place: str, row: dict[str, str | None]) -> Image:
    uri, label, ml_use = ((row.get(column) or "").strip() for column in COLUMNS)
    return Image(place, uri, label, ml_use.lower() or split_by_hash(uri))


def _find_mistake(image: Image, labels: Collection[str], *, repeated: bool) -> str:
    """What is wrong with an image; nothing if it is sound."""
    suffix = PurePosixPath(image.uri).suffix.lower()
    if not image.uri.startswith("gs://") or image.uri.count("/") < 3:
        return f"{image.uri!r} is no file of a bucket, gs://BUCKET/…"
    if suffix not in SUFFIXES:
        return f"it is none of {', '.join(SUFFIXES)}"
    if not image.label:
        return "it has no label (of a file in a bucket, the folder of a class that it lies in)"
    if len(image.label) > _LONGEST_LABEL:
        return f"its label is longer than {_LONGEST_LABEL} characters"
    if labels and image.label not in labels:
        return f"its label {image.label!r} is none of {', '.join(sorted(labels))}"
    if image.ml_use not in ML_USES.values():
        return f"its ml_use {image.ml_use!r} is none of {', '.join(ML_USES.values())}"
    return "it is listed twice, but an image has one label" if repeated else ""
