"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that would make a command fail later, and the command that fixes it."""

    problem: str
    fix: str
