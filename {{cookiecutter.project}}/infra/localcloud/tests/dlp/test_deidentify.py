"""De-identifying texts and tables by Google's own client."""

from datetime import date
from typing import Any

import pytest
from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import DlpServiceClient, Value

from tests.dlp.conftest import PARENT
from tests.vertex import refuses

KEY = {"unwrapped": {"key": b"0123456789abcdef0123456789abcdef"}}
WRAPPED = {
    "kms_wrapped": {
        "wrapped_key": b"any bytes",
        "crypto_key_name": "projects/p/locations/l/keyRings/r/cryptoKeys/k",
    }
}


def text_of(client: DlpServiceClient, text: str, **primitive: Any) -> str:
    """A text in which e-mail addresses and telephone numbers are transformed."""
    names = [{"name": "EMAIL_ADDRESS"}, {"name": "PHONE_NUMBER"}]
    answer = client.deidentify_content(
        request={
            "parent": PARENT,
            "inspect_config": {"info_types": names},
            "deidentify_config": {
                "info_type_transformations": {
                    "transformations": [{"primitive_transformation": primitive}]
                }
            },
            "item": {"value": text},
        }
    )
    return answer.item.value


def table(
    client: DlpServiceClient, columns: dict[str, list[Any]], *fields: Any, **records: Any
) -> list[list[Value]]:
    """The rows of a table in which fields are transformed."""
    rows = [{"values": list(row)} for row in zip(*columns.values(), strict=True)]
    answer = client.deidentify_content(
        request={
            "parent": PARENT,
            "deidentify_config": {
                "record_transformations": {"field_transformations": fields, **records}
            },
            "item": {"table": {"headers": [{"name": name} for name in columns], "rows": rows}},
        }
    )
    return [list(row.values) for row in answer.item.table.rows]


def cells(
    client: DlpServiceClient, columns: dict[str, list[Any]], *fields: Any, **records: Any
) -> list[list[str]]:
    """The rows of a table in which fields are transformed, as texts."""
    rows = table(client, columns, *fields, **records)
    return [[value.string_value for value in row] for row in rows]


def field(name: str, **primitive: Any) -> dict[str, Any]:
    return {"fields": [{"name": name}], "primitive_transformation": primitive}


def texts(*values: str) -> list[dict[str, str]]:
    return [{"string_value": value} for value in values]


@pytest.mark.parametrize(
    ("primitive", "expected"),
    [
        ({"replace_with_info_type_config": {}}, "to [EMAIL_ADDRESS], [PHONE_NUMBER]."),
        ({"redact_config": {}}, "to , ."),
        ({"replace_config": {"new_value": {"string_value": "?"}}}, "to ?, ?."),
        (
            {"character_mask_config": {"masking_character": "#"}},
            "to ########, ##############.",
        ),
        (
            {
                "character_mask_config": {
                    "number_to_mask": 3,
                    "reverse_order": True,
                    "characters_to_ignore": [{"characters_to_skip": "-.@"}],
                }
            },
            "to jo@b.***, (206) 555-0***.",
        ),
    ],
)
def test_findings_in_a_text_are_transformed(
    dlp: DlpServiceClient, primitive: Any, expected: str
) -> None:
    assert text_of(dlp, "to jo@b.org, (206) 555-0123.", **primitive) == expected


def test_what_was_redacted_has_no_findings(grpc_dlp: DlpServiceClient) -> None:
    left = text_of(grpc_dlp, "jo@b.org or (206) 555-0123", replace_with_info_type_config={})
    answer = grpc_dlp.inspect_content(request={"parent": PARENT, "item": {"value": left}})
    assert not answer.result.findings


def test_tokens_are_the_same_for_the_same_value_and_can_be_taken_back(
    dlp: DlpServiceClient,
) -> None:
    config = {"crypto_key": WRAPPED, "surrogate_info_type": {"name": "TOKEN"}}
    primitive = {"crypto_deterministic_config": config}
    first = text_of(dlp, "jo@b.org, al@b.org, jo@b.org", **primitive).split(", ")
    assert first[0] == first[2] != first[1]
    assert first[0].startswith("TOKEN(32):")
    answer = dlp.reidentify_content(
        request={
            "parent": PARENT,
            "inspect_config": {
                "custom_info_types": [{"info_type": {"name": "TOKEN"}, "surrogate_type": {}}]
            },
            "reidentify_config": {
                "info_type_transformations": {
                    "transformations": [{"primitive_transformation": primitive}]
                }
            },
            "item": {"value": f"from {first[1]} to {first[0]}"},
        }
    )
    assert answer.item.value == "from al@b.org to jo@b.org"


