"""Cloud Storage's glob patterns (`matchGlob`): `*` stays within a folder, `**` does not."""

import re

_TOKENS = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|\{[^{}]*\}|.", re.DOTALL)
_WILDCARDS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def glob_pattern(glob: str) -> re.Pattern[str]:
    """The regular expression that the whole of a matching name fulfils."""
    return re.compile(_translate(glob), re.DOTALL)


def _translate(glob: str) -> str:
    return "".join(_token(token) for token in _TOKENS.findall(glob))


def _token(token: str) -> str:
    if token in _WILDCARDS:
        return _WILDCARDS[token]
    if len(token) > 1 and token[0] == "[":
        negated, characters = token[1] == "!", token[1:-1].removeprefix("!")
        return f"[{'^' if negated else ''}{characters.replace(chr(92), chr(92) * 2)}]"
    if len(token) > 1 and token[0] == "{":
        return f"(?:{'|'.join(map(_translate, token[1:-1].split(',')))})"
    return re.escape(token)
