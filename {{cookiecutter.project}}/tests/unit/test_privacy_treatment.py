"""How columns are hidden, and what is said of rows that look alike."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, InvalidArgument, NotFound
from google.cloud.bigquery import SchemaField
from google.cloud.dlp_v2 import DeidentifyContentResponse, DlpJob, InspectContentResponse
from pydantic import ValidationError

from mlops.features import Column, Features, Treatment
from mlops.privacy.deidentification import (
    DeidentificationError,
    deidentify,
    deidentify_config,
    subject_of,
)
from mlops.privacy.erasure import erase
from mlops.privacy.k_anonymity import Risk, RiskError, describe, measure, summarise
from mlops.privacy.portions import THREADS, ask_in_order, portions
from mlops.privacy.subject_rows import ErasureError, Rows, delete_rows
from mlops.privacy_settings import KAnonymity, Key, Privacy
from mlops.settings import load_features, load_settings

KEY = Key(kms_key="projects/p/locations/l/keyRings/r/cryptoKeys/k", wrapped_key="bG9jYWxjbG91ZA==")


@pytest.fixture
def features(config: Path) -> Features:
    return load_features(config)


def test_each_treatment_becomes_a_transformation_of_dlp(features: Features) -> None:
    treated = {
        "a": Treatment.TOKEN,
        "b": Treatment.MASK,
        "c": Treatment.REDACT,
        "d": Treatment.DATE_SHIFT,
        "e": Treatment.DROP,
    }
    privacy = Privacy(key=KEY, shift_days=7, subject="person")
    config = deidentify_config(features, treated, privacy)["record_transformations"]
    found = {each["fields"][0]["name"]: each for each in config["field_transformations"]}
    assert set(found) == {"a", "b", "c", "d"}
    token = found["a"]["primitive_transformation"]["crypto_deterministic_config"]
    assert token["crypto_key"]["kms_wrapped"]["wrapped_key"] == b"localcloud"
    shift = found["d"]["primitive_transformation"]["date_shift_config"]
    assert (shift["lower_bound_days"], shift["upper_bound_days"]) == (-7, 7)
    assert shift["context"] == {"name": "person"}
    (redacted,) = found["c"]["info_type_transformations"]["transformations"]
    assert "replace_with_info_type_config" in redacted["primitive_transformation"]


def test_the_identifier_tells_whose_row_it_is_unless_another_column_does(
    features: Features,
) -> None:
    assert subject_of(features, Privacy()) == features.identifier.name
    assert subject_of(features, Privacy(subject="person")) == "person"


@pytest.mark.parametrize(
    ("target", "privacy", "told"),
    [
        ("p.d", Privacy(key=KEY), "PROJECT.DATASET.TABLE"),
        ("", Privacy(key=KEY), "source itself"),
        ("p.d.t", Privacy(), "privacy.key"),
    ],
)
def test_mistakes_are_told_before_anything_is_read(
    features: Features, target: str, privacy: Privacy, told: str
) -> None:
    nothing: Any = SimpleNamespace()
    with pytest.raises(DeidentificationError, match=re.escape(told)):
        list(deidentify(nothing, nothing, "p", features, privacy, target or features.table))


class Tables:
    """Stands where BigQuery's client would, with one table of one row; keeps what is loaded."""

    def __init__(self, **row: Any) -> None:
        self.row = row
        self.rows = [row]
        self.loaded: dict[str, Any] = {}

    def get_dataset(self, name: str) -> None:
        if name != "p.d":
            raise NotFound(name)

    def get_table(self, _: str) -> Any:
        schema = [SchemaField(name, "STRING") for name in self.row]
        return SimpleNamespace(schema=schema, num_rows=len(self.rows))

    def list_rows(self, _: Any) -> list[dict[str, Any]]:
        return self.rows

    def load_table_from_file(self, file: Any, *_: Any, rewind: bool, **__: Any) -> Any:
        if rewind:
            file.seek(0)
        self.loaded, *_ = [json.loads(line) for line in file]
        return SimpleNamespace(result=lambda: None)