def test_fields_of_a_table_are_transformed(dlp: DlpServiceClient) -> None:
    columns = {"id": texts("a", "b", "a"), "age": [{"integer_value": n} for n in (7, 34, 95)]}
    buckets = {"lower_bound": {"integer_value": 10}, "upper_bound": {"integer_value": 90}}
    got = cells(
        dlp,
        columns,
        field("id", crypto_hash_config={"crypto_key": KEY}),
        field("age", fixed_size_bucketing_config={**buckets, "bucket_size": 10}),
    )
    assert [age for _, age in got] == ["-10", "30-40", "90+"]
    assert got[0][0] == got[2][0] != got[1][0]
    assert len(got[0][0]) == 44  # HMAC-SHA256 in base64


def test_values_without_findings_keep_their_type(grpc_dlp: DlpServiceClient) -> None:
    replaced = {"primitive_transformation": {"replace_with_info_type_config": {}}}
    by_info_type = {
        "fields": [{"name": "n"}],
        "info_type_transformations": {"transformations": [replaced]},
    }
    values = [{"integer_value": 7}, {"integer_value": 12065550123}]
    assert table(grpc_dlp, {"n": values}, by_info_type) == [
        [Value(integer_value=7)],
        [Value(string_value="[PHONE_NUMBER]")],
    ]


@pytest.mark.parametrize(
    ("low", "high", "size", "values", "buckets"),
    [
        (10, 89, 10, (9.5, 10, 20, 88, 89, 89.5), "-10 10-20 20-30 80-89 80-89 89+"),
        (0, 9_000_000, 1_000_000, (2_500_000, 9_000_000), "2000000-3000000 8000000-9000000"),
        (0, 1, 0.1, (0.3, 0.7), "0.3-0.4 0.7-0.8"),
    ],
)
def test_numbers_fall_into_buckets_of_one_size(
    grpc_dlp: DlpServiceClient, low: int, high: int, size: float, values: Any, buckets: str
) -> None:
    config = {
        "lower_bound": {"float_value": low},
        "upper_bound": {"integer_value": high},
        "bucket_size": size,
    }
    columns = {"n": [{"float_value": value} for value in values]}
    got = cells(grpc_dlp, columns, field("n", fixed_size_bucketing_config=config))
    assert " ".join(each for (each,) in got) == buckets


def test_numbers_fall_into_buckets_of_ones_own(dlp: DlpServiceClient) -> None:
    buckets = [
        {"max_": {"integer_value": 30}, "replacement_value": {"string_value": "low"}},
        {"min_": {"integer_value": 30}, "max_": {"integer_value": 60}},
    ]
    columns = {"n": texts("-1", "29.5", "30", "60")}
    got = cells(dlp, columns, field("n", bucketing_config={"buckets": buckets}))
    assert [each for (each,) in got] == ["low", "low", "30-60", "60"]


def test_dates_of_one_subject_move_by_the_same_days(grpc_dlp: DlpServiceClient) -> None:
    columns = {
        "id": texts("a", "a", "b", "c"),
        "on": texts("2024-02-28", "2024-03-02 10:00:00", "2024-02-28", "2024-02-28"),
    }
    shift = {
        "lower_bound_days": -30,
        "upper_bound_days": 30,
        "context": {"name": "id"},
        "crypto_key": KEY,
    }
    got = cells(grpc_dlp, columns, field("on", date_shift_config=shift))
    (first, second, *others) = [on for _, on in got]
    assert second.endswith(" 10:00:00")
    apart = date.fromisoformat(second[:10]) - date.fromisoformat(first)
    assert apart.days == 3
    assert {first, *others} != {"2024-02-28"}


