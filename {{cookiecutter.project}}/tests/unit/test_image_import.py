"""The import file of an image dataset: a row for each image, and nothing when one is wrong."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from mlops.data.image_import import (
    FEW_IMAGES,
    Image,
    ImageImportError,
    check,
    describe,
    format_csv,
    format_jsonl,
    read_table,
    split_by_hash,
    write_import_file,
)

HEADER = "uri,label,ml_use\n"
SOUND = "gs://b/1.jpg,cirrus,training\ngs://b/2.PNG,cumulus,Training\ngs://b/3.gif,cirrus,test\n"


def read(folder: Path, text: str) -> list[Image]:
    path = folder / "clouds.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(path)


def test_each_image_has_a_row_in_both_formats(tmp_path: Path) -> None:
    images = read(tmp_path, HEADER + SOUND)
    check(images, ["cirrus", "cumulus"])
    expected = [
        ["training", "gs://b/1.jpg", "cirrus"],
        ["training", "gs://b/2.PNG", "cumulus"],
        ["test", "gs://b/3.gif", "cirrus"],
    ]
    assert list(csv.reader(io.StringIO(format_csv(images)))) == expected
    lines = [json.loads(line) for line in format_jsonl(images).splitlines()]
    assert lines[0] == {
        "imageGcsUri": "gs://b/1.jpg",
        "classificationAnnotation": {"displayName": "cirrus"},
        "dataItemResourceLabels": {"aiplatform.googleapis.com/ml_use": "training"},
    }
    assert [line["imageGcsUri"] for line in lines] == [uri for _, uri, _ in expected]


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("clouds/1.jpg,cirrus,test", "line 5: 'clouds/1.jpg' is no file of a bucket"),
        ("gs://b/4.webp,cirrus,test", "it is none of .jpg, "),
        ("gs://b/4.jpg,,test", "it has no label"),
        ("gs://b/4.jpg", "it has no label"),
        (f"gs://b/4.jpg,{'c' * 129},test", "its label is longer than 128 characters"),
        ("gs://b/4.jpg,stratus,test", "its label 'stratus' is none of cirrus, cumulus"),
        ("gs://b/4.jpg,cirrus,train", "its ml_use 'train' is none of training, validation, test"),
        ("gs://b/1.jpg,cumulus,training", "it is listed twice, but an image has one label"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, wrong: str) -> None:
    images = read(tmp_path, f"{HEADER}{SOUND}{row}\n")
    with pytest.raises(ImageImportError) as refused:
        check(images, ["cirrus", "cumulus"])
    assert f"clouds.csv, line 5: {wrong.removeprefix('line 5: ')}" in str(refused.value)


def test_many_wrong_rows_are_one_sentence(tmp_path: Path) -> None:
    images = read(tmp_path, f"{HEADER}{SOUND}gs://b/4.txt,cirrus,\ngs://b/5.txt,cirrus,\n")
    with pytest.raises(ImageImportError, match=r"line 5: .*1 more of the 5 images are wrong"):
        check(images)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "has the columns of none"),
        ("gs://b/1.jpg,cirrus\n", "has the columns gs://b/1.jpg, cirrus: name them"),
        (f"{HEADER}gs://b/1.jpg,cirrus,training\n", "tell no classes apart"),
        (f"{HEADER}{SOUND}gs://b/4.jpg,stratus,test\n", "No image of stratus is for training"),
    ],
)
def test_a_table_that_teaches_nothing_is_refused(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(ImageImportError, match=wrong):
        check(read(tmp_path, text))
    with pytest.raises(ImageImportError, match="cannot be read"):
        read_table(tmp_path / "missing.csv")


@pytest.mark.parametrize(
    ("output", "wrong"),
    [
        ("list.csv", "no place"),
        ("gs://b/list.txt", "no place"),
        ("gs:///list.csv", "no place"),
        ("gs://b/list.csv", "'cumulus'"),
    ],
)
def test_nothing_is_written_while_something_is_wrong(
    tmp_path: Path, output: str, wrong: str
) -> None:
    read(tmp_path, HEADER + SOUND)
    client: Any = None  # so that nothing can be
    with pytest.raises(ImageImportError, match=wrong):
        list(write_import_file(client, str(tmp_path / "clouds.csv"), output, ["cirrus"]))


def test_without_a_split_of_its_own_an_image_keeps_that_of_its_hash(tmp_path: Path) -> None:
    rows = "".join(f"gs://b/{number}.jpg,cirrus\n" for number in range(2000))
    images = read(tmp_path, f"uri,label\n{rows}")
    counts = [
        sum(image.ml_use == use for image in images) for use in ("training", "validation", "test")
    ]
    assert [round(count / 200) for count in counts] == [8, 1, 1]
    assert images[7].ml_use == split_by_hash("gs://b/7.jpg")


def test_a_class_of_few_images_is_told(tmp_path: Path) -> None:
    rows = "".join(f"gs://b/{number}.jpg,cirrus\n" for number in range(FEW_IMAGES))
    many, few = describe(read(tmp_path, f"uri,label,ml_use\n{rows}gs://b/a.jpg,cumulus,test\n"))
    assert "fewer" not in many
    assert few == f"  cumulus: 0 training, 0 validation, 1 test  (fewer than {FEW_IMAGES})"


@pytest.mark.parametrize(
    ("source", "wrong"),
    [("gs://", "gs:// names no bucket"), ("gs://b/list.csv", "gs://b/list.csv holds no files")],
)
def test_a_folder_without_images_is_named(source: str, wrong: str) -> None:
    class Client:
        def list_blobs(self, bucket: str, prefix: str) -> list[Any]:
            return []

    client: Any = Client()
    with pytest.raises(ImageImportError, match=wrong):
        list(write_import_file(client, source, "gs://b/all.csv"))
