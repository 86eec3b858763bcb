from typing import Any

import pytest

from localcloud.pipelines.expressions import evaluate, parse
from localcloud.pipelines.spec import InvalidSpec

INPUTS = {
    "inputs": {"parameter_values": {"n": 3, "x": 2.5, "s": "it", "yes": True, "items": [1, 2]}},
    "string_value": '{"a": {"b": [10, 20]}, "c d": "e"}',
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("int(inputs.parameter_values['n']) > 2", True),
        ("!(int(inputs.parameter_values['n']) > 2)", False),
        ("inputs.parameter_values['s'] == 'it'", True),
        ("inputs.parameter_values['s'] != 'it'", False),
        ("inputs.parameter_values['yes'] == true", True),
        ("inputs.parameter_values['n'] == true", False),
        ("1 == true", False),
        ("double(inputs.parameter_values['n']) >= 2.5", True),
        ("inputs.parameter_values['x'] < 2.5e0", False),
        ("inputs.parameter_values.x <= 2.5", True),
        ("1 > 2 || 2 > 1 && 3 > 2", True),
        ("(1 > 2 || 2 > 1) && 3 < 2", False),
        ("false && inputs.parameter_values['absent'] == 1", False),
        ("1 + 2 * 3 - -1", 8),
        ("2 in inputs.parameter_values['items']", True),
        ("size('four')", 4),
        ('"double \\"quoted\\"" == \'double "quoted"\'', True),
        ("'a == b && c' == 'a == b && c'", True),
        ('parseJson(string_value)["a"]', {"b": [10, 20]}),
        ('parseJson(string_value)["a"]["b"][1]', 20),
        ('parseJson(string_value)["c d"]', "e"),
        ("string(int('7')) + 'x'", "7x"),
    ],
)
def test_value(text: str, value: Any) -> None:
    assert evaluate(text, INPUTS) == value


@pytest.mark.parametrize(
    "text",
    ["", "1 +", "(1", "inputs.parameter_values['n'", "a b", "1 ~ 2", "__import__('os')", "in", "]"],
)
def test_refuses_what_is_no_expression(text: str) -> None:
    with pytest.raises(InvalidSpec, match="expression"):
        parse(text)


@pytest.mark.parametrize(
    "text", ["unknown == 1", "inputs.parameter_values['none'] == 1", "'a' < 1", "int('x') == 1"]
)
def test_says_which_expression_fails(text: str) -> None:
    with pytest.raises(InvalidSpec, match="fails"):
        evaluate(text, INPUTS)
