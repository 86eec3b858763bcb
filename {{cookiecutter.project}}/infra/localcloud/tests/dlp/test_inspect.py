"""Inspecting texts and tables by Google's own client."""

from typing import Any

import pytest
from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import DlpServiceClient, Likelihood

from tests.dlp.conftest import PARENT
from tests.vertex import refuses


def found(client: DlpServiceClient, item: Any, *names: str, **config: Any) -> list[tuple[str, str]]:
    """InfoType and quote of each finding."""
    content = {"value": item} if isinstance(item, str) else item
    info_types = [{"name": name} for name in names]
    answer = client.inspect_content(
        request={
            "parent": PARENT,
            "item": content,
            "inspect_config": {"info_types": info_types, "include_quote": True, **config},
        }
    )
    return [(each.info_type.name, each.quote) for each in answer.result.findings]


def test_the_request_of_googles_lab_finds_one_phone_number(dlp: DlpServiceClient) -> None:
    answer = dlp.inspect_content(
        request={
            "parent": "projects/demo-project",
            "item": {"value": "My phone number is (206) 555-0123."},
            "inspect_config": {
                "info_types": [{"name": "PHONE_NUMBER"}, {"name": "US_TOLLFREE_PHONE_NUMBER"}],
                "min_likelihood": "POSSIBLE",
                "limits": {"max_findings_per_item": 0},
                "include_quote": True,
            },
        }
    )
    (finding,) = answer.result.findings
    assert (finding.info_type.name, finding.quote) == ("PHONE_NUMBER", "(206) 555-0123")
    assert finding.likelihood >= Likelihood.POSSIBLE
    assert (finding.location.byte_range.start, finding.location.byte_range.end) == (19, 33)


@pytest.mark.parametrize(
    ("info_type", "text", "quote"),
    [
        ("US_TOLLFREE_PHONE_NUMBER", "call 1-800-555-0199 now", "1-800-555-0199"),
        ("EMAIL_ADDRESS", "to jo.o'neil+x@mail.example.org.", "neil+x@mail.example.org"),
        ("CREDIT_CARD_NUMBER", "card 4111 1111 1111 1111, thanks", "4111 1111 1111 1111"),
        ("CREDIT_CARD_NUMBER", "card 4111 1111 1111 1112", None),  # its check digit is wrong
        ("IBAN_CODE", "GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 32"),
        ("US_SOCIAL_SECURITY_NUMBER", "ssn 536-90-4399", "536-90-4399"),
        ("US_SOCIAL_SECURITY_NUMBER", "ssn 666-90-4399", None),  # never given out
        ("IP_ADDRESS", "from 10.1.2.3 and", "10.1.2.3"),
        ("IP_ADDRESS", "version 10.1.2.300", None),
        ("NETHERLANDS_BSN_NUMBER", "bsn 1112.22.333", "1112.22.333"),
        ("DATE", "on 2024-02-29, a Thursday", "2024-02-29"),
    ],
)
def test_forms_and_check_digits_decide(
    grpc_dlp: DlpServiceClient, info_type: str, text: str, quote: str | None
) -> None:
    assert found(grpc_dlp, text, info_type) == ([(info_type, quote)] if quote else [])


def test_coordinates_and_times_are_no_personal_data(grpc_dlp: DlpServiceClient) -> None:
    for text in ("41.878865585", "-87.625192142", "1379808000", "8a1f0c", "2013-09-22 00:00:00"):
        assert found(grpc_dlp, text) == []


def test_cells_of_a_table_are_named(dlp: DlpServiceClient) -> None:
    rows = [{"values": [{"integer_value": 1}, {"string_value": text}]} for text in ("x", "a@b.org")]
    table = {"headers": [{"name": "n"}, {"name": "note"}], "rows": rows}
    answer = dlp.inspect_content(request={"parent": PARENT, "item": {"table": table}})
    (finding,) = answer.result.findings
    (place,) = finding.location.content_locations
    assert place.record_location.field_id.name == "note"
    assert place.record_location.table_location.row_index == 1
    assert not finding.quote  # none was asked for


