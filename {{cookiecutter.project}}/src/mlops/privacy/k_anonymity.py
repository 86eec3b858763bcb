"""How many rows of the table look alike: k-anonymity, measured by a risk job of DLP."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlops.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from google.cloud import dlp_v2

    from mlops.privacy_settings import KAnonymity

# between two looks at the job: longer and longer, as they count against DLP's requests a minute
_FIRST_SECONDS = 0.2
_LONGEST_SECONDS = 10.0


class RiskError(UserError):
    """The risk cannot be measured."""


@dataclass(frozen=True)
class Risk:
    """How the combinations of the quasi-identifiers' values are shared.

    Attributes:
        combinations: how many there are.
        smallest: how many rows the rarest one has, at least.
        below: how many are of fewer than k rows.
        perhaps: how many more may be, as DLP counts in ranges of sizes.
    """

    combinations: int
    smallest: int
    below: int
    perhaps: int


def measure(client: dlp_v2.DlpServiceClient, parent: str, table: str, settings: KAnonymity) -> Risk:
    """Runs a risk job on a table.

    Args:
        client: of DLP.
        parent: `projects/PROJECT/locations/LOCATION`.
        table: `PROJECT.DATASET.TABLE`.
        settings: the quasi-identifiers and k.

    Raises:
        RiskError: there are no quasi-identifiers, or the job failed; says why.
    """
    from google.cloud import dlp_v2

    if not settings.quasi_identifiers:
        raise RiskError(
            "privacy.k_anonymity.quasi_identifiers in config/ is empty: name columns by which"
            " somebody could be told apart."
        )
    project, dataset, name = table.split(".")
    quasi_ids = [{"name": column} for column in settings.quasi_identifiers]
    job = client.create_dlp_job(
        parent=parent,
        risk_job={
            "privacy_metric": {"k_anonymity_config": {"quasi_ids": quasi_ids}},
            "source_table": {"project_id": project, "dataset_id": dataset, "table_id": name},
        },
    )
    states = dlp_v2.DlpJob.JobState
    seconds = _FIRST_SECONDS
    while job.state in {states.JOB_STATE_UNSPECIFIED, states.PENDING, states.RUNNING}:
        time.sleep(seconds)
        seconds = min(2 * seconds, _LONGEST_SECONDS)
        job = client.get_dlp_job(name=job.name)
    if job.state != states.DONE:
        reasons = "; ".join(error.details.message for error in job.errors)
        raise RiskError(f"{job.name} is {job.state.name}: {reasons or 'DLP gives no reason.'}")
    found = job.risk_details.k_anonymity_result.equivalence_class_histogram_buckets
    return summarise(found, settings.k)


def summarise(buckets: Iterable[Any], k: int) -> Risk:
    """What DLP's histogram of sizes says of a k."""
    combinations = below = perhaps = 0
    smallest: int | None = None
    for bucket in buckets:
        count = bucket.bucket_value_count or bucket.bucket_size
        lowest = bucket.equivalence_class_size_lower_bound
        combinations += count
        smallest = lowest if smallest is None else min(smallest, lowest)
        if bucket.equivalence_class_size_upper_bound < k:
            below += count
        elif lowest < k:
            sizes = [each.equivalence_class_size for each in bucket.bucket_values]
            below += sum(size < k for size in sizes)
            perhaps += count - len(sizes)
    return Risk(combinations, smallest or 0, below, perhaps)


def describe(risk: Risk, settings: KAnonymity) -> Iterator[str]:
    """What was measured, in counts."""
    columns = ", ".join(settings.quasi_identifiers)
    if not risk.combinations:
        yield f"The table has no rows with {columns}: nothing can be told of it."
        return
    yield f"{risk.combinations} combinations of {columns}; rows of the rarest: {risk.smallest}"
    if not risk.below and not risk.perhaps:
        yield f"The table is {settings.k}-anonymous."
        return
    more = f" (and up to {risk.perhaps} more)" if risk.perhaps else ""
    yield (
        f"Not {settings.k}-anonymous: {risk.below}{more} combinations are of fewer than"
        f" {settings.k} rows; drop one of the columns, or make its values coarser."
    )