class Dlp:
    """Stands where DLP's client would: hides nothing, and finds the texts with a bracket."""

    def deidentify_content(self, request: Any) -> DeidentifyContentResponse:
        if not request["deidentify_config"]["record_transformations"]["field_transformations"]:
            raise InvalidArgument("there is nothing to do")
        return DeidentifyContentResponse(item=request["item"])

    def inspect_content(self, request: Any) -> InspectContentResponse:
        cells = [row["values"][0]["string_value"] for row in request["item"]["table"]["rows"]]
        place = {"content_locations": [{"record_location": {"table_location": {}}}]}
        finding = {"info_type": {"name": "PHONE_NUMBER"}, "location": place}
        return InspectContentResponse(result={"findings": [finding for c in cells if "(" in c]})


@pytest.fixture
def people() -> Features:
    columns = [
        {"name": "key", "type": "STRING", "role": "identifier", "privacy": "redact"},
        {"name": "x", "type": "FLOAT", "role": "numeric"},
        {"name": "y", "type": "FLOAT", "role": "label"},
    ]
    return Features.model_validate({"problem": "regression", "table": "a.b.c", "columns": columns})


def hide(people: Features, tables: Any, target: str = "p.d.t", **privacy: Any) -> str:
    dlp: Any = Dlp()
    return "\n".join(deidentify(tables, dlp, "p", people, Privacy(**privacy), target))


def test_values_of_every_type_are_written_as_bigquery_reads_them(people: Features) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5)
    row = {
        "key": "k",
        "zone": moment.replace(tzinfo=timezone(timedelta(hours=1))),
        "none": moment,
        "day": moment.date(),
        "amount": Decimal("1.50"),
        "raw": b"\x00",
        "many": ["a", "b"],
        "record": {"at": moment, "name": None},
    }
    tables = Tables(**row)
    assert "1 rows in p.d.t" in hide(people, tables)
    assert tables.loaded == {
        "key": "k",
        "zone": "2026-01-02T02:04:05+00:00",
        "none": "2026-01-02T03:04:05",
        "day": "2026-01-02",
        "amount": "1.50",
        "raw": "AA==",
        "many": ["a", "b"],
        "record": {"at": "2026-01-02T03:04:05", "name": None},
    }


@pytest.mark.parametrize("value", ["(206)", ["a", "(206)"], {"phones": [{"home": "(206)"}]}])
def test_nothing_is_written_while_a_text_holds_personal_data(people: Features, value: Any) -> None:
    tables = Tables(key="k", note=value)
    with pytest.raises(DeidentificationError, match=r"note \(1 PHONE_NUMBER\)") as error:
        hide(people, tables)
    assert "206" not in str(error.value)
    assert tables.loaded == {}


def test_rows_are_sent_in_their_order_and_not_all_held() -> None:
    drawn: list[int] = []

    def draw() -> Iterator[int]:
        for number in range(1000):
            drawn.append(number)
            yield number

    parts = portions(draw(), lambda _: 1, largest=1000, most=10)
    answers = ask_in_order(lambda part: [2 * number for number in part], parts)
    assert next(answers) == list(range(0, 20, 2))
    assert len(drawn) <= 10 * (THREADS + 2)
    assert [number for answer in answers for number in answer] == list(range(20, 2000, 2))


def test_columns_can_be_dropped_and_nothing_else_done(people: Features) -> None:
    key = people.identifier.model_copy(update={"privacy": Treatment.DROP})
    tables = Tables(key="k", note="x")
    hide(people.model_copy(update={"columns": (key, *people.columns[1:])}), tables)
    assert tables.loaded == {"note": "x"}


