"""EXPORT DATA: to buckets that exist alone, and under names that objects may have."""

from bqemulator.api.dependencies import AppContext
from bqemulator.jobs import executor

from localcloud.bigquery.corrections.sources import storage_path


def apply() -> None:
    """Resolve `gs://` by our rules; bqemulator would make any folder."""
    executor._resolve_uri = _resolve


def _resolve(uri: str, context: AppContext) -> str:
    return str(storage_path(uri, context))
