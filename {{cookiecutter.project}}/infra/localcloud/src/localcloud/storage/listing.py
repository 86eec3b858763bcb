"""Listing a bucket in the order and with the options of Cloud Storage."""

import base64
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from google.api_core.exceptions import BadRequest

from localcloud.storage.globs import glob_pattern
from localcloud.storage.names import is_object_name

LARGEST_PAGE = 1000


@dataclass(frozen=True)
class Options:
    """The query parameters of `objects.list`; `after` is the name the page before ended with."""

    prefix: str = ""
    delimiter: str = ""
    start: str = ""
    end: str = ""
    after: str = ""
    size: int = LARGEST_PAGE
    glob: re.Pattern[str] | None = None
    trailing_delimiter: bool = False

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> "Options":
        """Read the query parameters.

        Raises:
            BadRequest: `maxResults` is not a positive number, or `pageToken` is not ours.
        """
        size = query.get("maxResults", str(LARGEST_PAGE))
        if not size.isdecimal() or int(size) == 0:
            raise BadRequest(f"Invalid value for maxResults: '{size}' is not a positive number.")
        return cls(
            prefix=query.get("prefix", ""),
            delimiter=query.get("delimiter", ""),
            start=query.get("startOffset", ""),
            end=query.get("endOffset", ""),
            after=_decode(query.get("pageToken", "")),
            size=min(int(size), LARGEST_PAGE),
            glob=glob_pattern(query["matchGlob"]) if query.get("matchGlob") else None,
            trailing_delimiter=query.get("includeTrailingDelimiter", "").lower() == "true",
        )


@dataclass
class Page:
    """Names of objects, prefixes that stand for several, and the token of the next page."""

    names: list[str] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next_token: str | None = None


def list_page(bucket: Path, markers: set[str], options: Options) -> Page:
    """One page of a bucket; `markers` are the names of its folder markers."""
    page = Page()
    last = ""
    for entry, is_prefix in _entries(bucket, markers, options):
        if is_prefix and page.prefixes[-1:] == [entry]:
            continue
        if entry != last and len(page.names) + len(page.prefixes) >= options.size:
            page.next_token = _encode(last)
            return page
        (page.prefixes if is_prefix else page.names).append(entry)
        last = entry
    return page


def _entries(bucket: Path, markers: set[str], options: Options) -> Iterator[tuple[str, bool]]:
    """Names and prefixes in order, each with whether it is a prefix; prefixes repeat."""
    low = max(options.prefix, options.start)
    for name in object_names(bucket, markers, max(low, options.after)):
        if not name.startswith(options.prefix) or (options.end and name >= options.end):
            return
        if name < low or (options.glob and not options.glob.fullmatch(name)):
            continue
        prefix = _folded(name, options)
        entry = prefix or name
        if entry <= options.after:
            continue
        if prefix and name == prefix and options.trailing_delimiter:
            yield name, False
        yield entry, prefix is not None


def _folded(name: str, options: Options) -> str | None:
    """The prefix that stands for a name when the listing has a delimiter, or None."""
    if not options.delimiter:
        return None
    head, delimiter, _ = name[len(options.prefix) :].partition(options.delimiter)
    return options.prefix + head + delimiter if delimiter else None


def object_names(bucket: Path, markers: set[str], start: str = "") -> Iterator[str]:
    """Names of a bucket's objects in order, from `start` on, found as they are asked for."""
    return _names_below(bucket, "", markers, start)


def _names_below(folder: Path, prefix: str, markers: set[str], start: str) -> Iterator[str]:
    if prefix in markers and prefix >= start:
        yield prefix
    for name, is_folder in _sorted_entries(folder, prefix):
        if is_folder and (name >= start or start.startswith(name)):
            yield from _names_below(folder / name[len(prefix) : -1], name, markers, start)
        elif not is_folder and name >= start and is_object_name(name):
            yield name


def _sorted_entries(folder: Path, prefix: str) -> list[tuple[str, bool]]:
    """What a folder holds: folders end in `/`, as their objects' names go on, and sort so."""
    try:
        with os.scandir(folder) as entries:
            # Links to folders are left out: they may lead in circles.
            return sorted(
                (f"{prefix}{entry.name}/", True)
                if entry.is_dir(follow_symlinks=False)
                else (f"{prefix}{entry.name}", False)
                for entry in entries
                if entry.is_dir(follow_symlinks=False) or entry.is_file()
            )
    except FileNotFoundError:  # removed while we walk
        return []


def _encode(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _decode(token: str) -> str:
    try:
        return base64.urlsafe_b64decode(token.encode()).decode()
    except ValueError:
        raise BadRequest(f"Invalid pageToken '{token}'; give the one of the last page.") from None
