"""Files: SQL reaches Cloud Storage and uploads alone, not the rest of the machine."""

from pathlib import Path

from bqemulator import server
from bqemulator.api.dependencies import AppContext
from fastapi import FastAPI

from localcloud.bigquery.corrections.columns import literal


def apply() -> None:
    """Have DuckDB refuse other files once it is set up."""
    create_app = server.create_app

    def create_app_in_sandbox(context: AppContext) -> FastAPI:
        _confine(context)
        app: FastAPI = create_app(context)
        return app

    server.create_app = create_app_in_sandbox


def _confine(context: AppContext) -> None:
    settings = context.settings
    folders = (settings.gcs_local_root, settings.upload_staging_dir, settings.data_dir)
    allowed = ", ".join(literal(f"{Path(folder).resolve()}/") for folder in folders)
    context.engine.execute(f"SET allowed_directories = [{allowed}]")
    context.engine.execute("SET GLOBAL TimeZone = 'UTC'")  # for cursors too
    context.engine.execute("SET enable_external_access = false")
    context.engine.execute("SET lock_configuration = true")