def test_what_the_table_or_the_project_lacks_is_told_before_a_row_is_read(people: Features) -> None:
    with pytest.raises(DeidentificationError, match="no column key, to which"):
        hide(people, Tables(note="x"))
    when = Column(name="when", type="TIMESTAMP", role="timestamp", privacy="date_shift")
    shifted = people.model_copy(update={"columns": (*people.columns, when)})
    with pytest.raises(DeidentificationError, match="no column person, which tells whose"):
        hide(shifted, Tables(key="k", when=None), key=KEY, subject="person")
    empty = Tables(key="k")
    empty.rows = []
    with pytest.raises(DeidentificationError, match=r"a\.b\.c has no rows: nothing was written"):
        hide(people, empty)
    with pytest.raises(NotFound, match=r"p\.nothing"):
        hide(people, Tables(key="k"), target="p.nothing.t")


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ({"type": "INTEGER", "privacy": "token"}, "STRING"),
        ({"type": "STRING", "privacy": "date_shift"}, "TIMESTAMP"),
        ({"type": "STRING", "privacy": "mask", "sql": "UPPER(x)"}, "derives"),
        ({"type": "STRING", "privacy": "hide"}, "token"),
    ],
)
def test_a_treatment_must_fit_its_column(column: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Column(name="x", role="validated", **column)


def test_nobody_is_erased_without_a_key_to_remember_them_by(config: Path) -> None:
    settings = load_settings("local", config).model_copy(update={"privacy": Privacy()})
    nothing: Any = SimpleNamespace()
    with pytest.raises(ErasureError, match=r"privacy\.key"):
        list(erase(settings, "x", nothing, nothing, nothing, really=True))


class Streaming:
    """Stands where BigQuery's client would, which deletes no row that was streamed just now."""

    def query(self, *_: Any, **__: Any) -> None:
        raise BadRequest("UPDATE or DELETE would affect rows in the streaming buffer: 'somebody'")


def test_rows_that_are_too_new_to_be_deleted_are_told_by_their_table() -> None:
    client: Any = Streaming()
    with pytest.raises(ErasureError, match=r"into p\.d\.t a short while ago") as error:
        delete_rows(client, Rows("p.d.t", "`key` = @subject", 1), "somebody")
    assert "somebody" not in str(error.value)


class SlowJob:
    """Stands where DLP's client would; its job fails after ten minutes of sleep."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.requests = 0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def create_dlp_job(self, **_: Any) -> DlpJob:
        self.requests += 1
        if self.seconds < 600:
            return DlpJob(name="j", state="RUNNING")
        return DlpJob(name="j", state="FAILED", errors=[{"details": {"message": "no column x"}}])

    get_dlp_job = create_dlp_job


def test_a_long_job_takes_few_requests_and_tells_why_it_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client: Any = SlowJob()
    monkeypatch.setattr("time.sleep", client.sleep)
    with pytest.raises(RiskError, match="j is FAILED: no column x"):
        measure(client, "p", "p.d.t", KAnonymity(quasi_identifiers=("x",)))
    assert client.requests < 100


def bucket(low: int, high: int, count: int, *shown: int) -> Any:
    return SimpleNamespace(
        equivalence_class_size_lower_bound=low,
        equivalence_class_size_upper_bound=high,
        bucket_size=count,
        bucket_value_count=count,
        bucket_values=[SimpleNamespace(equivalence_class_size=size) for size in shown],
    )


@pytest.mark.parametrize(
    ("buckets", "risk"),
    [
        ([bucket(1, 1, 1, 1), bucket(8, 15, 3)], Risk(4, 1, 1, 0)),
        ([bucket(4, 7, 3, 4, 5, 7)], Risk(3, 4, 1, 0)),  # DLP shows them all
        ([bucket(4, 7, 30, *[4] * 20)], Risk(30, 4, 20, 10)),  # and here only some
        ([bucket(8, 15, 2)], Risk(2, 8, 0, 0)),
    ],
)
def test_combinations_of_too_few_rows_are_counted(buckets: list[Any], risk: Risk) -> None:
    assert summarise(buckets, 5) == risk
    told = "\n".join(describe(risk, KAnonymity(quasi_identifiers=("sex", "age"), k=5)))
    assert ("is 5-anonymous" in told) == (not risk.below and not risk.perhaps)
    assert ("Not 5-anonymous" in told) == bool(risk.below or risk.perhaps)


def test_a_table_without_rows_is_not_called_anonymous() -> None:
    told = "\n".join(describe(summarise([], 5), KAnonymity(quasi_identifiers=("sex",), k=5)))
    assert told == "The table has no rows with sex: nothing can be told of it."
