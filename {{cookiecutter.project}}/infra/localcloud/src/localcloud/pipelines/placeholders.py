"""Placeholders that KFP's compiler leaves in commands and values, such as `{{$.pipeline_root}}`."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from localcloud.pipelines.spec import InvalidSpec, Json
from localcloud.pipelines.values import to_text

_PLACEHOLDER = re.compile(r"\{\{\$([^{}]*)\}\}")
_ESCAPE = re.compile(r"\.json_escape\[(\d+)\]$")
_STEP = re.compile(r"\.?(\w+)|\['(.*?)'\]|\[\"(.*?)\"\]")
_STRUCTURES = ('{"Concat":', '{"IfPresent":')


class Placeholders:
    """What placeholders stand for, for one job or, with its executor input, for one task.

    Args:
        constants: by name, such as `pipeline_root` for `{{$.pipeline_root}}`.
        executor_input: KFP's ExecutorInput as JSON.
        local_path: turns an artifact's URI into a path of this machine.
    """

    def __init__(
        self,
        constants: Mapping[str, str],
        executor_input: Json,
        local_path: Callable[[str], str],
    ) -> None:
        self._constants = constants
        self._input = executor_input
        self._local_path = local_path

    def fill(self, value: Json, typed: bool = False) -> Json:
        """The value with the placeholders in all its strings replaced, once.

        Args:
            value: any JSON.
            typed: a string that is one placeholder and nothing else becomes that input's value,
                a number for example, instead of its text.

        Raises:
            InvalidSpec: one is not known, or names an input or output that is not there.
        """
        if isinstance(value, str):
            whole = _PLACEHOLDER.fullmatch(value) if typed else None
            return self._value(whole[1]) if whole else self._fill_text(value)
        if isinstance(value, list):
            return [self.fill(item, typed) for item in value]
        if isinstance(value, dict):
            return {self._fill_text(key): self.fill(item, typed) for key, item in value.items()}
        return value

    def command(self, words: Sequence[str]) -> list[str]:
        """A command line; words that depend on an input's presence vanish or become several.

        Raises:
            InvalidSpec: see `fill`.
        """
        return [filled for word in words for filled in self._words(_structure(word))]

    def _words(self, word: Json) -> Iterator[str]:
        """The words that a word, or a Concat or IfPresent structure, stands for."""
        if word is None:
            return
        if isinstance(word, str):
            yield self._fill_text(word)
        elif isinstance(word, list):
            for part in word:
                yield from self._words(part)
        elif "Concat" in word:
            yield "".join(text for part in word["Concat"] for text in self._words(part))
        elif "IfPresent" in word:
            choice = word["IfPresent"]
            yield from self._words(
                choice["Then"] if self._is_present(choice["InputName"]) else choice.get("Else")
            )
        else:
            raise InvalidSpec(f"the command has a structure that is not known: {json.dumps(word)}.")

    def _is_present(self, name: str) -> bool:
        inputs = self._input.get("inputs", {})
        given = inputs.get("parameterValues", {}).get(name) is not None
        return given or bool(inputs.get("artifacts", {}).get(name))

    def _fill_text(self, text: str) -> str:
        return _PLACEHOLDER.sub(lambda found: to_text(self._value(found[1])), text)

    def _value(self, path: str) -> Json:
        if escape := _ESCAPE.search(path):
            return _escaped(to_text(self._value(path[: escape.start()])), int(escape[1]))
        if path == "":
            return json.dumps(self._input)
        steps = ["".join(groups) for groups in _STEP.findall(path)]
        try:
            if len(steps) == 1:
                return self._constants[steps[0]]
            return self._look_up(steps)
        except (IndexError, KeyError) as error:
            raise InvalidSpec(f"placeholder {{{{${path}}}}} stands for nothing here.") from error

    def _look_up(self, steps: list[str]) -> Json:
        side, kind, *rest = steps
        values = self._input.get(side, {})
        if (side, kind) == ("outputs", "output_file"):
            return values["outputFile"]
        if (side, kind) == ("inputs", "parameters"):
            return _descend(values.get("parameterValues", {}), rest)
        if (side, kind) == ("outputs", "parameters"):
            return values["parameters"][rest[0]]["outputFile"]
        if kind == "artifacts":
            artifacts = values["artifacts"][rest[0]]["artifacts"]
            return self._artifact(artifacts[0], rest[1:]) if rest[1:] else artifacts
        raise KeyError(kind)

    def _artifact(self, artifact: Json, steps: list[str]) -> Json:
        if steps[0] == "path":
            return artifact.get("customPath") or self._local_path(artifact["uri"])
        return _descend(artifact, steps)


def _escaped(text: str, levels: int) -> str:
    """The text as it stands inside so many JSON strings, one in the other."""
    for _ in range(levels):
        text = json.dumps(text)[1:-1]
    return text


def _structure(word: str) -> Json:
    return json.loads(word) if word.startswith(_STRUCTURES) else word


def _descend(value: Json, steps: Sequence[str]) -> Json:
    for step in steps:
        value = value[step]
    return value
