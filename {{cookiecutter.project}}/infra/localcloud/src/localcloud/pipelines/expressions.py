"""The Common Expression Language, as far as KFP writes it: conditions and item selectors.

KFP's compiler writes comparisons of `inputs.parameter_values['x']`, of `int(…)`, `double(…)`
and literals, joined by `&&` and `!`; and the selector `parseJson(string_value)["x"]`. The
grammar here is CEL's without macros, timestamps and message literals.
"""

import json
import operator
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TypeAlias

from localcloud.pipelines.spec import InvalidSpec, Json

Variables: TypeAlias = Mapping[str, Json]
Expression: TypeAlias = Callable[[Variables], Json]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>\d+\.\d*(?:[eE][-+]?\d+)?|\d+(?:[eE][-+]?\d+)?)
    | (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<name>[A-Za-z_]\w*)
    | (?P<symbol>&&|\|\||[=!<>]=|[-+*/%!<>().,\[\]])
    )""",
    re.VERBOSE,
)
_LITERALS = {"true": True, "false": False, "null": None}
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


def parse(text: str) -> Expression:
    """The function that an expression stands for; it takes the variables by name.

    Raises:
        InvalidSpec: the text is not an expression of the supported grammar.
    """
    return _parse(text)


@lru_cache(maxsize=1024)
def _parse(text: str) -> Expression:
    parser = _Parser(text)
    expression = parser.either()
    parser.end()
    return expression


def evaluate(text: str, variables: Variables) -> Json:
    """The value of an expression.

    Raises:
        InvalidSpec: it does not parse, or it fails for these values.
    """
    expression = parse(text)
    try:
        return expression(variables)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise InvalidSpec(f"expression {text} fails: {type(error).__name__}: {error}.") from error


class _Parser:
    """Recursive descent, a method a level of precedence."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._at = 0

    def end(self) -> None:
        if self._at < len(self._tokens):
            raise self._error()

    def either(self) -> Expression:
        left = self._both()
        while self._take("||"):
            left = _or(left, self._both())
        return left

    def _both(self) -> Expression:
        left = self._relation()
        while self._take("&&"):
            left = _and(left, self._relation())
        return left

    def _relation(self) -> Expression:
        return self._binary(self._sum, _RELATIONS)

    def _sum(self) -> Expression:
        return self._binary(self._product, _SUMS)

    def _product(self) -> Expression:
        return self._binary(self._unary, _PRODUCTS)

    def _binary(
        self, operand: Callable[[], Expression], operators: Mapping[str, Callable[..., Json]]
    ) -> Expression:
        left = operand()
        while symbol := self._take(*operators):
            left = _apply(operators[symbol], left, operand())
        return left

    def _unary(self) -> Expression:
        if self._take("!"):
            return _apply(operator.not_, self._unary())
        if self._take("-"):
            return _apply(operator.neg, self._unary())
        return self._member()

    def _member(self) -> Expression:
        value = self._primary()
        while symbol := self._take(".", "["):
            if symbol == ".":
                value = _apply(operator.getitem, value, _constant(self._expect("name")))
            else:
                value = _apply(operator.getitem, value, self.either())
                self._expect("]")
        return value

    def _primary(self) -> Expression:
        if self._take("("):
            inner = self.either()
            self._expect(")")
            return inner
        if self._at == len(self._tokens):
            raise self._error()
        kind, word = self._tokens[self._at]
        self._at += 1
        if kind == "number":
            return _constant(float(word) if re.search(r"[.eE]", word) else int(word))
        if kind == "text":
            return _constant(_unquoted(word))
        if word in _LITERALS:
            return _constant(_LITERALS[word])
        if kind == "name" and word != "in":
            return self._call(word) if self._take("(") else _variable(word)
        raise self._error(back=1)

    def _call(self, name: str) -> Expression:
        if name not in _FUNCTIONS:
            raise InvalidSpec(f"expression {self._text} calls {name}, which is not known here.")
        argument = self.either()
        self._expect(")")
        return _apply(_FUNCTIONS[name], argument)

    def _take(self, *symbols: str) -> str:
        if self._at < len(self._tokens):
            kind, token = self._tokens[self._at]
            if token in symbols and kind in ("symbol", "name"):
                self._at += 1
                return token
        return ""

    def _expect(self, wanted: str) -> str:
        if self._at < len(self._tokens) and wanted in self._tokens[self._at]:
            self._at += 1
            return self._tokens[self._at - 1][1]
        raise self._error()

    def _error(self, back: int = 0) -> InvalidSpec:
        rest = "".join(token for _, token in self._tokens[self._at - back :]) or "its end"
        return InvalidSpec(f"expression {self._text} cannot be read at {rest}.")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, at = [], 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise InvalidSpec(f"expression {text} cannot be read at {text[at:].strip()}.")
        tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
        at = match.end()
    return tokens


def _unquoted(token: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), token[1:-1])


def _constant(value: Json) -> Expression:
    return lambda _: value


def _variable(name: str) -> Expression:
    return lambda variables: variables[name]


def _apply(function: Callable[..., Json], *operands: Expression) -> Expression:
    return lambda variables: function(*(operand(variables) for operand in operands))


def _and(left: Expression, right: Expression) -> Expression:
    return lambda variables: bool(left(variables)) and bool(right(variables))


def _or(left: Expression, right: Expression) -> Expression:
    return lambda variables: bool(left(variables)) or bool(right(variables))


def _equal(left: Json, right: Json) -> bool:
    # CEL knows no 1 == true, unlike Python
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _parse_json(value: Json) -> Json:
    return json.loads(value) if isinstance(value, str) else value


_RELATIONS: dict[str, Callable[..., Json]] = {
    "==": _equal,
    "!=": lambda left, right: not _equal(left, right),
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda item, items: item in items,
}
_SUMS: dict[str, Callable[..., Json]] = {"+": operator.add, "-": operator.sub}
_PRODUCTS: dict[str, Callable[..., Json]] = {
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}
_FUNCTIONS: dict[str, Callable[..., Json]] = {
    "bool": bool,
    "double": float,
    "int": int,
    "parseJson": _parse_json,
    "size": len,
    "string": str,
}
