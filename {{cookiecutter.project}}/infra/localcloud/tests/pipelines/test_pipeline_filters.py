from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from google.api_core.exceptions import InvalidArgument

from localcloud.vertex.filters import predicate

JOB = SimpleNamespace(
    name="train-1", labels={"team": "a", "my-key": ""}, created=datetime(2024, 5, 1, tzinfo=UTC)
)
FIELDS = {
    "display_name": lambda job: job.name,
    "labels": lambda job: job.labels,
    "create_time": lambda job: job.created,
}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", True),
        ('display_name="train-1"', True),
        ("display_name=train-1", True),
        ('display_name="train*"', True),
        ('display_name="rain*"', False),
        ('display_name!="train-1"', False),
        ('display_name="train-[1]"', False),
        ("labels.team=a", True),
        ("labels.team=b", False),
        ("labels.team:*", True),
        ("labels.my-key:*", True),
        ("labels.other:*", False),
        ("labels:team", True),
        ('-labels.team="a"', False),
        ("NOT labels.team=b", True),
        ('create_time>"2024-04-30T00:00:00Z"', True),
        ('create_time>="2024-05-01T02:00:00+02:00"', True),
        ('create_time<"2024-05-01T00:00:00Z"', False),
        ("labels.team=b OR labels.team=a", True),
        ("labels.team=a AND display_name=x", False),
        ("labels.team=a display_name=x", False),
        ("display_name=x AND (labels.team=b OR labels.team=a)", False),
        ("display_name=x OR labels.team=a AND labels.team=b", False),
    ],
)
def test_selects(text: str, selected: bool) -> None:
    assert predicate(text, FIELDS)(JOB) is selected


@pytest.mark.parametrize(
    "text",
    [
        "color=red",
        "display_name",
        "display_name=",
        "display_name ~ x",
        "(display_name=x",
        "display_name=x)",
        "create_time>yesterday",
        "create_time=yesterday",
        'display_name="open',
        "display_name.sub=x",
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(InvalidArgument, match="filter"):
        predicate(text, FIELDS)
