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


def of_ones_own(name: str, **kind: Any) -> dict[str, Any]:
    """A custom infoType."""
    return {"info_type": {"name": name}, **kind}


def rules_of_emails(rule: Any) -> dict[str, Any]:
    """A config with one rule."""
    names = [{"name": "EMAIL_ADDRESS"}]
    return {"info_types": names, "rule_set": [{"info_types": names, "rules": [rule]}]}


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
        ("CREDIT_CARD_NUMBER", "4111 1111 1111 1111 12/25", "4111 1111 1111 1111"),
        ("CREDIT_CARD_NUMBER", "order 23 4111-1111-1111-1111", "4111-1111-1111-1111"),
        ("IBAN_CODE", "BE71 0961 2345 6769 EUR", "BE71 0961 2345 6769"),
        ("IBAN_CODE", "GB82 WEST 1234 5698 7654 32", "GB82 WEST 1234 5698 7654 32"),
        ("US_SOCIAL_SECURITY_NUMBER", "ssn 536-90-4399", "536-90-4399"),
        ("US_SOCIAL_SECURITY_NUMBER", "ssn 666-90-4399", None),  # never given out
        ("IP_ADDRESS", "from 10.1.2.3 and", "10.1.2.3"),
        ("IP_ADDRESS", "ip:10.1.2.3:8080", "10.1.2.3"),
        ("IP_ADDRESS", "at fe80::1ff:fe23:4567:890a.", "fe80::1ff:fe23:4567:890a"),
        ("URL", "see https://b.example.com/a?b=c.d, now", "https://b.example.com/a?b=c.d"),
        ("IP_ADDRESS", "version 10.1.2.300", None),
        ("NETHERLANDS_BSN_NUMBER", "bsn 1112.22.333", "1112.22.333"),
        ("DATE", "on 2024-02-29, a Thursday", "2024-02-29"),
        ("DATE", "part 2024-02-30 or 19/39/2024", None),
    ],
)
def test_forms_and_check_digits_decide(
    grpc_dlp: DlpServiceClient, info_type: str, text: str, quote: str | None
) -> None:
    assert found(grpc_dlp, text, info_type) == ([(info_type, quote)] if quote else [])


def test_a_number_behind_many_others_is_found(grpc_dlp: DlpServiceClient) -> None:
    text = "1 2 " * 33_000 + "call (206) 555-0123"
    assert found(grpc_dlp, text, "PHONE_NUMBER") == [("PHONE_NUMBER", "(206) 555-0123")]


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
    request["inspect_config"] = {"limits": {"max_findings_per_info_type": one_phone}}
    assert grpc_dlp.inspect_content(request=request).result.findings_truncated


def test_info_types_of_ones_own(grpc_dlp: DlpServiceClient) -> None:
    words = of_ones_own("PROJECT", dictionary={"word_list": {"words": ["Blue Sky"]}})
    badge = of_ones_own("BADGE", regex={"pattern": r"B-(\d+)", "group_indexes": [1]})
    text = "B-17 works on blue sky, not on blue skylines"
    assert found(grpc_dlp, text, custom_info_types=[words, badge]) == [
        ("BADGE", "17"),
        ("PROJECT", "blue sky"),
    ]


@pytest.mark.parametrize(
    ("word", "text", "quotes"),
    [
        (
            "Sam Johnson",
            "Sam, Johnson; SAM (Johnson) sam johnsons",
            ["Sam, Johnson", "SAM (Johnson"],
        ),
        ("jen", "jen123 jennifer", ["jen"]),
        ("b-17", "B 17, b17, b_171, é-b.17", ["B 17", "b.17"]),
    ],
)
def test_words_stand_between_characters_of_another_kind(
    grpc_dlp: DlpServiceClient, word: str, text: str, quotes: list[str]
) -> None:
    custom = of_ones_own("WORD", dictionary={"word_list": {"words": [word]}})
    assert found(grpc_dlp, text, custom_info_types=[custom]) == [("WORD", each) for each in quotes]


