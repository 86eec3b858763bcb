"""CloudQuotas: limits are told and not enforced."""

from google.cloud.cloudquotas_v1 import (
    DimensionsInfo,
    ListQuotaInfosRequest,
    ListQuotaInfosResponse,
    QuotaDetails,
    QuotaInfo,
)

from localcloud.cloud import Cloud
from localcloud.vertex.listing import page

CPUS = 100
_METRICS = {
    "aiplatform.googleapis.com": (
        ("custom_model_serving_cpus", "CustomModelServingCPUsPerProjectPerRegion"),
        ("custom_model_training_cpus", "CustomModelTrainingCPUsPerProjectPerRegion"),
    )
}


def list_quota_infos(_cloud: Cloud, request: ListQuotaInfosRequest) -> ListQuotaInfosResponse:
    """The limits of a service.

    Partly: of Vertex AI, 100 CPUs for training and 100 for serving in each region.
    """
    service = request.parent.rpartition("/")[2]
    found = [
        QuotaInfo(
            name=f"{request.parent}/quotaInfos/{quota}",
            quota_id=quota,
            metric=f"{service}/{metric}",
            service=service,
            is_precise=True,
            dimensions=["region"],
            dimensions_infos=[DimensionsInfo(details=QuotaDetails(value=CPUS))],
        )
        for metric, quota in _METRICS.get(service, ())
    ]
    items, token = page(found, request)
    return ListQuotaInfosResponse(quota_infos=items, next_page_token=token)