@pytest.mark.parametrize(
    ("value", "part", "expected"),
    [
        ({"date_value": {"year": 2024, "month": 2, "day": 29}}, "MONTH", {"integer_value": 2}),
        ({"timestamp_value": "2024-02-29T10:30:00Z"}, "HOUR_OF_DAY", {"integer_value": 10}),
        ({"string_value": "2024-02-29 23:05:00"}, "HOUR_OF_DAY", {"integer_value": 23}),
        ({"time_value": {"hours": 7}}, "HOUR_OF_DAY", {"integer_value": 7}),
        ({"string_value": "2/29/2024"}, "DAY_OF_WEEK", {"day_of_week_value": "THURSDAY"}),
    ],
)
def test_parts_of_times_are_left(
    grpc_dlp: DlpServiceClient, value: Any, part: str, expected: Any
) -> None:
    left = field("v", time_part_config={"part_to_extract": part})
    assert table(grpc_dlp, {"v": [value]}, left) == [[Value(expected)]]


def test_conditions_choose_rows(grpc_dlp: DlpServiceClient) -> None:
    def when(name: str, sign: str, value: Any) -> dict[str, Any]:
        condition = {"field": {"name": name}, "operator": sign, "value": value}
        return {"expressions": {"conditions": {"conditions": [condition]}}}

    columns = {"id": texts("a", "b", "c"), "n": [{"integer_value": n} for n in (1, 2, 3)]}
    masked = field("id", character_mask_config={})
    masked["condition"] = when("n", "GREATER_THAN", {"integer_value": 1})
    suppressed = [{"condition": when("id", "EQUAL_TO", {"string_value": "c"})}]
    assert [row[0] for row in cells(grpc_dlp, columns, masked, record_suppressions=suppressed)] == [
        "a",
        "*",
    ]
    with refuses(InvalidArgument, match="record_suppressions"):
        cells(grpc_dlp, columns, masked, record_suppressions=[{}])
    unset = [{"condition": when("n", "RELATIONAL_OPERATOR_UNSPECIFIED", {"integer_value": 1})}]
    with refuses(InvalidArgument, match="operator"):
        cells(grpc_dlp, {"n": []}, record_suppressions=unset)


@pytest.mark.parametrize(
    ("value", "sign", "other", "holds"),
    [
        ({"integer_value": 2}, "EQUAL_TO", {"string_value": "2"}, True),
        ({"integer_value": 2}, "LESS_THAN", {"float_value": 2.5}, True),
        ({"string_value": "b"}, "GREATER_THAN", {"string_value": "a"}, True),
        ({"string_value": "b"}, "GREATER_THAN", {"integer_value": 1}, False),  # of no order
        ({"boolean_value": True}, "GREATER_THAN", {"integer_value": 0}, False),
        ({"string_value": "b"}, "NOT_EQUAL_TO", {"integer_value": 1}, True),
        (
            {"timestamp_value": "2024-01-01T00:00:00Z"},
            "LESS_THAN",
            {"string_value": "2024-01-01T00:00:00.500Z"},
            True,
        ),
        ({"string_value": "b"}, "EXISTS", {}, True),
        ({}, "EXISTS", {}, False),
    ],
)
def test_conditions_compare_what_has_an_order(
    grpc_dlp: DlpServiceClient, value: Any, sign: str, other: Any, holds: bool
) -> None:
    condition = {"field": {"name": "v"}, "operator": sign, "value": other}
    masked = field("id", character_mask_config={})
    masked["condition"] = {"expressions": {"conditions": {"conditions": [condition]}}}
    ((got, _),) = cells(grpc_dlp, {"id": texts("a"), "v": [value]}, masked)
    assert got == ("*" if holds else "a")


