"""Checks of the region: Vertex AI answers there, quotas suffice, Cloud Build reaches the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from mlops.doctor.findings import Finding
from mlops.doctor.needs import SERVING_CPUS, TRAINING_CPUS

if TYPE_CHECKING:
    from mlops.settings import Settings

TIMEOUT = 20  # seconds; a region without Vertex AI has no host that could answer


def check_vertex(settings: Settings) -> Iterator[Finding]:
    """Whether Vertex AI serves the region."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.cloud import aiplatform_v1

    host = f"{settings.location}-aiplatform.googleapis.com"
    client = aiplatform_v1.EndpointServiceClient(client_options={"api_endpoint": host})
    parent = f"projects/{settings.project}/locations/{settings.location}"
    try:
        client.list_endpoints(request={"parent": parent, "page_size": 1}, timeout=TIMEOUT)
    except (GoogleAPICallError, RetryError) as error:
        yield Finding(
            f"Vertex AI does not answer in {settings.location}: {getattr(error, 'message', error)}",
            f"set location in config/{settings.environment}.yaml to a region of"
            " https://cloud.google.com/vertex-ai/docs/general/locations, or try again",
        )


def check_quotas(settings: Settings) -> Iterator[Finding]:
    """Whether training and serving, at their largest, stay within the limits of CPUs."""
    from google.cloud import cloudquotas_v1

    parent = f"projects/{settings.project}/locations/global/services/aiplatform.googleapis.com"
    listed = cloudquotas_v1.CloudQuotasClient().list_quota_infos(parent=parent)
    limits = {info.metric: (info.quota_id, _limit(info, settings.location)) for info in listed}
    for metric, needed in needed_cpus(settings).items():
        quota_id, limit = limits.get(metric, ("", None))
        if limit is not None and limit < needed:
            yield Finding(
                f"{needed} CPUs are needed in {settings.location}, and the quota {quota_id}"
                f" allows {limit}",
                "gcloud beta quotas preferences create --service=aiplatform.googleapis.com"
                f" --project={settings.project} --quota-id={quota_id}"
                f" --preferred-value={needed} --dimensions=region={settings.location}",
            )


def check_connections(settings: Settings) -> Iterator[Finding]:
    """Connections of Cloud Build that nobody has authorised; without any, it builds by hand."""
    from google.cloud.devtools import cloudbuild_v2

    parent = f"projects/{settings.project}/locations/{settings.location}"
    complete = cloudbuild_v2.InstallationState.Stage.COMPLETE
    for connection in cloudbuild_v2.RepositoryManagerClient().list_connections(parent=parent):
        state, name = connection.installation_state, connection.name.rpartition("/")[2]
        if state.stage != complete:
            yield Finding(
                f"the connection {name} of Cloud Build is not authorised ({state.stage.name})",
                f"gcloud builds connections describe {name} --region={settings.location}"
                f" --project={settings.project}, and open the address that it prints",
            )


def needed_cpus(settings: Settings) -> dict[str, int]:
    """The CPUs that the settings may use at once, by the metric of their quota."""
    job, tuning = settings.custom_job, settings.tuning
    training = cpus_of(job.machine_type) * (1 + job.worker_count) if job.enabled else 0
    if tuning.is_on:
        trials = min(tuning.max_trial_count, tuning.parallel_trial_count)
        training = max(training, cpus_of(tuning.machine_type) * trials)
    serving = cpus_of(settings.serving.machine_type) * settings.serving.max_replica_count
    # a release has two versions warm
    return {TRAINING_CPUS: training, SERVING_CPUS: 2 * serving}


def cpus_of(machine_type: str) -> int:
    """The CPUs of a machine type such as n1-standard-8; 0 when its name does not tell."""
    match = re.search(r"-(\d+)g?$", machine_type)
    return int(match[1]) if match else 0


def _limit(info: Any, location: str) -> int | None:
    """What a quota allows in a region; None when it sets no limit."""
    values = {}
    for each in info.dimensions_infos:
        values[each.dimensions.get("region", "")] = each.details.value
    limit = values.get(location, values.get(""))
    return None if limit is None or limit < 0 else int(limit)
