"""The page of an inspection: how much personal data was found where, and never the data."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from mlops.html import write_document, write_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlops.privacy.inspection import Finding
    from mlops.privacy_settings import Inspection


def write_findings_page(
    findings: Sequence[Finding], inspected: Mapping[str, int], settings: Inspection
) -> str:
    """The page as HTML.

    Args:
        findings: what was found, and is not allowed.
        inspected: how many different values of each column were looked at.
        settings: what was looked for.
    """
    columns = len({finding.column for finding in findings})
    if not findings:
        verdict = '<p class="verdict passed">No personal data was found.</p>'
    elif settings.on_finding == "block":
        verdict = f'<p class="verdict failed">Stopped: personal data in {columns} columns.</p>'
    else:
        verdict = f'<p class="verdict failed">Personal data in {columns} columns, as reported.</p>'
    heading = ("column", "info type", "values that hold it", "different values inspected")
    rows = [(each.column, each.info_type, each.count, each.inspected) for each in findings]
    allowed = [(column, ", ".join(names)) for column, names in settings.allowed.items()]
    asked = (
        f"<p>A sample of {settings.sample_rows} rows, for {escape(', '.join(settings.info_types))},"
        f" from {settings.min_likelihood} on.</p>"
    )
    sections = {
        **({"Findings": write_table(heading, rows)} if findings else {}),
        "Inspected": asked + write_table(("column", "different values"), inspected.items()),
        **({"Allowed": write_table(("column", "info types"), allowed)} if allowed else {}),
    }
    return write_document("Personal data", verdict, sections)