def test_a_built_in_info_type_can_be_extended(grpc_dlp: DlpServiceClient) -> None:
    custom = [of_ones_own("EMAIL_ADDRESS", regex={"pattern": r"\bmail-\d+\b"})]
    text = "mail-7 or jo@b.org"
    names = [quote for _, quote in found(grpc_dlp, text, "EMAIL_ADDRESS", custom_info_types=custom)]
    assert names == ["mail-7", "jo@b.org"]
    assert found(grpc_dlp, text, custom_info_types=custom) == [("EMAIL_ADDRESS", "mail-7")]


def test_expressions_are_those_of_re2(grpc_dlp: DlpServiceClient) -> None:
    def config(pattern: str) -> dict[str, Any]:
        return {"custom_info_types": [of_ones_own("OWN", regex={"pattern": pattern})]}

    assert found(grpc_dlp, "a" * 64 + "!", **config(r"^(a+)+$")) == []  # in no time
    assert found(grpc_dlp, "ßé, 12", **config(r"\pL+")) == [("OWN", "ßé")]
    with refuses(InvalidArgument, match=r"regex.*\(\?="):
        found(grpc_dlp, "text", **config("(?=a)"))


def test_places_count_bytes_and_characters(dlp: DlpServiceClient) -> None:
    item = {"byte_item": {"type_": "TEXT_UTF8", "data": "ü€😀 jo@b.org, ß al@b.org".encode()}}
    answer = dlp.inspect_content(request={"parent": PARENT, "item": item})
    places = [each.location for each in answer.result.findings]
    assert [(each.codepoint_range.start, each.codepoint_range.end) for each in places] == [
        (4, 12),
        (16, 24),
    ]
    assert [(each.byte_range.start, each.byte_range.end) for each in places] == [(10, 18), (23, 31)]


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
    ("kind", "matching", "left"),
    [
        ({"regex": {"pattern": r"\.org$"}}, "FULL", ["jo@ours.org", "al@b.com"]),
        ({"regex": {"pattern": r"\.org$"}}, "PARTIAL", ["al@b.com"]),
        ({"regex": {"pattern": r"\.org$"}}, "INVERSE", ["jo@ours.org"]),
        ({"dictionary": {"word_list": {"words": ["jo@ours", "org"]}}}, "FULL", ["al@b.com"]),
        ({"dictionary": {"word_list": {"words": ["ours", "com"]}}}, "PARTIAL", []),
        ({"dictionary": {"word_list": {"words": ["ours"]}}}, "INVERSE", ["jo@ours.org"]),
        ({"exclude_info_types": {"info_types": [{"name": "LONG"}]}}, "FULL", ["al@b.com"]),
        ({"exclude_info_types": {"info_types": [{"name": "SHORT"}]}}, "FULL", None),
        ({"exclude_info_types": {"info_types": [{"name": "SHORT"}]}}, "PARTIAL", ["al@b.com"]),
        ({"exclude_info_types": {"info_types": [{"name": "SHORT"}]}}, "INVERSE", ["jo@ours.org"]),
    ],
)
def test_exclusions_match_as_they_say(
    grpc_dlp: DlpServiceClient, kind: Any, matching: str, left: list[str] | None
) -> None:
    hidden = [
        of_ones_own(name, regex={"pattern": pattern}, exclusion_type="EXCLUSION_TYPE_EXCLUDE")
        for name, pattern in (("LONG", "to jo@ours.org"), ("SHORT", "ours"))
    ]
    rule = {"exclusion_rule": {**kind, "matching_type": f"MATCHING_TYPE_{matching}_MATCH"}}
    rules = [{"info_types": [{"name": "EMAIL_ADDRESS"}], "rules": [rule]}]
    text = "to jo@ours.org and al@b.com"
    quotes = [
        quote
        for _, quote in found(
            grpc_dlp, text, "EMAIL_ADDRESS", custom_info_types=hidden, rule_set=rules
        )
    ]
    assert quotes == (["jo@ours.org", "al@b.com"] if left is None else left)


