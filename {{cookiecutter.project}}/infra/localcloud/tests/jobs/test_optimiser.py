"""What is suggested next, of which the services only pass on; here the random numbers are fixed."""

from typing import Any

import pytest
from google.cloud.aiplatform_v1.types import StudySpec, Trial

from localcloud.studies import optimiser

PARAMETERS = [
    {"parameter_id": "x", "double_value_spec": {"min_value": -10, "max_value": 10}},
    {"parameter_id": "rate", "double_value_spec": {"min_value": 1e-6, "max_value": 1}},
    {
        "parameter_id": "model",
        "categorical_value_spec": {"values": ["linear", "deep"]},
        "conditional_parameter_specs": [
            {
                "parent_categorical_values": {"values": ["deep"]},
                "parameter_spec": {
                    "parameter_id": "layers",
                    "integer_value_spec": {"min_value": 1, "max_value": 9},
                },
            }
        ],
    },
]
PARAMETERS[1]["scale_type"] = "UNIT_LOG_SCALE"


def loss(point: Any) -> float:
    """Best is 0, for a deep model of 4 layers with x = 3."""
    size = (point["layers"] - 4) ** 2 if "layers" in point else 20
    return float((point["x"] - 3) ** 2 + size + point["rate"])


def search(algorithm: str, name: str, sign: int = 1) -> list[float]:
    """The losses of 40 trials, one after the other."""
    goal = "MINIMIZE" if sign == 1 else "MAXIMIZE"
    spec = StudySpec(
        metrics=[{"metric_id": "loss", "goal": goal}], parameters=PARAMETERS, algorithm=algorithm
    )
    trials: list[Trial] = []
    for _ in range(40):
        [point] = optimiser.suggest(spec, trials, 1, name)
        measured = {"metrics": [{"metric_id": "loss", "value": sign * loss(point)}]}
        trials.append(
            Trial(
                state=Trial.State.SUCCEEDED,
                parameters=optimiser.parameters(point),
                final_measurement=measured,
            )
        )
    return [loss(optimiser.point(trial)) for trial in trials]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_default_search_learns_and_a_random_one_does_not(sign: int) -> None:
    def late(algorithm: str) -> float:
        names = [f"study {number}" for number in range(2)]
        return sum(sum(search(algorithm, name, sign)[25:]) for name in names)

    assert late("ALGORITHM_UNSPECIFIED") < late("RANDOM_SEARCH") / 2


def test_suggestions_are_the_same_for_the_same_trials_and_differ_between_studies() -> None:
    assert search("RANDOM_SEARCH", "one") == search("RANDOM_SEARCH", "one")
    assert search("RANDOM_SEARCH", "one") != search("RANDOM_SEARCH", "two")
    assert search("ALGORITHM_UNSPECIFIED", "one") == search("ALGORITHM_UNSPECIFIED", "one")
