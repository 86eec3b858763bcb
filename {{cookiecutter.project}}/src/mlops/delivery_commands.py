"""The commands of `mlops pipelines` by which Cloud Build delivers what was compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlops.options import Environment, EnvironmentOption

app = typer.Typer()

ReleaseOption = Annotated[
    str | None,
    typer.Option(help="Folder of a release, or gs:// one: digests, and what was compiled."),
]
FolderOption = Annotated[Path, typer.Option(help="Folder of the release.")]
RepositoryOption = Annotated[
    str, typer.Option(help="Such as https://europe-west4-kfp.pkg.dev/PROJECT/pipelines.")
]


@app.command()
def upload(release: FolderOption, repository: RepositoryOption, commit: str) -> None:
    """Upload a release's compiled pipelines to Artifact Registry, and note their versions."""
    from mlops.pipelines.releases import Release
    from mlops.pipelines.repository import upload_pipelines

    for line in upload_pipelines(Release(release), repository, commit):
        typer.echo(line)


@app.command()
def download(
    release: FolderOption,
    repository: RepositoryOption,
    keep: Annotated[
        str | None, typer.Option(help="Folder gs://BUCKET/NAME, in which jobs find the release.")
    ] = None,
    environment: EnvironmentOption = Environment.LOCAL,
) -> None:
    """Fetch the compiled pipelines of an environment, by the versions that a release notes."""
    from mlops.pipelines.releases import Release
    from mlops.pipelines.repository import download_pipelines

    made = Release(release)
    for line in download_pipelines(made, repository, environment):
        typer.echo(line)
    if keep:
        made.keep(keep, environment)
