"""What rules of releases decide on the same simulated traffic, and how fast, as a table.

Run by `make benchmark-release`. Our rule runs by its own code, as config/base.yaml sets it.
"""

from __future__ import annotations

import argparse
import math
import sys

from benchmarks.release.rivals import AbsoluteThreshold, ArgoLike, FlaggerLike, KayentaLike
from benchmarks.release.rollouts import Outcome, OwnRule, Rule, play
from benchmarks.release.traffic import Traffic
from mlops.release.rule import Guardrail
from mlops.settings import load_settings

MINUTES = 240
CASES = (
    Traffic("no difference"),
    Traffic("no difference, own hiccups (CV 1)", variation=1),
    Traffic("no difference, shared incident x8", incident=(3, 12, 8)),
    Traffic("no difference, 0.1 % errors", rate=0.001),
    Traffic("no difference, 3,000 requests/min", requests=3000),
    Traffic("no difference, 10 requests/min", requests=10),
    Traffic("no requests", requests=0),
    Traffic("errors x1.5", 1.5),
    Traffic("errors x2", 2),
    Traffic("errors x2, own hiccups (CV 1)", 2, variation=1),
    Traffic("errors x5", 5),
    Traffic("errors x20", 20),
)
HEADING = (
    "case",
    "rule",
    "promoted",
    "median",
    "rolled back",
    "median",
    "on 1st step",
    "bad answers",
)


def main() -> None:
    """Prints the table, as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rollouts", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=17)
    arguments = parser.parse_args()
    release = load_settings().release
    own = OwnRule(release, (Guardrail("errors", rate=release.tolerated_error_rate),))
    rules: dict[str, Rule] = {
        "ours": own,
        "absolute threshold": AbsoluteThreshold(),
        "Argo-like": ArgoLike(),
        "Flagger-like": FlaggerLike(),
        "Kayenta-like": KayentaLike(),
    }
    print(f"{arguments.rollouts:,} rollouts a row, seed {arguments.seed}; minutes are medians.\n")
    print(_row(HEADING), _row("---" for _ in HEADING), sep="\n")
    for case in CASES:
        for name, rule in rules.items():
            outcome = play(rule, [case], arguments.rollouts, MINUTES, arguments.seed)
            print(_row((case.name, name, *_cells(outcome))), flush=True)
    three = [Traffic("errors"), Traffic("slow", rate=0.05), Traffic("invalid", rate=0.001)]
    watches = OwnRule(release, tuple(Guardrail(k.name, rate=0.005) for k in three))
    outcome = play(watches, three, arguments.rollouts, MINUTES, arguments.seed)
    print(_row(("no difference, three guardrails", "ours", *_cells(outcome))))


def _cells(outcome: Outcome) -> tuple[str, ...]:
    return (
        f"{outcome.promoted:.2%}",
        _minutes(outcome.minutes_to_promote),
        f"{outcome.rolled_back:.2%}",
        _minutes(outcome.minutes_to_roll_back),
        "-" if math.isnan(outcome.first_step) else f"{outcome.first_step:.0%}",
        f"{outcome.bad:.1f}",
    )


def _minutes(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.0f} min"


def _row(cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
