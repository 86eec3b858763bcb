"""Dictionaries: the words and phrases that a custom infoType or an exclusion rule lists."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from google.api_core.exceptions import InvalidArgument

from localcloud.storage.matching import matching_files

_TOKEN = re.compile(r"[^\W\d_]+|\d+|[\W_]+")
_SEPARATOR = " "  # what all other characters than letters and digits count as


class _Token(NamedTuple):
    """Letters, digits, or what stands between them; the key is the same in any case."""

    key: str
    start: int
    end: int


class Dictionary:
    """Finds phrases, in any case and with any separators between their words.

    What surrounds a phrase is of another kind: letters stand next to no letters, digits next to
    no digits.

    Raises:
        InvalidArgument: there are no phrases, or one has fewer than two letters and digits.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases: set[tuple[str, ...]] = set()
        self._lengths: dict[str, set[int]] = {}  # of the phrases that begin with a word
        for phrase in phrases:
            if sum(map(str.isalnum, phrase)) < 2:
                raise InvalidArgument(
                    "A dictionary has a word of fewer than two letters and digits; leave it out."
                )
            keys = tuple(token.key for token in _tokens(_trimmed(phrase)))
            self._phrases.add(keys)
            self._lengths.setdefault(keys[0], set()).add(len(keys))
        if not self._phrases:
            raise InvalidArgument("A dictionary has no words; give it a word_list.")

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where phrases start and end in a text; of those that overlap, the first and longest."""
        tokens = list(_tokens(text))
        keys = [token.key for token in tokens]
        place = 0
        while place < len(tokens):
            length = self._longest(keys, place)
            if length:
                yield tokens[place].start, tokens[place + length - 1].end
            place += length or 1

    def is_in(self, text: str) -> bool:
        """Whether a text has any of the phrases."""
        return any(self.spans(text))

    def fills(self, text: str) -> bool:
        """Whether a text consists of phrases, and of separators at most beside them."""
        spans = list(self.spans(text))
        ends = [0, *(end for _, end in spans)]
        starts = [*(start for start, _ in spans), len(text)]
        between = (text[end:start] for end, start in zip(ends, starts, strict=True))
        return bool(spans) and not any(map(str.isalnum, "".join(between)))

    def _longest(self, keys: list[str], place: int) -> int:
        """How many tokens the longest phrase has that begins there; 0 if none does."""
        for length in sorted(self._lengths.get(keys[place], ()), reverse=True):
            if tuple(keys[place : place + length]) in self._phrases:
                return length
        return 0


def dictionary(config: Any, storage: Path) -> Dictionary:
    """A CustomInfoType.Dictionary (as protobuf).

    Raises:
        InvalidArgument: it has no words, or its file is no text.
        FailedPrecondition: its file is not there.
    """
    phrases = list(config.word_list.words)
    if config.cloud_storage_path.path:
        phrases += _lines(config.cloud_storage_path.path, storage)
    return Dictionary(phrases)


def _lines(uri: str, storage: Path) -> Iterator[str]:
    for file in matching_files(uri, storage):
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            raise InvalidArgument(f"The dictionary {uri} is no UTF-8; give a text.") from None
        yield from filter(str.strip, lines)


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        key = match[0].casefold() if match[0][0].isalnum() else _SEPARATOR
        yield _Token(key, match.start(), match.end())


def _trimmed(phrase: str) -> str:
    """Without what stands before its first letter or digit, and behind its last one."""
    places = [place for place, each in enumerate(phrase) if each.isalnum()]
    return phrase[places[0] : places[-1] + 1]
