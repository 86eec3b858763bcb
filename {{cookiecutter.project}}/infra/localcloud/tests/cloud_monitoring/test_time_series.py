"""Time series of a project's own metrics: written, selected, aligned and reduced."""

import pytest
from google.api_core.exceptions import InvalidArgument, MethodNotImplemented, NotFound
from google.cloud.monitoring_v3 import Aggregation, ListTimeSeriesRequest

from tests.cloud_monitoring.monitoring_client import (
    CUMULATIVE,
    ONLINE,
    Monitoring,
    at,
    value_of,
)
from tests.vertex import refuses

LOAD = 'metric.type = "custom.googleapis.com/load"'


def test_points_come_newest_first_from_the_interval(monitoring: Monitoring) -> None:
    for seconds, value in ((-90, 1.0), (-60, 2.0), (-30, 3.0), (0, 4.0)):
        monitoring.write("load", value, seconds)
    [series] = monitoring.read(LOAD, (-60, 0))
    assert [value_of(point) for point in series.points] == [4.0, 3.0]
    [series] = monitoring.read(LOAD, (-60, -60))
    assert [value_of(point) for point in series.points] == [2.0]
    assert monitoring.read(LOAD, (-3600, -1800)) == []


def test_a_filter_selects_by_labels(monitoring: Monitoring) -> None:
    for host, zone in (("a1", "x"), ("a2", "x"), ("b1", "y")):
        monitoring.write("load", 1.0, 0, host=host, zone=zone)

    def hosts(condition: str) -> set[str]:
        found = monitoring.read(f"{LOAD} AND {condition}")
        return {series.metric.labels["host"] for series in found}

    assert hosts('metric.labels.host = "a1"') == {"a1"}
    assert hosts('metric.label.host = starts_with("a")') == {"a1", "a2"}
    assert hosts('metric.labels.host != "a1"') == {"a2", "b1"}
    assert hosts('NOT metric.labels."zone" = "x"') == {"b1"}
    assert hosts('(metric.labels.host = "a1" OR metric.labels.zone = "y")') == {"a1", "b1"}
    assert hosts('metric.labels.host = one_of("a2", "b1")') == {"a2", "b1"}
    assert hosts('metric.labels.host = monitoring.regex.full_match("[ab]1")') == {"a1", "b1"}
    assert hosts('resource.type = "generic_task"') == set()


@pytest.mark.parametrize(
    ("filter_", "problem"),
    [
        ('resource.type = "global"', 'restriction on "metric.type"'),
        ('metric.type = starts_with("custom")', 'restriction on "metric.type"'),
        (f"{LOAD} AND metric.labels.a ~ 1", "cannot be read"),
        (f"{LOAD} AND cpu = 1", "names cpu"),
        (f'{LOAD} AND metric.labels.a = near("b")', "calls near"),
        (f'{LOAD} AND metric.labels.a = monitoring.regex.full_match("(")', "regular expression"),
        (f"{LOAD} AND {'(' * 60}", "nested deeper"),
        ("", "filter"),
    ],
)
def test_a_filter_that_cannot_be_used_is_refused(
    monitoring: Monitoring, filter_: str, problem: str
) -> None:
    monitoring.write("load", 1.0, 0)
    with refuses(InvalidArgument, match=problem):
        monitoring.read(filter_)


def test_a_metric_that_nobody_has_written_is_not_found(monitoring: Monitoring) -> None:
    with refuses(NotFound, match="Cannot find metric"):
        monitoring.read(LOAD)
    assert monitoring.read(f'metric.type = "{ONLINE}/response_count"') == []


def test_gauges_are_aligned(monitoring: Monitoring) -> None:
    for seconds, value in ((-110, 1.0), (-90, 2.0), (-70, 6.0), (-10, 5.0)):
        monitoring.write("load", value, seconds)
    expected = {
        "ALIGN_MEAN": 3.0,
        "ALIGN_SUM": 9.0,
        "ALIGN_MIN": 1.0,
        "ALIGN_MAX": 6.0,
        "ALIGN_COUNT": 3,
        "ALIGN_NEXT_OLDER": 6.0,
        "ALIGN_STDDEV": pytest.approx((14 / 3) ** 0.5),
    }
    for aligner, value in expected.items():
        [values] = monitoring.aligned(LOAD, aligner).values()
        assert values[-60] == value, aligner
        assert set(values) == {-60, 0}


def test_truths_are_counted(monitoring: Monitoring) -> None:
    for seconds, value in ((-50, True), (-30, False), (-10, True)):
        monitoring.write("up", value, seconds)
    up = 'metric.type = "custom.googleapis.com/up"'
    assert monitoring.aligned(up, "ALIGN_COUNT_TRUE") == {(): {0: 2}}
    assert monitoring.aligned(up, "ALIGN_FRACTION_TRUE") == {(): {0: pytest.approx(2 / 3)}}


def test_a_counter_is_aligned_to_what_came_in_each_period(monitoring: Monitoring) -> None:
    """It restarts at -80: what came before stays, and it counts from its new start."""
    for seconds, value, start in ((-180, 10, -600), (-120, 16, -600), (-60, 9, -80), (0, 21, -80)):
        monitoring.write("requests", value, seconds, start=start, kind=CUMULATIVE)
    requests = 'metric.type = "custom.googleapis.com/requests"'
    window = {"seconds": (-180, 0)}
    [deltas] = monitoring.aligned(requests, "ALIGN_DELTA", **window).values()
    assert deltas == {-120: 6, -60: 9, 0: 12}
    [rates] = monitoring.aligned(requests, "ALIGN_RATE", **window).values()
    assert rates == {-120: 0.1, -60: 0.15, 0: 0.2}


