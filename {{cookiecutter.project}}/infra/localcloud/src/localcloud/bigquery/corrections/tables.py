"""Tables: their row count, time of change and etag follow their data."""

from bqemulator import server
from bqemulator.api.dependencies import AppContext
from bqemulator.catalog.etag import generate_etag
from bqemulator.domain.events import TableDataChanged
from bqemulator.storage.sql_identifiers import quoted_table_ref
from fastapi import FastAPI


def apply() -> None:
    """Have the server note each change of a table's data."""
    create_app = server.create_app

    def create_app_that_notes_changes(context: AppContext) -> FastAPI:
        context.events.subscribe(TableDataChanged, lambda event: _note(context, event))
        app: FastAPI = create_app(context)
        return app

    server.create_app = create_app_that_notes_changes


def _note(context: AppContext, change: TableDataChanged) -> None:
    reference = change.project_id, change.dataset_id, change.table_id
    known = context.catalog.get_table(*reference)
    if known is None or known.table_type != "TABLE":
        return
    (rows,) = context.engine.execute(
        f"FROM {quoted_table_ref(*reference)} SELECT count(*)"
    ).fetchone()
    now = context.clock.now()
    changes = {
        "num_rows": rows,
        "last_modified_time": now,
        "etag": generate_etag(*reference, "TABLE", str(now)),
    }
    context.catalog.update_table(known.model_copy(update=changes))
