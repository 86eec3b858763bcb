"""Custom infoTypes: words of a dictionary, regular expressions, and tokens put in by DLP itself."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import Likelihood

from localcloud.dlp.detectors import Detector, Span
from localcloud.dlp.dictionaries import dictionary
from localcloud.dlp.expressions import expression


def custom_detector(custom: Any, storage: Path) -> Detector:
    """What finds a CustomInfoType in a text.

    Raises:
        InvalidArgument: it is malformed.
        FailedPrecondition: the file of its dictionary is not there.
        MethodNotImplemented: it is of a kind that is not served.
    """
    name = custom.info_type.name
    if not name:
        raise InvalidArgument("A custom_info_types entry has no info_type.name; give it one.")
    likelihood = Likelihood(custom.likelihood or Likelihood.VERY_LIKELY)
    match custom.WhichOneof("type"):
        case "dictionary":
            return _words(custom.dictionary, storage, likelihood)
        case "regex":
            return _matches(custom.regex, likelihood)
        case "surrogate_type":
            return _surrogates(name, likelihood)
        case None:
            raise InvalidArgument(f"The custom infoType {name} has no type; give it a dictionary.")
        case kind:
            raise MethodNotImplemented(
                f"localcloud does not serve custom infoTypes by {kind}; use dictionary or regex."
            )


def _words(config: Any, storage: Path, likelihood: Likelihood) -> Detector:
    words = dictionary(config, storage)
    return lambda text: (Span(start, end, likelihood) for start, end in words.spans(text))


def _matches(config: Any, likelihood: Likelihood) -> Detector:
    pattern, groups = expression(config.pattern), tuple(config.group_indexes) or (0,)
    wrong = [group for group in groups if not 0 <= group <= pattern.groups]
    if wrong:
        raise InvalidArgument(f"group_indexes has {wrong[0]}; the regex has {pattern.groups}.")

    def find(text: str) -> Iterator[Span]:
        for match in pattern.finditer(text):
            for group in groups:
                if match[group]:
                    start, end = match.span(group)
                    yield Span(start, end, likelihood)

    return find


def _surrogates(name: str, likelihood: Likelihood) -> Detector:
    """Finds what `crypto_deterministic_config` leaves: the name, a length, so many letters."""
    head = re.compile(rf"{re.escape(name)}\((\d{{1,9}})\):")

    def find(text: str) -> Iterator[Span]:
        for match in head.finditer(text):
            end = match.end() + int(match[1])
            if end <= len(text):
                yield Span(match.start(), end, likelihood)

    return find