@pytest.mark.parametrize(
    ("primitive", "error", "told"),
    [
        ({}, InvalidArgument, "choose one"),
        ({"crypto_hash_config": {}}, InvalidArgument, "crypto_key"),
        (
            {"crypto_hash_config": {"crypto_key": {"unwrapped": {"key": b"short"}}}},
            InvalidArgument,
            "5 bytes",
        ),
        (
            {"crypto_hash_config": {"crypto_key": {"unwrapped": {"key": b"0" * 16}}}},
            InvalidArgument,
            "32 or 64",
        ),
        (
            {"date_shift_config": {"lower_bound_days": -365_251}},
            InvalidArgument,
            "365250",
        ),
        (
            {"bucketing_config": {"buckets": [{"min_": {"string_value": "a"}}]}},
            MethodNotImplemented,
            "numbers",
        ),
        (
            {"crypto_replace_ffx_fpe_config": {"crypto_key": KEY}},
            MethodNotImplemented,
            "crypto_replace_ffx_fpe_config",
        ),
    ],
)
def test_what_cannot_be_transformed_is_told(
    grpc_dlp: DlpServiceClient, primitive: Any, error: Any, told: str
) -> None:
    with refuses(error, match=told):
        text_of(grpc_dlp, "jo@b.org", **primitive)


@pytest.mark.parametrize(
    ("value", "primitive"),
    [
        ({"date_value": {"year": 2024, "month": 2}}, {"date_shift_config": {}}),
        ({"date_value": {"year": 2024}}, {"time_part_config": {"part_to_extract": "YEAR"}}),
        (
            {"date_value": {"year": 9999, "month": 12, "day": 31}},
            {"date_shift_config": {"lower_bound_days": 1, "upper_bound_days": 1}},
        ),
        ({"string_value": "private"}, {"date_shift_config": {}}),
        ({"string_value": "2024-02-29"}, {"time_part_config": {"part_to_extract": "HOUR_OF_DAY"}}),
        (
            {"string_value": "nan"},
            {
                "fixed_size_bucketing_config": {
                    "lower_bound": {"integer_value": 0},
                    "upper_bound": {"integer_value": 1},
                    "bucket_size": 1,
                }
            },
        ),
        ({"string_value": "private"}, {"replace_with_info_type_config": {}}),
    ],
)
def test_values_that_cannot_be_transformed_are_not_told(
    grpc_dlp: DlpServiceClient, value: Any, primitive: Any
) -> None:
    with pytest.raises(InvalidArgument) as told:
        cells(grpc_dlp, {"v": [value]}, field("v", **primitive))
    assert "private" not in str(told.value)


def test_hashes_take_keys_of_64_bytes(grpc_dlp: DlpServiceClient) -> None:
    hashed = {"crypto_key": {"unwrapped": {"key": b"0" * 64}}}
    assert len(text_of(grpc_dlp, "jo@b.org", crypto_hash_config=hashed)) == 44


def test_errors_of_transformations_cannot_be_passed_over(grpc_dlp: DlpServiceClient) -> None:
    config = {
        "record_transformations": {},
        "transformation_error_handling": {"leave_untransformed": {}},
    }
    with refuses(MethodNotImplemented, match="leave_untransformed"):
        grpc_dlp.deidentify_content(
            request={"parent": PARENT, "deidentify_config": config, "item": {"table": {}}}
        )


def test_many_findings_are_replaced_soon(grpc_dlp: DlpServiceClient) -> None:
    names = [{"name": "EMAIL_ADDRESS"}]
    redacted = {"primitive_transformation": {"redact_config": {}}}
    answer = grpc_dlp.deidentify_content(
        request={
            "parent": PARENT,
            "inspect_config": {"info_types": names},
            "deidentify_config": {"info_type_transformations": {"transformations": [redacted]}},
            "item": {"value": "a@b.co " * 20_000},
        },
        timeout=10,
    )
    assert answer.item.value == " " * 20_000


def test_findings_that_overlap_are_replaced_once(grpc_dlp: DlpServiceClient) -> None:
    names = [{"name": "US_TOLLFREE_PHONE_NUMBER"}, {"name": "PHONE_NUMBER"}]
    replaced = {"primitive_transformation": {"replace_with_info_type_config": {}}}
    answer = grpc_dlp.deidentify_content(
        request={
            "parent": PARENT,
            "inspect_config": {"info_types": names},
            "deidentify_config": {"info_type_transformations": {"transformations": [replaced]}},
            "item": {"value": "call 1-800-555-0199."},
        }
    )
    assert answer.item.value in ("call [PHONE_NUMBER].", "call [US_TOLLFREE_PHONE_NUMBER].")
    (summary,) = answer.overview.transformation_summaries
    assert summary.results[0].count == 1
