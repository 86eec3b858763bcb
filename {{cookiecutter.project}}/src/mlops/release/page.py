"""The page of releases: one HTML file that needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from mlops.charts import Line, draw_lines
from mlops.html import STYLE, write_table
from mlops.release.measures import list_guardrails
from mlops.release.rule import harm_threshold
from mlops.release.state import Phase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlops.release.audit import Change
    from mlops.release.judge import Verdict
    from mlops.release.state import ReleaseState
    from mlops.release_settings import Release

MINUTE = 60


@dataclass(frozen=True)
class Look:
    """What a look at the evidence found.

    Attributes:
        time: in seconds since 1970.
        share: percent of the traffic that the canary had.
        harm: the logarithm of each guardrail's evidence of harm.
        enough: of that, what rolls back.
        decision: what followed.
        why: in one sentence.
    """

    time: int
    share: int
    harm: dict[str, float]
    enough: float
    decision: str
    why: str

    @classmethod
    def of(cls, time: int, state: ReleaseState, verdict: Verdict, release: Release) -> Look:
        """The look of a controller."""
        return cls(
            time=time,
            share=state.split(release).get(state.canary, 0),
            harm={name: facts["harm"] for name, facts in verdict.evidence.items()},
            enough=harm_threshold(release.false_alarm_risk, len(list_guardrails(release))),
            decision=verdict.decision.name.lower().replace("_", " "),
            why=verdict.why,
        )


@dataclass(frozen=True)
class Play:
    """A release that has ended.

    Attributes:
        title: what was released.
        is_as_expected: whether it ended as it had to.
        changes: of the endpoint, in order.
        looks: at the evidence, in order.
    """

    title: str
    is_as_expected: bool
    changes: Sequence[Change]
    looks: Sequence[Look]

    @property
    def end(self) -> str:
        """How it ended."""
        return self.changes[-1].phase

    @property
    def highest_share(self) -> int:
        """The most traffic that the canary had, in percent."""
        return max((look.share for look in self.looks), default=0)

    @property
    def minutes(self) -> float:
        """From the canary's first traffic to the decision."""
        return (self.looks[-1].time - self._begin) / MINUTE if self.looks else 0.0

    @property
    def why(self) -> str:
        """Why it ended so."""
        reasons = [c.why for c in self.changes if c.phase in (Phase.REVERTING, Phase.RETIRING)]
        return reasons[-1] if reasons else self.changes[-1].why

    @property
    def summary(self) -> str:
        """The end in one line."""
        mark = "as expected" if self.is_as_expected else "NOT AS EXPECTED"
        return (
            f"{self.title}: {self.end} ({mark}) after {self.minutes:.0f} minutes with"
            f" {self.highest_share} % of the traffic at most; {self.why}"
        )

    @property
    def _begin(self) -> int:
        return next((c.time for c in self.changes if c.phase == Phase.STEP), self.changes[0].time)

    def write(self) -> str:
        """The section of the page."""
        verdict = "passed" if self.is_as_expected else "failed"
        return (
            f"<section><h2>{escape(self.title)}</h2>"
            f'<p class="verdict {verdict}">{escape(self.end)}: {escape(self.why)}</p>'
            f"{self._draw()}"
            f"<h3>Changes of the endpoint</h3>{self._list_changes()}"
            f"<h3>Looks at the evidence</h3>{self._list_looks()}</section>"
        )

    def _draw(self) -> str:
        if not self.looks:
            return "<p>The canary got no traffic.</p>"
        times = [(look.time - self._begin) / MINUTE for look in self.looks]
        shares = Line("canary", list(zip(times, [x.share for x in self.looks], strict=True)))
        names = sorted({name for look in self.looks for name in look.harm})
        harm = [
            Line(
                name,
                [
                    (t, x.harm[name])
                    for t, x in zip(times, self.looks, strict=True)
                    if name in x.harm
                ],
            )
            for name in names
        ]
        return draw_lines(
            [shares], "Traffic of the canary", "minutes", "percent of the traffic", steps=True
        ) + draw_lines(
            harm, "Evidence of harm", "minutes", "log of the evidence", limit=self.looks[0].enough
        )

    def _list_changes(self) -> str:
        rows = (
            (
                f"{(c.time - self._begin) / MINUTE:.0f}",
                c.phase,
                ", ".join(f"{share} % {name}" for name, share in c.split.items()),
                c.why,
            )
            for c in self.changes
        )
        return write_table(("minute", "phase", "traffic", "why"), rows)

    def _list_looks(self) -> str:
        names = sorted({name for look in self.looks for name in look.harm})
        rows = (
            (
                f"{(look.time - self._begin) / MINUTE:.0f}",
                f"{look.share} %",
                *(look.harm.get(name) for name in names),
                look.decision,
                look.why,
            )
            for look in self.looks
        )
        return write_table(("minute", "canary", *names, "decision", "why"), rows)


def write_page(plays: Sequence[Play]) -> str:
    """The page as HTML: of each release the traffic, the evidence, the decisions and why."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Releases</title><style>{STYLE}</style></head>"
        "<body><h1>Releases</h1><p>Evidence is a logarithm: above the dashed line the canary is"
        " rolled back, whichever guardrail it is. See <code>src/mlops/release/rule.py</code>.</p>"
        f"{''.join(play.write() for play in plays)}</body></html>\n"
    )