def test_likelihoods_and_limits_hold(grpc_dlp: DlpServiceClient) -> None:
    text = "2065550123, (206) 555-0124 and +1 206 555 0125; a@b.org"
    names = ("PHONE_NUMBER", "EMAIL_ADDRESS")
    assert len(found(grpc_dlp, text, *names)) == 4
    assert len(found(grpc_dlp, text, "PHONE_NUMBER", min_likelihood="LIKELY")) == 2
    assert len(found(grpc_dlp, text, "PHONE_NUMBER", min_likelihood="VERY_LIKELY")) == 1
    one_phone = [{"info_type": {"name": "PHONE_NUMBER"}, "max_findings": 1}]
    limited = found(grpc_dlp, text, *names, limits={"max_findings_per_info_type": one_phone})
    assert [name for name, _ in limited] == ["PHONE_NUMBER", "EMAIL_ADDRESS"]
    request = {
        "parent": PARENT,
        "item": {"value": text},
        "inspect_config": {"limits": {"max_findings_per_request": 2}},
    }
    result = grpc_dlp.inspect_content(request=request).result
    assert (len(result.findings), result.findings_truncated) == (2, True)


def test_info_types_of_ones_own(grpc_dlp: DlpServiceClient) -> None:
    words = {"info_type": {"name": "PROJECT"}, "dictionary": {"word_list": {"words": ["Blue Sky"]}}}
    badge = {"info_type": {"name": "BADGE"}, "regex": {"pattern": r"B-(\d+)", "group_indexes": [1]}}
    text = "B-17 works on blue sky, not on blue skylines"
    assert found(grpc_dlp, text, custom_info_types=[words, badge]) == [
        ("BADGE", "17"),
        ("PROJECT", "blue sky"),
    ]


def test_rules_exclude_and_adjust(grpc_dlp: DlpServiceClient) -> None:
    ours = {"exclusion_rule": {"regex": {"pattern": r".+@ours\.org"}, "matching_type": 1}}
    hotword = {
        "hotword_rule": {
            "hotword_regex": {"pattern": "fax"},
            "proximity": {"window_before": 10},
            "likelihood_adjustment": {"fixed_likelihood": "UNLIKELY"},
        }
    }
    rules = [
        {"info_types": [{"name": "EMAIL_ADDRESS"}], "rules": [ours]},
        {"info_types": [{"name": "PHONE_NUMBER"}], "rules": [hotword]},
    ]
    text = "me@ours.org you@theirs.org fax (206) 555-0123 or phone (206) 555-0124"
    assert found(grpc_dlp, text, "EMAIL_ADDRESS", "PHONE_NUMBER", rule_set=rules) == [
        ("EMAIL_ADDRESS", "you@theirs.org"),
        ("PHONE_NUMBER", "(206) 555-0124"),
    ]


@pytest.mark.parametrize(
    ("item", "config", "error", "told"),
    [
        ({}, {}, InvalidArgument, "empty"),
        ({"value": "x" * 600_000}, {}, InvalidArgument, "524288"),
        ({"value": "x"}, {"info_types": [{"name": "PERSON_NAME"}]}, MethodNotImplemented, "PERSON"),
        (
            {"value": "x"},
            {"custom_info_types": [{"info_type": {"name": "A"}, "regex": {"pattern": "("}}]},
            InvalidArgument,
            "regex",
        ),
        ({"byte_item": {"type_": "IMAGE_PNG", "data": b"x"}}, {}, MethodNotImplemented, "IMAGE"),
        (
            {"table": {"headers": [{"name": "a"}], "rows": [{"values": []}]}},
            {},
            InvalidArgument,
            "header",
        ),
    ],
)
def test_what_cannot_be_inspected_is_told(
    grpc_dlp: DlpServiceClient, item: Any, config: Any, error: Any, told: str
) -> None:
    with refuses(error, match=told):
        grpc_dlp.inspect_content(request={"parent": PARENT, "item": item, "inspect_config": config})


def test_what_is_found_is_listed(dlp: DlpServiceClient) -> None:
    names = {each.name for each in dlp.list_info_types(parent="locations/global").info_types}
    assert {"PHONE_NUMBER", "US_TOLLFREE_PHONE_NUMBER", "IBAN_CODE"} <= names
