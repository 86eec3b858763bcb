"""The root of the errors that their user can mend, and what Google Cloud refuses in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from google.api_core.exceptions import GoogleAPICallError


class UserError(Exception):
    """A mistake told in one sentence, with the way out; the command line prints it as it is."""


def summarize(error: GoogleAPICallError) -> str:
    """Code and first line of a refusal.

    BigQuery says all twice; the query, where it ran and by which job are on lines of their own.
    """
    first = str(error.message).strip().partition("\n")[0].partition("; reason: ")[0]
    return f"{error.code} {first}" if error.code else first
