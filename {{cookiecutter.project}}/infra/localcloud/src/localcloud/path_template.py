"""Path templates of google.api.http, such as `/v1/{parent=projects/*/locations/*}/models`."""

import re
from dataclasses import dataclass
from functools import cache

_VARIABLE = re.compile(r"\{(?P<field>[^=}]+)(?:=(?P<pattern>[^}]*))?\}")
_WILDCARD = re.compile(r"(\*\*?)")
_SEGMENTS = {"*": "[^/]+", "**": ".+"}


@dataclass(frozen=True)
class PathTemplate:
    """A compiled template: the paths it matches and the patterns of the fields it fills."""

    path: re.Pattern[str]
    fields: dict[str, str]

    def match(self, path: str) -> dict[str, str] | None:
        """The fields' values if the template matches a path, else None."""
        match = self.path.fullmatch(path)
        return dict(zip(self.fields, match.groups(), strict=True)) if match else None


@cache
def parse(template: str) -> PathTemplate:
    """Compile a template; a variable without a pattern stands for one segment."""
    fields: dict[str, str] = {}
    expression, end = "", 0
    for variable in _VARIABLE.finditer(template):
        fields[variable["field"]] = pattern = variable["pattern"] or "*"
        expression += f"{_expression(template[end : variable.start()])}({_expression(pattern)})"
        end = variable.end()
    return PathTemplate(re.compile(expression + _expression(template[end:])), fields)


@cache
def name_pattern(pattern: str) -> re.Pattern[str]:
    """A resource name pattern such as `projects/*` as a regular expression."""
    return re.compile(_expression(pattern))


def _expression(pattern: str) -> str:
    return "".join(_SEGMENTS.get(part) or re.escape(part) for part in _WILDCARD.split(pattern))