def test_hotwords_may_stand_in_the_finding_and_name_its_column(grpc_dlp: DlpServiceClient) -> None:
    def rules(pattern: str, **window: int) -> list[dict[str, Any]]:
        hotword = {
            "hotword_regex": {"pattern": pattern},
            "proximity": window,
            "likelihood_adjustment": {"fixed_likelihood": "VERY_UNLIKELY"},
        }
        names = [{"name": "PHONE_NUMBER"}]
        return [{"info_types": names, "rules": [{"hotword_rule": hotword}]}]

    def quotes(item: Any, rule_set: Any) -> list[str]:
        return [quote for _, quote in found(grpc_dlp, item, "PHONE_NUMBER", rule_set=rule_set)]

    text = "(206) 555-0123, (425) 555-0124"
    assert quotes(text, rules(r"\(206\)")) == ["(425) 555-0124"]
    values = [{"string_value": each} for each in text.split(", ")]
    headers = [{"name": "made-up number"}, {"name": "number"}]
    table = {"table": {"headers": headers, "rows": [{"values": values}]}}
    assert quotes(table, rules("made-up")) == text.split(", ")
    assert quotes(table, rules("made-up", window_before=1)) == ["(425) 555-0124"]
    excluded = {"exclude_by_hotword": {"hotword_regex": {"pattern": "made-up"}}}
    excluded["exclude_by_hotword"]["proximity"] = {"window_before": 1}
    rule_set = [{"info_types": [{"name": "PHONE_NUMBER"}], "rules": [{"exclusion_rule": excluded}]}]
    assert quotes(table, rule_set) == ["(425) 555-0124"]


def test_each_info_type_may_have_its_least_likelihood(grpc_dlp: DlpServiceClient) -> None:
    text = "2065550123, (206) 555-0124, 111222333"
    names = ("PHONE_NUMBER", "NETHERLANDS_BSN_NUMBER")
    least = {"info_type": {"name": "PHONE_NUMBER"}, "min_likelihood": "LIKELY"}
    assert found(grpc_dlp, text, *names, min_likelihood_per_info_type=[least]) == [
        ("PHONE_NUMBER", "(206) 555-0124"),
        ("NETHERLANDS_BSN_NUMBER", "111222333"),
    ]
    assert found(grpc_dlp, text, "PHONE_NUMBER", exclude_info_types=True)[0] == ("", "2065550123")


def test_of_one_item_limits_by_item_are_ignored(grpc_dlp: DlpServiceClient) -> None:
    limits = {"max_findings_per_item": 1}
    assert len(found(grpc_dlp, "jo@b.org al@b.org", limits=limits)) == 2


@pytest.mark.parametrize(
    ("item", "config", "error", "told"),
    [
        ({}, {}, InvalidArgument, "empty"),
        ({"value": "x" * 600_000}, {}, InvalidArgument, "524288"),
        (
            {"value": "x"},
            {"info_types": [{"name": "PERSON_NAME"}]},
            MethodNotImplemented,
            "info_types names PERSON_NAME",
        ),
        (
            {"value": "x"},
            {"custom_info_types": [{"info_type": {"name": "A"}, "regex": {"pattern": "("}}]},
            InvalidArgument,
            "regex",
        ),
        ({"value": "x"}, {"limits": {"max_findings_per_request": -1}}, InvalidArgument, "-1"),
        (
            {"value": "x"},
            {"min_likelihood_per_info_type": [{"min_likelihood": "LIKELY"}]},
            InvalidArgument,
            "min_likelihood_per_info_type",
        ),
        (
            {"value": "x"},
            {
                "custom_info_types": [
                    {"info_type": {"name": "A"}, "dictionary": {"word_list": {"words": ["é-"]}}}
                ]
            },
            InvalidArgument,
            "two letters",
        ),
        (
            {"value": "x"},
            rules_of_emails(
                {
                    "hotword_rule": {
                        "hotword_regex": {"pattern": "a"},
                        "proximity": {"window_before": 1001},
                    }
                }
            ),
            InvalidArgument,
            "1000",
        ),
        ({"value": "x"}, rules_of_emails({}), InvalidArgument, "rule"),
        (
            {"value": "x"},
            rules_of_emails({"adjustment_rule": {}}),
            MethodNotImplemented,
            "adjustment_rule",
        ),
        (
            {"value": "x"},
            rules_of_emails({"exclusion_rule": {"regex": {"pattern": "a"}}}),
            InvalidArgument,
            "matching_type",
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
