"""Rules of an inspection: what excludes a finding, and what makes it more or less likely."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from google.api_core.exceptions import InvalidArgument
from google.cloud.dlp_v2 import Likelihood, MatchingType

from localcloud.dlp.custom_info_types import dictionary, expression

_PARTIAL, _INVERSE = (
    MatchingType.MATCHING_TYPE_PARTIAL_MATCH,
    MatchingType.MATCHING_TYPE_INVERSE_MATCH,
)


@dataclass(frozen=True)
class Finding:
    """An infoType at a place of a text, in characters."""

    info_type: str
    start: int
    end: int
    likelihood: Likelihood


# what becomes of the findings of one infoType: the text, those findings, all others
Rule = Callable[[str, Sequence[Finding], Sequence[Finding]], list[Finding]]


def hotword_rule(config: Any) -> Rule:
    """Other likelihoods for what has a hotword nearby.

    Raises:
        InvalidArgument: the rule is malformed.
    """
    hotword = expression(config.hotword_regex.pattern)

    def apply(text: str, found: Sequence[Finding], _: Sequence[Finding]) -> list[Finding]:
        return [
            replace(each, likelihood=_adjusted(each.likelihood, config.likelihood_adjustment))
            if _is_near(hotword, text, each, config.proximity)
            else each
            for each in found
        ]

    return apply


def exclusion_rule(config: Any, storage: Path) -> Rule:
    """No finding where the rule holds.

    Raises:
        InvalidArgument: the rule is malformed.
        FailedPrecondition: the file of its dictionary is not there.
    """
    match config.WhichOneof("type"):
        case "dictionary":
            return _excluding(dictionary(config.dictionary, storage), config.matching_type)
        case "regex":
            return _excluding(expression(config.regex.pattern), config.matching_type)
        case "exclude_info_types":
            names = {each.name for each in config.exclude_info_types.info_types}
            return _excluding_others(names, config.matching_type)
        case "exclude_by_hotword":
            return _excluding_near(config.exclude_by_hotword)
    raise InvalidArgument("An exclusion_rule has no type; give it a dictionary or a regex.")


def _is_near(hotword: re.Pattern[str], text: str, found: Finding, proximity: Any) -> bool:
    before = text[max(0, found.start - proximity.window_before) : found.start]
    after = text[found.end : found.end + proximity.window_after]
    return bool(hotword.search(before) or hotword.search(after))


def _adjusted(likelihood: Likelihood, adjustment: Any) -> Likelihood:
    if adjustment.fixed_likelihood:
        return Likelihood(adjustment.fixed_likelihood)
    moved = likelihood + adjustment.relative_likelihood
    return Likelihood(min(max(moved, Likelihood.VERY_UNLIKELY), Likelihood.VERY_LIKELY))


def _excluding(pattern: re.Pattern[str], matching: int) -> Rule:
    def holds(quote: str) -> bool:
        if matching == _PARTIAL:
            return pattern.search(quote) is not None
        return bool((pattern.fullmatch(quote) is not None) != (matching == _INVERSE))

    def apply(text: str, found: Sequence[Finding], _: Sequence[Finding]) -> list[Finding]:
        return [each for each in found if not holds(text[each.start : each.end])]

    return apply


def _excluding_others(names: Iterable[str], matching: int) -> Rule:
    def covers(other: Finding, each: Finding) -> bool:
        if matching == _PARTIAL:
            return other.start < each.end and each.start < other.end
        return (other.start, other.end) == (each.start, each.end)

    def apply(_: str, found: Sequence[Finding], others: Sequence[Finding]) -> list[Finding]:
        stronger = [other for other in others if other.info_type in names]
        return [each for each in found if not any(covers(other, each) for other in stronger)]

    return apply


def _excluding_near(config: Any) -> Rule:
    hotword = expression(config.hotword_regex.pattern)

    def apply(text: str, found: Sequence[Finding], _: Sequence[Finding]) -> list[Finding]:
        return [each for each in found if not _is_near(hotword, text, each, config.proximity)]

    return apply
