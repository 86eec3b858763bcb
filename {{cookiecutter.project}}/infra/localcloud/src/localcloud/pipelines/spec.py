"""A compiled pipeline (KFP's intermediate representation, schema 2.1) as typed values.

The names are those of KFP's `pipeline_spec.proto`, shortened. `reader` makes these values
from what a client sent, `validation` looks at how they hang together.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

Json: TypeAlias = Any


class InvalidSpec(ValueError):  # noqa: N818 - it names the spec's state, as errors here do
    """The pipeline spec, or a runtime parameter, is not valid; says which part and why."""


class UnsupportedSpec(ValueError):  # noqa: N818
    """The pipeline spec is valid, but localcloud cannot run a part of it; says which."""


@dataclass(frozen=True)
class Parameter:
    """An input parameter of a component."""

    type: str
    default: Json = None
    optional: bool = False
    literals: tuple[Json, ...] = ()


@dataclass(frozen=True)
class ArtifactDefinition:
    """An input or output artifact of a component; `schema` is its ArtifactTypeSchema."""

    schema: dict[str, str]
    optional: bool = False
    is_list: bool = False


@dataclass(frozen=True)
class Constant:
    """A value written in the spec; strings in it can hold placeholders."""

    value: Json


@dataclass(frozen=True)
class ComponentInput:
    """An input of the component that the task stands in."""

    name: str


@dataclass(frozen=True)
class TaskOutput:
    """An output of another task of the same DAG."""

    task: str
    key: str


@dataclass(frozen=True)
class FinalStatus:
    """How another task of the same DAG ended (KFP's PipelineTaskFinalStatus)."""

    task: str


Source: TypeAlias = Constant | ComponentInput | TaskOutput | FinalStatus


@dataclass(frozen=True)
class Binding:
    """Where an input of a task comes from; `selector` is an expression that picks a part."""

    source: Source
    selector: str = ""


@dataclass(frozen=True)
class Loop:
    """ParallelFor: the component runs once for each item.

    The items are `raw` (a JSON list), or else the list in `input`, a parameter or, if
    `over_artifacts`, an artifact list. At most `parallelism` run at a time (0: no limit).
    """

    item: str
    raw: str
    input: str
    over_artifacts: bool
    parallelism: int


@dataclass(frozen=True)
class Retry:
    """How often a failed container is started again; waiting times in seconds."""

    count: int = 0
    backoff: float = 0.0
    factor: float = 2.0
    longest: float = 3600.0


@dataclass(frozen=True)
class Task:
    """One task of a DAG."""

    name: str
    component: str
    parameters: dict[str, Binding]
    artifacts: dict[str, Binding]
    dependencies: frozenset[str]
    condition: str
    always: bool  # runs however its dependencies ended (ALL_UPSTREAM_TASKS_COMPLETED)
    loop: Loop | None
    cached: bool
    cache_key: str  # what the pipeline's author says instead of the task's work and inputs
    retry: Retry


@dataclass(frozen=True)
class Dag:
    """Tasks, and which of their outputs are the DAG's: the first selected one that is there."""

    tasks: dict[str, Task]
    parameters: dict[str, tuple[TaskOutput, ...]]
    artifacts: dict[str, tuple[TaskOutput, ...]]


@dataclass(frozen=True)
class Container:
    """A command in an image."""

    image: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: dict[str, str]


@dataclass(frozen=True)
class Importer:
    """Makes an artifact of something that exists; `uri` can be an input parameter."""

    uri: Constant | ComponentInput
    schema: dict[str, str]
    metadata: dict[str, Json]
    reimport: bool  # else an artifact that was imported before is taken


@dataclass(frozen=True)
class Component:
    """Inputs, outputs and what stands behind them."""

    name: str
    parameters: dict[str, Parameter]
    artifacts: dict[str, ArtifactDefinition]
    output_parameters: dict[str, str]  # name → parameter type
    output_artifacts: dict[str, ArtifactDefinition]
    body: Dag | Container | Importer


@dataclass(frozen=True)
class Pipeline:
    """A whole pipeline: `root` is the component that a job runs."""

    name: str
    root: Component
    components: dict[str, Component]

    @property
    def dag(self) -> Dag:
        """The tasks of the root."""
        if not isinstance(self.root.body, Dag):
            raise InvalidSpec("root has no dag.")
        return self.root.body
