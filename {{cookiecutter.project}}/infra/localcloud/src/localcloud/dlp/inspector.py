"""Finds infoTypes in texts, as an InspectConfig asks for."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import CustomInfoType, Likelihood

from localcloud.dlp.custom_info_types import custom_detector
from localcloud.dlp.detectors import BASIC, Detector, detector
from localcloud.dlp.rules import Finding, Rule, exclusion_rule, hotword_rule

_EXCLUDED = CustomInfoType.ExclusionType.EXCLUSION_TYPE_EXCLUDE


class Inspector:
    """An InspectConfig that was read and found to be right.

    Raises:
        InvalidArgument: the config is malformed.
        MethodNotImplemented: it asks for an infoType that cannot be found here.
    """

    def __init__(self, config: Any, storage: Path) -> None:
        self._detectors = _detectors(config, storage)
        self._hidden = {
            each.info_type.name
            for each in config.custom_info_types
            if each.exclusion_type == _EXCLUDED
        }
        self._rules = _rules(config, storage, {name for name, _ in self._detectors})
        self._least = config.min_likelihood or Likelihood.POSSIBLE

    def find(self, text: str) -> list[Finding]:
        """What there is in a text, in the order of places."""
        found = {
            Finding(name, span.start, span.end, span.likelihood)
            for name, find in self._detectors
            for span in find(text)
        }
        ordered = sorted(found, key=_place)
        for names, rule in self._rules:
            ordered = _apply(rule, text, ordered, names)
        return [
            each
            for each in ordered
            if each.likelihood >= self._least and each.info_type not in self._hidden
        ]


def _place(finding: Finding) -> tuple[int, int, str]:
    return finding.start, -finding.end, finding.info_type


def _detectors(config: Any, storage: Path) -> list[tuple[str, Detector]]:
    custom = [
        (each.info_type.name, custom_detector(each, storage)) for each in config.custom_info_types
    ]
    own = {name for name, _ in custom}
    asked = [each.name for each in config.info_types]
    names = asked or ([] if custom else BASIC)
    return [*((name, _built_in(name)) for name in dict.fromkeys(names) if name not in own), *custom]


def _built_in(name: str) -> Detector:
    found = detector(name)
    if found is not None:
        return found
    if not name:
        raise InvalidArgument("An infoType has no name; ListInfoTypes tells which there are.")
    raise MethodNotImplemented(
        f"localcloud cannot find the infoType {name}: ListInfoTypes tells which it finds; leave it"
        " out, or define it by custom_info_types."
    )


def _rules(config: Any, storage: Path, known: set[str]) -> list[tuple[set[str], Rule]]:
    rules: list[tuple[set[str], Rule]] = []
    for rule_set in config.rule_set:
        names = {each.name for each in rule_set.info_types}
        if not names <= known:
            raise InvalidArgument(
                f"rule_set names {min(names - known)}, which is not inspected; add it to"
                " info_types."
            )
        for rule in rule_set.rules:
            if rule.WhichOneof("type") == "hotword_rule":
                rules.append((names, hotword_rule(rule.hotword_rule)))
            else:
                rules.append((names, exclusion_rule(rule.exclusion_rule, storage)))
    for custom in config.custom_info_types:
        for rule in custom.detection_rules:
            rules.append(({custom.info_type.name}, hotword_rule(rule.hotword_rule)))
    return rules


def _apply(rule: Rule, text: str, found: Sequence[Finding], names: Iterable[str]) -> list[Finding]:
    """Each infoType by itself, in the presence of the others."""
    left = list(found)
    for name in names:
        ours = [each for each in left if each.info_type == name]
        others = [each for each in left if each.info_type != name]
        left = sorted([*others, *rule(text, ours, others)], key=_place)
    return left


def limits_by_type(config: Any) -> Mapping[str, int]:
    """The most findings of each infoType that has a limit of its own; `` stands for the others."""
    return {
        each.info_type.name: each.max_findings
        for each in config.limits.max_findings_per_info_type
        if each.max_findings
    }
