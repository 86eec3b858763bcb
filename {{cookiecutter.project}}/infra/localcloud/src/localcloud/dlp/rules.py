"""Rules of an inspection: what excludes a finding, and what makes it more or less likely."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, TypeAlias

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import Likelihood, MatchingType

from localcloud.dlp.dictionaries import dictionary
from localcloud.dlp.expressions import expression

_WIDEST = 1000  # characters of a window, as of DLP's


@dataclass(frozen=True)
class Passage:
    """A text that is inspected, and the name of the column that it stands in, if it does."""

    text: str
    column: str = ""


@dataclass(frozen=True)
class Finding:
    """An infoType at a place of a text, in characters."""

    info_type: str
    start: int
    end: int
    likelihood: Likelihood


# what becomes of the findings of one infoType: the passage, those findings, all others
Rule: TypeAlias = Callable[[Passage, Sequence[Finding], Sequence[Finding]], list[Finding]]


def rule_of(config: Any, storage: Path) -> Rule:
    """An InspectionRule, or a DetectionRule of a custom infoType (as protobuf).

    Raises:
        InvalidArgument: the rule is malformed.
        FailedPrecondition: the file of its dictionary is not there.
        MethodNotImplemented: it is of a kind that is not served.
    """
    match config.WhichOneof("type"):
        case "hotword_rule":
            return _hotword_rule(config.hotword_rule)
        case "exclusion_rule":
            return _exclusion_rule(config.exclusion_rule, storage)
        case None:
            raise InvalidArgument("A rule is empty; give it a hotword_rule or an exclusion_rule.")
        case kind:
            raise _not_served(kind)


def _hotword_rule(config: Any) -> Rule:
    """Other likelihoods for what has a hotword nearby."""
    is_near = _nearness(config)

    def apply(passage: Passage, found: Sequence[Finding], _: Sequence[Finding]) -> list[Finding]:
        return [
            replace(each, likelihood=_adjusted(each.likelihood, config.likelihood_adjustment))
            if is_near(passage, each)
            else each
            for each in found
        ]

    return apply


def _exclusion_rule(config: Any, storage: Path) -> Rule:
    """No finding where the rule holds."""
    kind = config.WhichOneof("type")
    if kind == "exclude_by_hotword":
        is_near = _nearness(config.exclude_by_hotword)
        return lambda passage, found, _: [each for each in found if not is_near(passage, each)]
    if kind and config.matching_type == MatchingType.MATCHING_TYPE_UNSPECIFIED:
        raise InvalidArgument("An exclusion_rule has no matching_type; choose one.")
    match kind:
        case "dictionary":
            words = dictionary(config.dictionary, storage)
            return _excluding(words.fills, words.is_in, config.matching_type)
        case "regex":
            pattern = expression(config.regex.pattern)
            return _excluding(pattern.fullmatch, pattern.search, config.matching_type)
        case "exclude_info_types":
            names = {each.name for each in config.exclude_info_types.info_types}
            return _excluding_others(names, config.matching_type)
        case None:
            raise InvalidArgument("An exclusion_rule has no type; give it a dictionary or a regex.")
        case _:
            raise _not_served(kind)


def _not_served(kind: str) -> MethodNotImplemented:
    return MethodNotImplemented(f"localcloud does not serve {kind} in rules; use another.")


def _nearness(config: Any) -> Callable[[Passage, Finding], bool]:
    """Whether a hotword stands around or in a finding, or in the name of its column."""
    hotword = expression(config.hotword_regex.pattern)
    before, after = config.proximity.window_before, config.proximity.window_after
    if min(before, after) < 0 or before + after > _WIDEST:
        raise InvalidArgument(
            f"The window of a hotword's proximity has {before} and {after} characters; give it at"
            f" most {_WIDEST}, and none below 0."
        )

    def is_near(passage: Passage, found: Finding) -> bool:
        window = passage.text[max(0, found.start - before) : found.end + after]
        in_column = before and passage.column and hotword.search(passage.column)
        return bool(in_column or hotword.search(window))

    return is_near


def _adjusted(likelihood: Likelihood, adjustment: Any) -> Likelihood:
    if adjustment.fixed_likelihood:
        return Likelihood(adjustment.fixed_likelihood)
    moved = likelihood + adjustment.relative_likelihood
    return Likelihood(min(max(moved, Likelihood.VERY_UNLIKELY), Likelihood.VERY_LIKELY))


def _matching(
    kind: int, fully: Callable[[Any], Any], partly: Callable[[Any], Any]
) -> Callable[[Any], bool]:
    """Whether something matches by a MatchingType; inversely, if not even a part of it does."""
    if kind == MatchingType.MATCHING_TYPE_FULL_MATCH:
        return lambda each: bool(fully(each))
    if kind == MatchingType.MATCHING_TYPE_PARTIAL_MATCH:
        return lambda each: bool(partly(each))
    return lambda each: not partly(each)


def _excluding(fills: Callable[[str], Any], is_in: Callable[[str], Any], matching: int) -> Rule:
    holds = _matching(matching, fills, is_in)

    def apply(passage: Passage, found: Sequence[Finding], _: Sequence[Finding]) -> list[Finding]:
        return [each for each in found if not holds(passage.text[each.start : each.end])]

    return apply


def _excluding_others(names: Iterable[str], matching: int) -> Rule:
    def apply(_: Passage, found: Sequence[Finding], others: Sequence[Finding]) -> list[Finding]:
        spans = _Spans(other for other in others if other.info_type in names)
        holds = _matching(matching, spans.contain, spans.meet)
        return [each for each in found if not holds(each)]

    return apply


class _Spans:
    """Places of findings, to be compared with that of another without looking at each."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        spans = sorted((each.start, each.end) for each in findings)
        self._starts = [start for start, _ in spans]
        self._farthest = list(accumulate((end for _, end in spans), max))

    def contain(self, finding: Finding) -> bool:
        """Whether it is completely inside one of them."""
        return self._reach(finding.start + 1) >= finding.end

    def meet(self, finding: Finding) -> bool:
        """Whether it has a character in common with one of them."""
        return self._reach(finding.end) > finding.start

    def _reach(self, place: int) -> int:
        """Where the farthest ends of those that start before a place."""
        index = bisect_left(self._starts, place)
        return self._farthest[index - 1] if index else 0
