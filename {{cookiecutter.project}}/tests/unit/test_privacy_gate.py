"""The gate against personal data: what is sent to DLP, and what is said of what comes back."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from google.api_core.exceptions import ResourceExhausted
from google.cloud.dlp_v2 import InspectContentResponse

from mlops.features import Features
from mlops.privacy.gate import PersonalDataError, check_data
from mlops.privacy.inspection import Finding, inspect
from mlops.privacy.sample import read_values
from mlops.privacy_settings import Inspection, Privacy
from mlops.settings import SettingsError, load_features, load_settings

PHONE = "(206) 555-0123"


class Dlp:
    """Stands where DLP's client would; finds each cell with a bracket to be a telephone number.

    It tells `most` findings of a request at most, and refuses the first `refused` requests.
    """

    def __init__(self, most: int = 3000, refused: int = 0) -> None:
        self.tables: list[Any] = []
        self.most = most
        self.refused = refused

    def inspect_content(self, request: Any) -> InspectContentResponse:
        if self.refused:
            self.refused -= 1
            raise ResourceExhausted("Quota exceeded")
        table = request["item"]["table"]
        self.tables.append(table)
        cells = [row["values"][0]["string_value"] for row in table["rows"]]
        found = [
            {
                "info_type": {"name": "PHONE_NUMBER"},
                "location": {
                    "content_locations": [
                        {"record_location": {"table_location": {"row_index": index}}}
                    ]
                },
            }
            for index, cell in enumerate(cells)
            for _ in range(cell.count("("))
        ]
        told, is_truncated = found[: self.most], len(found) > self.most
        return InspectContentResponse(result={"findings": told, "findings_truncated": is_truncated})


class Bucket:
    """Files in memory, read and written as those of Cloud Storage."""

    def __init__(self, **files: bytes) -> None:
        self.files = files

    def list_blobs(self, _: str, prefix: str) -> list[Any]:
        return [self.blob(name) for name in sorted(self.files) if name.startswith(prefix)]

    def bucket(self, _: str) -> Bucket:
        return self

    def blob(self, name: str) -> Any:
        content = self.files.get(name, b"")
        return SimpleNamespace(
            name=name,
            size=len(content),
            open=lambda *_, **__: io.BytesIO(content),
            upload_from_string=lambda text, content_type: self.files.__setitem__(
                name, text.encode()
            ),
        )


@pytest.fixture
def features(config: Path) -> Features:
    return load_features(config)


def parquet(**columns: list[Any]) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


@pytest.fixture
def files() -> Bucket:
    part = parquet(
        company=["Taxi", f"Taxi {PHONE}", "Taxi", None],
        trip_miles=[1.5, 2.5, 3.5, 4.5],
        pickup_community_area=[1, 2, 1, 2],
        unknown=[PHONE] * 4,
    )
    return Bucket(**{"x/train/0.parquet": part, "x/eval/0.parquet": part, "x/train/1.txt": b"x"})


def check(files: Bucket, features: Features, **settings: Any) -> list[Finding]:
    inspection = Inspection(**settings)
    return check_data(
        Dlp(), files, "projects/p/locations/l", features, "gs://b/x", "gs://b/r", inspection
    )


def test_different_values_of_what_can_be_personal_are_read(
    files: Bucket, features: Features
) -> None:
    assert read_values(files, features, "gs://b/x", 8) == {
        "pickup_community_area": ["1", "2"],
        "company": ["Taxi", f"Taxi {PHONE}"],
    }


def test_findings_are_counted_by_values_and_never_shown(files: Bucket, features: Features) -> None:
    with pytest.raises(PersonalDataError, match="company") as error:
        check(files, features)
    told = str(error.value)
    assert "company (1 of 2 values look like PHONE_NUMBER)" in told
    reports = files.files["r/findings.html"].decode() + files.files["r/findings.json"].decode()
    assert "PHONE_NUMBER" in reports
    assert PHONE not in told + reports


def test_findings_can_be_reported_or_allowed(files: Bucket, features: Features) -> None:
    assert check(files, features, on_finding="report") == [Finding("company", "PHONE_NUMBER", 1, 2)]
    assert check(files, features, allowed={"company": ["PHONE_NUMBER"]}) == []
    assert b"No personal data" in files.files["r/findings.html"]
    other = {"payment_type": ["PHONE_NUMBER"]}
    assert check(files, features, allowed=other, on_finding="report")


def test_a_value_counts_once_and_large_columns_are_sent_in_parts() -> None:
    dlp = Dlp()
    values = [f"{PHONE} {PHONE} {place} {'x' * 1000}" for place in range(1000)]
    assert inspect(dlp, "p", {"note": values}, Inspection()) == [
        Finding("note", "PHONE_NUMBER", 1000, 1000)
    ]
    sizes = [sum(len(row["values"][0]["string_value"]) for row in t["rows"]) for t in dlp.tables]
    assert len(sizes) == 3
    assert max(sizes) < 524_288
    assert [row["values"][0]["string_value"] for t in dlp.tables for row in t["rows"]] == values


def test_values_are_counted_of_which_dlp_does_not_tell_all_at_once() -> None:
    dlp = Dlp(most=10)
    values = [f"{PHONE} {place}" for place in range(95)]
    assert inspect(dlp, "p", {"note": values}, Inspection()) == [
        Finding("note", "PHONE_NUMBER", 95, 95)
    ]


def test_a_quota_that_is_used_up_is_waited_for() -> None:
    dlp = Dlp(refused=2)
    assert inspect(dlp, "p", {"note": [PHONE]}, Inspection())
    assert dlp.refused == 0


@pytest.mark.parametrize(
    ("privacy", "told"),
    [
        ({"inspection": {"allowed": {"nothing": ["EMAIL_ADDRESS"]}}}, "no column"),
        ({"inspection": {"allowed": {"company": ["PERSON_NAME"]}}}, "does not look for"),
        ({"inspection": {"info_types": ["email"]}}, "info_types"),
        ({"inspection": {"min_likelihood": "SURE"}}, "min_likelihood"),
    ],
)
def test_mistakes_in_config_are_told(
    config: Path, tmp_path: Path, privacy: dict[str, Any], told: str
) -> None:
    with pytest.raises(SettingsError, match=told):
        load_privacy(config, tmp_path, privacy)


def test_an_identifier_may_look_like_personal_data(config: Path, tmp_path: Path) -> None:
    allowed = {"unique_key": ("PHONE_NUMBER",)}  # which stays in a table that is hidden
    privacy = load_privacy(config, tmp_path, {"inspection": {"allowed": allowed}})
    assert privacy.inspection.allowed == allowed


def load_privacy(config: Path, folder: Path, privacy: dict[str, Any]) -> Privacy:
    """The settings with that `privacy:`, written to a folder."""
    for path in config.glob("*.yaml"):
        (folder / path.name).write_text(path.read_text())
    local = yaml.safe_load((config / "local.yaml").read_text())
    (folder / "local.yaml").write_text(json.dumps({**local, "privacy": privacy}))
    return load_settings("local", folder).privacy
