"""The command that trains the model, in whatever container it runs."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from mlops.features import Features
from mlops.settings import Training

ENTRY_POINT = ("python", "-m", "mlops.training.task")
ABLATION = ("python", "-m", "mlops.training.ablation")


class Task(BaseModel):
    """All that training has to know.

    Attributes:
        features: the declaration of the data.
        training: hyperparameters.
        transformed: URI of the transformed examples, a folder a split.
        graph: URI of the tf.Transform output.
        output: URI of the SavedModel to write.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    features: Features
    training: Training
    transformed: str
    graph: str
    output: str

    @property
    def arguments(self) -> list[str]:
        """What follows the entry point."""
        return ["--task", self.model_dump_json(exclude_defaults=True)]

    @property
    def command(self) -> list[str]:
        """The whole command line, the same for this machine and for a CustomJob."""
        return [*ENTRY_POINT, *self.arguments]

    @property
    def ablation(self) -> list[str]:
        """The command line that trains again without each feature; `output` gets a page."""
        return [*ABLATION, *self.arguments]
