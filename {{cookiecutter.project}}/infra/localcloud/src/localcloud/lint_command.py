"""`localcloud lint`: build files and images, before Google Cloud sees them."""

from collections.abc import Iterator
from pathlib import Path

import typer

from localcloud import image_lint

_BUILD_FILES = ("cloudbuild.yaml", "cloudbuild/*.yaml")
_IMAGES = "infra/images/*/Dockerfile"


def lint() -> None:
    """Check the build files and the images of the project in this folder."""
    root = Path()
    files = [path for pattern in _BUILD_FILES for path in sorted(root.glob(pattern))]
    images = [path.parent for path in sorted(root.glob(_IMAGES))]
    if not files and not images:
        typer.echo("There is no cloudbuild.yaml and no infra/images in this folder.", err=True)
        raise typer.Exit(1)
    found = [*_build_mistakes(files), *_local_mistakes(root), *_image_mistakes(images)]
    for line in found:
        typer.echo(line, err=True)
    if found:
        raise typer.Exit(1)
    typer.echo(f"{len(files)} build files and {len(images)} images are in order")


def _build_mistakes(files: list[Path]) -> Iterator[str]:
    from localcloud.cloud_build import lint as build_lint
    from localcloud.cloud_build.build_file import BuildFileError, read_build

    for path in files:
        try:
            build = read_build(path)
        except BuildFileError as error:
            yield str(error)
        else:
            yield from (f"{path}: {mistake}." for mistake in build_lint.mistakes(build))


def _local_mistakes(root: Path) -> Iterator[str]:
    """What could not be played here, if the project says how its builds are."""
    from localcloud.cloud_build.build_file import BuildFileError
    from localcloud.cloud_build.local_builds import FILE, read_local_builds

    if (root / FILE).exists():
        try:
            yield from (f"{FILE}: {mistake}" for mistake in read_local_builds(root).mistakes(root))
        except BuildFileError as error:
            yield str(error)


def _image_mistakes(folders: list[Path]) -> Iterator[str]:
    for folder in folders:
        for mistake in image_lint.mistakes(folder, Path()):
            yield f"{folder / 'Dockerfile'}: {mistake}."