def test_series_are_reduced_by_the_labels_that_are_kept(monitoring: Monitoring) -> None:
    for host, zone, value in (("a", "x", 1.0), ("b", "x", 2.0), ("c", "y", 6.0)):
        monitoring.write("load", value, -1, host=host, zone=zone)
    zones = ["metric.labels.zone"]
    assert monitoring.aligned(LOAD, "ALIGN_MEAN", "REDUCE_SUM", zones) == {
        ("x",): {0: 3.0},
        ("y",): {0: 6.0},
    }
    for reducer, value in (
        ("REDUCE_MEAN", 3.0),
        ("REDUCE_MAX", 6.0),
        ("REDUCE_COUNT", 3),
        ("REDUCE_PERCENTILE_50", 2.0),
    ):
        assert monitoring.aligned(LOAD, "ALIGN_MEAN", reducer) == {(): {0: value}}, reducer


def test_a_second_aggregation_follows_the_first(monitoring: Monitoring) -> None:
    for host, seconds, value in (("a", -90, 1.0), ("a", -30, 3.0), ("b", -90, 5.0)):
        monitoring.write("load", value, seconds, host=host)
    aggregation = {
        "alignment_period": {"seconds": 60},
        "per_series_aligner": "ALIGN_MEAN",
        "cross_series_reducer": "REDUCE_SUM",
    }
    second = {"alignment_period": {"seconds": 120}, "per_series_aligner": "ALIGN_MAX"}
    [series] = monitoring.read(
        LOAD, (-120, 0), aggregation=aggregation, secondary_aggregation=second
    )
    assert [value_of(point) for point in series.points] == [6.0]


@pytest.mark.parametrize(
    ("aggregation", "problem"),
    [
        ({"per_series_aligner": "ALIGN_RATE", "alignment_period": {"seconds": 60}}, "kind GAUGE"),
        ({"per_series_aligner": "ALIGN_MEAN"}, "alignment_period"),
        ({"per_series_aligner": "ALIGN_MEAN", "alignment_period": {"seconds": 59}}, "60s or more"),
        ({"cross_series_reducer": "REDUCE_SUM"}, "ALIGN_NONE"),
        (
            {
                "per_series_aligner": "ALIGN_MEAN",
                "alignment_period": {"seconds": 60},
                "cross_series_reducer": "REDUCE_FRACTION_TRUE",
            },
            "cannot be applied to values of type DOUBLE",
        ),
        (
            {
                "per_series_aligner": "ALIGN_PERCENTILE_99",
                "alignment_period": {"seconds": 60},
            },
            "value type DOUBLE",
        ),
    ],
)
def test_an_aggregation_that_does_not_suit_is_refused(
    monitoring: Monitoring, aggregation: dict[str, object], problem: str
) -> None:
    monitoring.write("load", 1.0, 0)
    with refuses(InvalidArgument, match=problem):
        monitoring.read(LOAD, aggregation=Aggregation(aggregation))


def test_what_is_not_served_says_so(monitoring: Monitoring) -> None:
    monitoring.write("load", 1.0, 0)
    with refuses(MethodNotImplemented, match="ALIGN_INTERPOLATE"):
        monitoring.aligned(LOAD, "ALIGN_INTERPOLATE")


def test_pages_hold_points_or_series(monitoring: Monitoring) -> None:
    for host in "abc":
        for seconds in (-3, -2, -1):
            monitoring.write("load", 1.0, seconds, host=host)
    request = {
        "name": monitoring.project,
        "filter": LOAD,
        "interval": {"start_time": at(-60), "end_time": at(0)},
    }
    client = monitoring.client
    pages = list(client.list_time_series(request={**request, "page_size": 4}).pages)
    sizes = [[len(each.points) for each in page.time_series] for page in pages]
    assert sizes == [[3, 1], [2, 2], [1]]
    headers = ListTimeSeriesRequest.TimeSeriesView.HEADERS
    pages = list(
        client.list_time_series(request={**request, "page_size": 2, "view": headers}).pages
    )
    assert [[len(each.points) for each in page.time_series] for page in pages] == [[0, 0], [0]]
    token = pages[0].next_page_token
    with refuses(InvalidArgument, match="page_token"):
        client.list_time_series(request={**request, "view": 0, "page_token": token})


def test_an_interval_is_needed_and_goes_forward(monitoring: Monitoring) -> None:
    monitoring.write("load", 1.0, 0)
    with refuses(InvalidArgument, match="interval"):
        monitoring.client.list_time_series(request={"name": monitoring.project, "filter": LOAD})
    with refuses(InvalidArgument, match="later than"):
        monitoring.read(LOAD, (0, -60))


def test_points_that_cannot_be_written_are_refused(monitoring: Monitoring) -> None:
    monitoring.write("load", 1.0, -10)
    for problem, arguments in {
        "written in order": (1.0, -20),
        "metric's type, DOUBLE": (1, 0),
        "in the future": (1.0, 3600),
        "in the past": (1.0, -200_000),
    }.items():
        with refuses(InvalidArgument, match=problem):
            monitoring.write("load", *arguments)
    with refuses(InvalidArgument, match="custom.googleapis.com"):
        series = monitoring.series("load", 1.0, 0)
        series.metric.type = f"{ONLINE}/response_count"
        monitoring.client.create_time_series(name=monitoring.project, time_series=[series])


def test_series_without_mistakes_are_written_beside_others(monitoring: Monitoring) -> None:
    good, bad = monitoring.series("load", 1.0, 0), monitoring.series("load", 2.0, 3600, host="b")
    with refuses(InvalidArgument, match="1 of 2 series"):
        monitoring.client.create_time_series(name=monitoring.project, time_series=[bad, good])
    [series] = monitoring.read(LOAD)
    assert [value_of(point) for point in series.points] == [1.0]
