"""Finds infoTypes in texts, as an InspectConfig asks for."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import CustomInfoType, Likelihood

from localcloud.dlp.custom_info_types import custom_detector
from localcloud.dlp.detectors import BASIC, Detector, detector
from localcloud.dlp.limits import Limits
from localcloud.dlp.rules import Finding, Passage, Rule, rule_of

_EXCLUDED = CustomInfoType.ExclusionType.EXCLUSION_TYPE_EXCLUDE


class Inspector:
    """An InspectConfig that was read and found to be right.

    Raises:
        InvalidArgument: the config is malformed.
        FailedPrecondition: the file of a dictionary is not there.
        MethodNotImplemented: it asks for an infoType, or a rule, that is not served.
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
        self._least_of = _least_likelihoods(config)
        Limits(config.limits)  # refuses what is malformed

    def find(self, passage: Passage) -> list[Finding]:
        """What there is in a passage, in the order of places."""
        found = {
            Finding(name, span.start, span.end, span.likelihood)
            for name, find in self._detectors
            for span in find(passage.text)
        }
        ordered = sorted(found, key=_place)
        for names, rule in self._rules:
            ordered = _apply(rule, passage, ordered, names)
        return [each for each in ordered if self._is_told(each)]

    def _is_told(self, finding: Finding) -> bool:
        least = self._least_of.get(finding.info_type, self._least)
        return finding.likelihood >= least and finding.info_type not in self._hidden


def _place(finding: Finding) -> tuple[int, int, str]:
    return finding.start, -finding.end, finding.info_type


def _detectors(config: Any, storage: Path) -> list[tuple[str, Detector]]:
    custom = [
        (each.info_type.name, custom_detector(each, storage)) for each in config.custom_info_types
    ]
    own = {name for name, _ in custom}
    asked = [each.name for each in config.info_types]
    names = dict.fromkeys(asked or ([] if custom else BASIC))
    built_in = [(name, _built_in(name)) for name in names if detector(name) or name not in own]
    return [*built_in, *custom]


def _built_in(name: str) -> Detector:
    found = detector(name)
    if found is not None:
        return found
    if not name:
        raise InvalidArgument("An infoType has no name; ListInfoTypes tells which there are.")
    raise MethodNotImplemented(
        f"info_types names {name}, which localcloud cannot find: ListInfoTypes tells what it finds;"
        " leave it out, or define it by custom_info_types."
    )


def _least_likelihoods(config: Any) -> Mapping[str, int]:
    least = {
        each.info_type.name: each.min_likelihood for each in config.min_likelihood_per_info_type
    }
    if not all(least) or not all(least.values()):
        raise InvalidArgument(
            "min_likelihood_per_info_type needs an info_type and a min_likelihood; give both."
        )
    return least


def _rules(config: Any, storage: Path, known: set[str]) -> list[tuple[Sequence[str], Rule]]:
    rules: list[tuple[Sequence[str], Rule]] = []
    for rule_set in config.rule_set:
        names = list(dict.fromkeys(each.name for each in rule_set.info_types))
        unknown = [name for name in names if name not in known]
        if unknown:
            raise InvalidArgument(
                f"rule_set names {unknown[0]}, which is not inspected; add it to info_types."
            )
        rules += [(names, rule_of(rule, storage)) for rule in rule_set.rules]
    for custom in config.custom_info_types:
        rules += [
            ([custom.info_type.name], rule_of(each, storage)) for each in custom.detection_rules
        ]
    return rules


def _apply(
    rule: Rule, passage: Passage, found: Sequence[Finding], names: Iterable[str]
) -> list[Finding]:
    """Each infoType by itself, in the presence of the others."""
    left = list(found)
    for name in names:
        ours = [each for each in left if each.info_type == name]
        others = [each for each in left if each.info_type != name]
        left = sorted([*others, *rule(passage, ours, others)], key=_place)
    return left
