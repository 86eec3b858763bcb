"""Inspect the values of columns by DLP; values are sent there, and only counts come back."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops.privacy.portions import BYTES_A_VALUE, THREADS, patience, portions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from google.cloud import dlp_v2

    from mlops.privacy_settings import Inspection

# what DLP takes at once is 524,288 bytes and 50,000 values
_LARGEST = 400_000
_MOST_VALUES = 20_000


@dataclass(frozen=True, order=True)
class Finding:
    """Personal data in a column.

    Attributes:
        column: its name.
        info_type: DLP's name of what was found.
        count: how many different values hold it.
        inspected: how many different values there were.
    """

    column: str
    info_type: str
    count: int
    inspected: int


def inspect(
    client: dlp_v2.DlpServiceClient,
    parent: str,
    values: Mapping[str, Sequence[str]],
    settings: Inspection,
) -> list[Finding]:
    """Which columns hold personal data that is not allowed there.

    Args:
        client: of DLP.
        parent: `projects/PROJECT/locations/LOCATION`.
        values: different values of each column.
        settings: what to look for.

    Raises:
        google.api_core.exceptions.GoogleAPIError: DLP refused the request, and says why.
    """
    config = inspect_config(settings)

    ask = patience()(client.inspect_content)

    def count_part(column: str, part: Sequence[str]) -> Counter[str]:
        """How many of some values hold each info type; asks about halves if DLP told not all."""
        table = {
            "headers": [{"name": column}],
            "rows": [{"values": [{"string_value": value}]} for value in part],
        }
        request = {"parent": parent, "inspect_config": config, "item": {"table": table}}
        result = ask(request=request).result
        if result.findings_truncated and len(part) > 1:
            half = len(part) // 2
            return count_part(column, part[:half]) + count_part(column, part[half:])
        return _count(result)

    def count(column: str) -> Counter[str]:
        """How many values of a column hold each info type."""
        counts: Counter[str] = Counter()
        for part in portions(values[column], _size, _LARGEST, _MOST_VALUES):
            counts += count_part(column, part)
        return counts

    with ThreadPoolExecutor(THREADS) as pool:
        found = dict(zip(values, pool.map(count, values), strict=True))
    return sorted(
        Finding(column, info_type, count, len(values[column]))
        for column, counts in found.items()
        for info_type, count in counts.items()
        if info_type not in settings.allowed.get(column, ())
    )


def inspect_config(settings: Inspection) -> dict[str, Any]:
    """What to look for, as DLP is told; what is found is not repeated."""
    return {
        "info_types": [{"name": name} for name in settings.info_types],
        "min_likelihood": settings.min_likelihood,
        "include_quote": False,
    }


def _count(result: dlp_v2.InspectResult) -> Counter[str]:
    """How many rows hold each info type; a value may hold one several times."""
    rows = {
        (finding.info_type.name, place.record_location.table_location.row_index)
        for finding in result.findings
        for place in finding.location.content_locations
    }
    return Counter(name for name, _ in rows)


def _size(value: str) -> int:
    return len(value.encode()) + BYTES_A_VALUE
