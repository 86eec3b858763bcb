"""Names: a dataset that BigQuery would refuse is refused, so that it is not missed in the cloud."""

from typing import Any

from bqemulator.api.routes import datasets
from bqemulator.catalog.models import DatasetMeta
from bqemulator.domain.ids import validate_dataset_id

_parse = datasets._rest_to_dataset_meta


def apply() -> None:
    """Check the names of datasets that are created."""
    datasets._rest_to_dataset_meta = _parse_checked


def _parse_checked(project: str, body: dict[str, Any], *rest: Any) -> DatasetMeta:
    meta: DatasetMeta = _parse(project, body, *rest)
    validate_dataset_id(meta.dataset_id)
    return meta
