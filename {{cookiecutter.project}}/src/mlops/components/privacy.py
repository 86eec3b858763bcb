"""The component that looks for personal data."""

from typing import Any, Dict

from kfp import dsl


@dsl.component(base_image="ml", install_kfp_package=False)
def inspect_data(
    project: str,
    location: str,
    features: Dict[str, Any],
    inspection: Dict[str, Any],
    data: dsl.Input[dsl.Dataset],
    report: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
) -> None:
    """Has DLP inspect a sample of the data; fails when it holds personal data, if that blocks."""
    from google.cloud import dlp_v2, storage

    from mlops.features import Features
    from mlops.privacy.gate import PersonalDataError, check_data
    from mlops.privacy_settings import Inspection

    try:
        findings = check_data(
            dlp_v2.DlpServiceClient(),
            storage.Client(project=project),
            f"projects/{project}/locations/{location}",
            Features.model_validate(features),
            data.uri,
            report.uri,
            Inspection.model_validate(inspection),
        )
    except PersonalDataError as error:
        raise SystemExit(str(error)) from None  # the log ends with the sentence, not a traceback
    report.metadata["findings"] = sum(finding.count for finding in findings)
    page.uri = f"{report.uri}/findings.html"
