"""The commands `mlops privacy`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlops.options import Environment, EnvironmentOption
from mlops.session import connect
from mlops.settings import load_settings

if TYPE_CHECKING:
    from mlops.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Hide, measure and erase personal data.")


@app.command()
def deidentify(
    target: Annotated[str, typer.Argument(help="PROJECT.DATASET.TABLE, which is replaced.")],
    environment: EnvironmentOption = Environment.LOCAL,
) -> None:
    """Write the table to another one, its columns hidden as config/features.yaml says."""
    from google.cloud import bigquery, dlp_v2

    from mlops.privacy.deidentification import deidentify

    settings = load_settings(environment)
    client = bigquery.Client(project=settings.project)
    dlp = dlp_v2.DlpServiceClient()
    for line in deidentify(
        client, dlp, _parent(settings), settings.features, settings.privacy, target
    ):
        typer.echo(line)


@app.command("k-anonymity")
def k_anonymity(environment: EnvironmentOption = Environment.LOCAL) -> None:
    """Count the rows that can be told apart by the quasi-identifiers of config/."""
    from google.cloud import dlp_v2

    from mlops.privacy.k_anonymity import describe, measure

    settings = load_settings(environment)
    asked = settings.privacy.k_anonymity
    risk = measure(dlp_v2.DlpServiceClient(), _parent(settings), settings.features.table, asked)
    for line in describe(risk, asked):
        typer.echo(line)


@app.command()
def erase(
    subject: Annotated[str, typer.Argument(help="What the subject's rows hold in that column.")],
    yes: Annotated[bool, typer.Option("--yes", help="Erase, instead of telling.")] = False,
    environment: EnvironmentOption = Environment.LOCAL,
) -> None:
    """Delete a subject's rows and what was extracted, and mark the models that learned from it."""
    from google.cloud import bigquery, dlp_v2, storage

    from mlops.privacy.erasure import erase

    settings = load_settings(environment)
    connect(settings)
    tables = bigquery.Client(project=settings.project)
    files = storage.Client(project=settings.project)
    for line in erase(settings, subject, tables, files, dlp_v2.DlpServiceClient(), really=yes):
        typer.echo(line)


def _parent(settings: Settings) -> str:
    return f"projects/{settings.project}/locations/{settings.location}"
