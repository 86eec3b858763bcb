"""`docker` of a build step: an image is the environment that localcloud runs it in.

It knows build, tag, push and inspect. A digest is that of all that decides what the image does;
pushing makes its name known to this localcloud, and nothing leaves the machine.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from google.api_core.exceptions import GoogleAPICallError

from localcloud.cloud_build.state import BuildsFolder
from localcloud.home import Home
from localcloud.images import Images
from localcloud.virtual_environment import default_folder

_DIGEST = "{{index .RepoDigests 0}}"


class DockerError(Exception):
    """What docker would not do either, or what is not known here."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command of docker; its exit code."""
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    try:
        options.run(options, BuildsFolder(Home.from_environment()))
    except (DockerError, GoogleAPICallError) as error:
        print(f"docker (stand-in): {error}", file=sys.stderr)
        return 1
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("docker (stand-in)", allow_abbrev=False)
    commands = parser.add_subparsers(required=True, metavar="build|tag|push|inspect")
    build = commands.add_parser("build")
    build.add_argument("--file", type=Path, required=True)
    build.add_argument("--tag", required=True)
    for ignored in ("--build-arg", "--cache-from", "--label", "--platform", "--progress"):
        build.add_argument(ignored, action="append")
    build.add_argument("context", type=Path)
    build.set_defaults(run=_build)
    tag = commands.add_parser("tag")
    tag.add_argument("reference")
    tag.add_argument("other")
    tag.set_defaults(run=_tag)
    push = commands.add_parser("push")
    push.add_argument("reference")
    push.set_defaults(run=_push)
    inspect = commands.add_parser("inspect")
    inspect.add_argument("--format", required=True, choices=[_DIGEST])
    inspect.add_argument("reference")
    inspect.set_defaults(run=_inspect)
    return parser.parse_args(arguments)


def _build(options: argparse.Namespace, folder: BuildsFolder) -> None:
    image_folder = options.file.absolute().parent
    images = Images(
        image_folder.parent,
        options.context.absolute(),
        default_folder(),
        report=lambda line: print(line, flush=True),
    )
    image = images.resolve(image_folder.name)
    print(f"{options.tag} is the environment {image.python.parent.parent}; no container is built")
    _keep(folder, options.tag, f"sha256:{image.digest}")


def _tag(options: argparse.Namespace, folder: BuildsFolder) -> None:
    _keep(folder, options.other, _digest(folder, options.reference))


def _push(options: argparse.Namespace, folder: BuildsFolder) -> None:
    digest = _digest(folder, options.reference)
    pushed = {**(folder.read("pushed") or {}), options.reference: digest}
    folder.write("pushed", pushed)
    print(f"{options.reference} is known to this localcloud as {digest}")


def _inspect(options: argparse.Namespace, folder: BuildsFolder) -> None:
    digest = (folder.read("pushed") or {}).get(options.reference)
    if digest is None:
        raise DockerError(f"{options.reference} was not pushed, so it has no digest.")
    print(f"{_repository(options.reference)}@{digest}")


def _keep(folder: BuildsFolder, reference: str, digest: str) -> None:
    folder.write("images", {**(folder.read("images") or {}), reference: digest})


def _digest(folder: BuildsFolder, reference: str) -> str:
    digest = (folder.read("images") or {}).get(reference)
    if digest is None:
        raise DockerError(f"{reference} was not built here.")
    return str(digest)


def _repository(reference: str) -> str:
    path, slash, name = reference.rpartition("/")
    return f"{path}{slash}{name.partition(':')[0]}"


if __name__ == "__main__":
    sys.exit(main())
