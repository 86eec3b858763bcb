"""The hash of a SavedModel, by which the prediction container knows that it is the trained one."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

HASH_VARIABLE = "MODEL_HASH"  # of the container: what the SavedModel's hash must be


class ModelHashError(RuntimeError):
    """A SavedModel is not the one that was trained."""


def hash_model(uri: str) -> str:
    """SHA-256 over the names and contents of all files of a SavedModel, at `gs://…` or a folder."""
    with tempfile.TemporaryDirectory() as copy:
        return _hash_folder(Path(fetch_model(uri, copy)))


def check_hash(folder: str, expected: str, uri: str) -> str:
    """The hash of a SavedModel's folder, if it is the one that training recorded.

    Args:
        folder: of the SavedModel.
        expected: the hash; nothing when none is known.
        uri: where the SavedModel comes from, for the message.

    Raises:
        ModelHashError: they differ, or there is no SavedModel.
    """
    if not (Path(folder) / "saved_model.pb").is_file():
        raise ModelHashError(f"There is no SavedModel at {uri}: correct AIP_STORAGE_URI.")
    found = _hash_folder(Path(folder))
    if expected and found != expected:
        raise ModelHashError(
            f"The SavedModel at {uri} was changed since it was trained: its hash is {found[:12]}…,"
            f" not {expected[:12]}… as {HASH_VARIABLE} says; register the model again."
        )
    return found


def fetch_model(uri: str, target: str) -> str:
    """The folder of a SavedModel: a local one as it is, one in Cloud Storage copied to `target`.

    So what is hashed is what is loaded, even if the bucket changes in between.
    """
    if "://" not in uri:
        return uri
    import tensorflow as tf

    for folder, _, names in tf.io.gfile.walk(uri):
        here = os.path.join(target, os.path.relpath(folder, uri))
        os.makedirs(here, exist_ok=True)
        for name in filter(None, names):  # an object that only marks a folder has no name
            tf.io.gfile.copy(f"{folder.rstrip('/')}/{name}", os.path.join(here, name))
    return target


def _hash_folder(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return digest.hexdigest()
