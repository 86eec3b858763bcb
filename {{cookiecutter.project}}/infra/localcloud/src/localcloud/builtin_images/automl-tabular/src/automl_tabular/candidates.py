"""The models that the search tries: linear ones, forests and boosted trees."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FAMILIES = ("linear", "boosted trees", "random forest", "extra trees")


@dataclass(frozen=True)
class Candidate:
    """A family of models with its parameters."""

    family: str
    parameters: dict[str, Any]

    def make(self, *, classifies: bool, categorical: Sequence[bool], threads: int) -> Pipeline:
        """A model that has not learned; its last step is named `model`."""
        prepare, model = _MAKERS[self.family](classifies, categorical, self.parameters)
        if "n_jobs" in model.get_params():
            model.set_params(n_jobs=threads)
        return Pipeline([("prepare", prepare), ("model", model)])

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value:.4g}" for name, value in self.parameters.items())
        return f"{self.family}({shown})"


def candidates(seed: int) -> Iterator[Candidate]:
    """Each family with usual parameters, then all of them with random ones, without an end."""
    yield Candidate("linear", {"regularisation": 1.0})
    yield Candidate("boosted trees", {"learning_rate": 0.1, "leaves": 15, "samples": 20, "l2": 0.0})
    yield Candidate("random forest", {"samples": 2, "features": 0.4})
    yield Candidate("extra trees", {"samples": 2, "features": 0.6})
    random = np.random.default_rng(seed)
    for turn in itertools.count():
        yield _random(FAMILIES[(1, 0, 1, 2, 1, 3)[turn % 6]], random)


def _random(family: str, random: np.random.Generator) -> Candidate:
    if family == "linear":
        return Candidate(family, {"regularisation": 10 ** random.uniform(-3, 3)})
    if family == "boosted trees":
        parameters = {
            "learning_rate": 10 ** random.uniform(-1.7, -0.5),
            "leaves": int(2 ** random.uniform(2, 6)),
            "samples": int(2 ** random.uniform(2, 6)),
            "l2": 10 ** random.uniform(-3, 1),
        }
        return Candidate(family, parameters)
    samples = int(2 ** random.uniform(0, 4))
    return Candidate(family, {"samples": samples, "features": random.uniform(0.2, 1.0)})


def _linear(
    classifies: bool, categorical: Sequence[bool], parameters: dict[str, Any]
) -> tuple[Any, Any]:
    codes = [index for index, is_code in enumerate(categorical) if is_code]
    numbers = [index for index, is_code in enumerate(categorical) if not is_code]
    impute = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
    prepare = ColumnTransformer(
        [
            ("numbers", make_pipeline(impute, StandardScaler()), numbers),
            ("codes", OneHotEncoder(handle_unknown="ignore"), codes),
        ]
    )
    strength = parameters["regularisation"]
    model = LogisticRegression(C=1 / strength, max_iter=300) if classifies else Ridge(strength)
    return prepare, model


def _boosted_trees(
    classifies: bool, categorical: Sequence[bool], parameters: dict[str, Any]
) -> tuple[Any, Any]:
    make = HistGradientBoostingClassifier if classifies else HistGradientBoostingRegressor
    model = make(
        learning_rate=parameters["learning_rate"],
        max_leaf_nodes=parameters["leaves"],
        min_samples_leaf=parameters["samples"],
        l2_regularization=parameters["l2"],
        categorical_features=list(categorical),
        max_iter=300,
        early_stopping=True,
        random_state=0,
    )
    return "passthrough", model


def _forest(classifier: type[Any], regressor: type[Any]) -> Any:
    def make(classifies: bool, _: Sequence[bool], parameters: dict[str, Any]) -> tuple[Any, Any]:
        model = (classifier if classifies else regressor)(
            n_estimators=100,
            min_samples_leaf=parameters["samples"],
            max_features=parameters["features"],
            random_state=0,
        )
        return SimpleImputer(strategy="median", keep_empty_features=True), model

    return make


_MAKERS = {
    "linear": _linear,
    "boosted trees": _boosted_trees,
    "random forest": _forest(RandomForestClassifier, RandomForestRegressor),
    "extra trees": _forest(ExtraTreesClassifier, ExtraTreesRegressor),
}
