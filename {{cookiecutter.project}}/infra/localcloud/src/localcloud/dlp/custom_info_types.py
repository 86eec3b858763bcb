"""Custom infoTypes: words of a dictionary, regular expressions, and tokens put in by DLP itself."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from google.api_core.exceptions import InvalidArgument, MethodNotImplemented
from google.cloud.dlp_v2 import Likelihood

from localcloud.dlp.detectors import Detector, Span
from localcloud.storage.matching import matching_files


def custom_detector(custom: Any, storage: Path) -> Detector:
    """What finds a CustomInfoType in a text.

    Raises:
        InvalidArgument: it is malformed.
        MethodNotImplemented: it is of a kind that is not served.
    """
    name = custom.info_type.name
    if not name:
        raise InvalidArgument("A custom_info_types entry has no info_type.name; give it one.")
    likelihood = Likelihood(custom.likelihood or Likelihood.VERY_LIKELY)
    match custom.WhichOneof("type"):
        case "dictionary":
            return _matches(dictionary(custom.dictionary, storage), likelihood)
        case "regex":
            groups = tuple(custom.regex.group_indexes) or (0,)
            return _matches(expression(custom.regex.pattern), likelihood, groups)
        case "surrogate_type":
            return _surrogates(name, likelihood)
        case None:
            raise InvalidArgument(f"The custom infoType {name} has no type; give it a dictionary.")
        case kind:
            raise MethodNotImplemented(
                f"localcloud does not serve custom infoTypes by {kind}; use dictionary or regex."
            )


def dictionary(config: Any, storage: Path) -> re.Pattern[str]:
    """A CustomInfoType.Dictionary as an expression that finds its words, in any case.

    Raises:
        InvalidArgument: it has no words.
        FailedPrecondition: its file is not there.
    """
    words = list(config.word_list.words)
    if config.cloud_storage_path.path:
        for file in matching_files(config.cloud_storage_path.path, storage):
            words += file.read_text(encoding="utf-8").splitlines()
    words = [word.strip() for word in words if word.strip()]
    if not words:
        raise InvalidArgument("A dictionary has no words; give it a word_list.")
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", re.IGNORECASE)


@cache
def expression(pattern: str) -> re.Pattern[str]:
    """A compiled regular expression.

    Raises:
        InvalidArgument: it is none.
    """
    if not pattern:
        raise InvalidArgument("A regex has no pattern; give it one.")
    try:
        return re.compile(pattern)
    except re.error as error:
        raise InvalidArgument(f"The regex {pattern!r} cannot be read: {error}.") from None


def _matches(
    pattern: re.Pattern[str], likelihood: Likelihood, groups: Iterable[int] = (0,)
) -> Detector:
    wrong = [group for group in groups if not 0 <= group <= pattern.groups]
    if wrong:
        raise InvalidArgument(f"group_indexes has {wrong[0]}; the regex has {pattern.groups}.")

    def find(text: str) -> Iterator[Span]:
        for match in pattern.finditer(text):
            for group in groups:
                if match[group]:
                    yield Span(*match.span(group), likelihood)

    return find


def _surrogates(name: str, likelihood: Likelihood) -> Detector:
    """Finds what `crypto_deterministic_config` leaves: the name, a length, so many letters."""
    head = re.compile(rf"{re.escape(name)}\((\d+)\):")

    def find(text: str) -> Iterator[Span]:
        for match in head.finditer(text):
            end = match.end() + int(match[1])
            if end <= len(text):
                yield Span(match.start(), end, likelihood)

    return find
