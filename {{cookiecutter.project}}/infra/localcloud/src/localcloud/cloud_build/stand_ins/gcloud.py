"""`gcloud` of a build step, as far as builds need it: copies, and the start of a trigger.

`storage cp` uses Google's own client of Cloud Storage, so it reads and writes localcloud's objects.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from glob import glob
from pathlib import Path
from typing import Any

from google.api_core.exceptions import GoogleAPICallError

from localcloud.cloud_build.build_file import BuildFileError
from localcloud.cloud_build.pushes import run_trigger
from localcloud.home import Home

_SCHEME = "gs://"


class GcloudError(Exception):
    """What gcloud would refuse, or what is not known here."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command of gcloud; its exit code."""
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    try:
        options.run(options)
    except (BuildFileError, GcloudError, GoogleAPICallError) as error:
        print(f"gcloud (stand-in): {error}", file=sys.stderr)
        return 1
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("gcloud (stand-in)", allow_abbrev=False)
    groups = parser.add_subparsers(required=True, metavar="storage|builds triggers run")
    storage = groups.add_parser("storage").add_subparsers(required=True, metavar="cp|buckets")
    copy = storage.add_parser("cp")
    copy.add_argument("--recursive", "-r", action="store_true")
    copy.add_argument("sources", nargs="+")
    copy.add_argument("target")
    copy.set_defaults(run=_copy)
    buckets = storage.add_parser("buckets").add_subparsers(required=True, metavar="create")
    create = buckets.add_parser("create")
    create.add_argument("bucket")
    create.add_argument("--project", required=True)
    create.set_defaults(run=_create_bucket)
    builds = groups.add_parser("builds").add_subparsers(required=True, metavar="triggers")
    triggers = builds.add_parser("triggers").add_subparsers(required=True, metavar="run")
    run = triggers.add_parser("run")
    run.add_argument("name")
    run.add_argument("--region")
    run.add_argument("--sha")
    run.add_argument("--substitutions", default="")
    run.set_defaults(run=_run_trigger)
    return parser.parse_args(arguments)


def _copy(options: argparse.Namespace) -> None:
    for source in options.sources:
        if source.startswith(_SCHEME) == options.target.startswith(_SCHEME):
            raise GcloudError("cp copies between this machine and gs:// here; name one of each.")
        if source.startswith(_SCHEME):
            _download(source, Path(options.target))
        else:
            _upload(source, options.target, options.recursive)


def _create_bucket(options: argparse.Namespace) -> None:
    _bucket(_split(options.bucket)[0], options.project).create()


def _upload(source: str, target: str, recursive: bool) -> None:
    bucket, prefix = _split(target)
    found = [Path(name) for name in sorted(glob(source))]
    if not found:
        raise GcloudError(f"{source} matches no file.")
    for path in found:
        if path.is_dir() and not recursive:
            raise GcloudError(f"{path} is a folder; add --recursive.")
        for file in _files(path):
            name = f"{prefix}{file.relative_to(path.parent).as_posix()}"
            _bucket(bucket).blob(name).upload_from_filename(file)
            print(f"{file} -> gs://{bucket}/{name}")


def _download(source: str, target: Path) -> None:
    bucket, prefix = _split(source.removesuffix("*"))
    blobs = list(_bucket(bucket).list_blobs(prefix=prefix))
    if not blobs:
        raise GcloudError(f"{source} matches no object.")
    for blob in blobs:
        file = target / blob.name.removeprefix(prefix)
        file.parent.mkdir(parents=True, exist_ok=True)
        blob.download_to_filename(file)
        print(f"gs://{bucket}/{blob.name} -> {file}")


def _bucket(name: str, project: str = "localcloud-project") -> Any:
    from google.cloud import storage

    return storage.Client(project=project).bucket(name)


def _split(url: str) -> tuple[str, str]:
    """The bucket, and the prefix of what lies in that folder of it."""
    bucket, _, path = url.removeprefix(_SCHEME).partition("/")
    path = path.strip("/")
    return bucket, f"{path}/" if path else ""


def _files(path: Path) -> Iterator[Path]:
    yield from (file for file in sorted(path.rglob("*")) if file.is_file())
    if path.is_file():
        yield path


def _run_trigger(options: argparse.Namespace) -> None:
    pairs = [pair.partition("=") for pair in options.substitutions.split(",") if pair]
    run_trigger(Home.from_environment(), options.name, {name: value for name, _, value in pairs})
    print(f"{options.name} starts when this build has ended")


if __name__ == "__main__":
    sys.exit(main())
