"""Identifiers: columns may have names that are reserved in DuckDB alone, such as `at`."""

import duckdb
from bqemulator.jobs import executor
from bqemulator.sql.rules import register
from bqemulator.sql.rules._base import TranslationRule
from bqemulator.sql.translator import SQLTranslator
from sqlglot import exp


def apply() -> None:
    """Add a rule to those by which bqemulator translates SQL."""
    register(_QuoteReserved)
    executor._translator = SQLTranslator()  # the one at hand was made without the rule


class _QuoteReserved(TranslationRule):  # type: ignore[misc]  # bqemulator is not checked
    """Puts quotes around identifiers that DuckDB would take for keywords."""

    name = "QUOTE_RESERVED"

    def __init__(self) -> None:
        words = duckdb.execute(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        ).fetchall()
        self._reserved = {word for (word,) in words}

    def applies_to(self, node: exp.Expression) -> bool:
        """Whether the node is such an identifier."""
        # Also of one in quotes: bqemulator adds them to its own copy of the statement, and falls
        # back to the one without unless a rule has changed something.
        return isinstance(node, exp.Identifier) and node.name.lower() in self._reserved

    def rewrite(self, node: exp.Expression) -> exp.Expression:
        """The identifier in quotes."""
        return exp.Identifier(this=node.name, quoted=True)
