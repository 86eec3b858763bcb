"""What training again without each feature has shown, and its page."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

from mlops.charts import Series, draw_bars
from mlops.features import Problem
from mlops.html import write_document, write_table

# the metric, and 1 when more of it is better
HEADLINES = {Problem.CLASSIFICATION: ("auc", 1), Problem.REGRESSION: ("mean_absolute_error", -1)}


@dataclass(frozen=True)
class Ablated:
    """What the metric loses without a feature, for each seed; below 0 it gains."""

    name: str
    losses: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over all seeds."""
        return fmean(self.losses)

    @property
    def verdict(self) -> str:
        """Whether all seeds agree that the feature helps, or that it does not."""
        if min(self.losses) > 0:
            return "helps"
        return "not missed" if max(self.losses) <= 0 else "not clear"


@dataclass(frozen=True)
class Ablation:
    """All features, the most missed first.

    Attributes:
        metric: what was measured on the split `eval`.
        whole: its values with all features, one a seed.
        features: what is lost without each.
    """

    metric: str
    whole: tuple[float, ...]
    features: tuple[Ablated, ...]


def write_page(found: Ablation) -> str:
    """The page as HTML: what each feature is worth, drawn and as a table."""
    losses = Series("loss", [each.mean for each in found.features])
    rows = (
        (each.name, each.mean, min(each.losses), max(each.losses), each.verdict)
        for each in found.features
    )
    seeds, metric = len(found.whole), found.metric
    verdict = (
        f"<p>{metric} on the split eval is {fmean(found.whole):.4f} with all features. Each was"
        " left out, with what is computed of it, and the model trained again, with"
        f" {seeds} seed{'s' * (seeds > 1)}. Helps: worse without it by each seed. Not missed: not"
        " worse by any. Seeds show what training does by chance, not which rows were drawn.</p>"
    )
    heading = ("without", f"mean loss of {metric}", "least", "most", "verdict")
    names = [each.name for each in found.features]
    drawn = draw_bars(names, [losses], f"Loss of {metric} without each feature")
    sections = {"What each feature is worth": drawn + write_table(heading, rows)}
    return write_document("Feature ablation", verdict, sections)
