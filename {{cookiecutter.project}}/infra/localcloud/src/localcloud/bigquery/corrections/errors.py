"""Errors: DuckDB's become the client's, with a reason and a message, instead of 500.

Google's clients try again for ten minutes after a 500, so it looks like a client that hangs.
"""

import re
from typing import cast

import duckdb
from bqemulator import server
from bqemulator.api.dependencies import AppContext
from bqemulator.domain.errors import DomainError, NotFoundError
from bqemulator.jobs.error_mapper import translate_runtime_error
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

# bqemulator keeps a dataset as the DuckDB schema PROJECT__DATASET.
_NO_SCHEMA = re.compile(r"Schema with name (?P<project>\S+?)__(?P<dataset>\S+) does not exist")

_create_app = server.create_app


def apply() -> None:
    """Have the application answer DuckDB's errors in BigQuery's terms."""
    server.create_app = _create_app_with_errors


def _create_app_with_errors(context: AppContext) -> FastAPI:
    app: FastAPI = _create_app(context)
    app.add_exception_handler(duckdb.Error, _answer)
    return app


def translate(error: duckdb.Error) -> DomainError:
    """What BigQuery would say."""
    missing = _NO_SCHEMA.search(str(error))
    if missing:
        return NotFoundError(f"Not found: Dataset {missing['project']}:{missing['dataset']}")
    translated: DomainError = translate_runtime_error(error)
    return translated


def _answer(_: Request, error: Exception) -> JSONResponse:
    translated = translate(cast("duckdb.Error", error))
    return JSONResponse(translated.to_bigquery_error(), translated.http_status)
