"""The gate before training: no personal data in what leaves BigQuery, unless it is allowed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from mlops.privacy.inspection import Finding, inspect
from mlops.privacy.page import write_findings_page
from mlops.privacy.sample import read_values
from mlops.uris import split_uri

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.cloud import dlp_v2, storage

    from mlops.features import Features
    from mlops.privacy_settings import Inspection


class PersonalDataError(ValueError):
    """An extract holds personal data."""

    def __init__(self, findings: Sequence[Finding], page: str) -> None:
        seen = ", ".join(
            f"{each.column} ({each.count} of {each.inspected} values look like {each.info_type})"
            for each in findings
        )
        super().__init__(
            f"Personal data in {seen}: take it out of the table, hide it by `mlops privacy"
            " deidentify`, or allow it by privacy.inspection.allowed in config/. Page: " + page
        )


def check_data(
    dlp: dlp_v2.DlpServiceClient,
    files: storage.Client,
    parent: str,
    features: Features,
    data: str,
    report: str,
    settings: Inspection,
) -> list[Finding]:
    """Inspects a sample of an extract, and reports counts by column and type.

    Args:
        dlp: inspects the values.
        files: reads the extract, and writes the report.
        parent: `projects/PROJECT/locations/LOCATION`.
        features: the declaration of the data.
        data: URI of the extract.
        report: URI of a folder; gets `findings.json` and the page `findings.html`.
        settings: what to look for, and whether it is an error.

    Raises:
        PersonalDataError: something was found, and that blocks; the report is written before.
    """
    values = read_values(files, features, data, settings.sample_rows)
    findings = inspect(dlp, parent, values, settings)
    page = f"{report}/findings.html"
    counts = {name: len(found) for name, found in values.items()}
    for uri, content, kind in (
        (page, write_findings_page(findings, counts, settings), "text/html"),
        (
            f"{report}/findings.json",
            json.dumps([asdict(finding) for finding in findings], indent=2),
            "application/json",
        ),
    ):
        bucket, name = split_uri(uri)
        files.bucket(bucket).blob(name).upload_from_string(content, content_type=kind)
    if findings and settings.on_finding == "block":
        raise PersonalDataError(findings, page)
    return findings
