"""What a handler is given: the state of one localcloud and the ways to act on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud import virtual_environment
from localcloud.home import Home
from localcloud.images import Images
from localcloud.operations import Operations
from localcloud.store import Store
from localcloud.vertex.metadata.lineage import Lineage
from localcloud.vertex.tensorboard.points import Points

if TYPE_CHECKING:
    from localcloud.jobs.runner import JobRunner
    from localcloud.pipelines.runner import PipelineRunner
    from localcloud.prediction.servers import PredictionServers


def _no_images() -> Images:
    return Images(None, Path.cwd(), virtual_environment.default_folder())


@dataclass
class Cloud:
    """One running localcloud.

    `environment` holds the variables that point a child process at it.
    """

    home: Home
    images: Images = field(default_factory=_no_images)
    environment: dict[str, str] = field(default_factory=dict)
    store: Store = field(init=False)
    operations: Operations = field(init=False)
    lineage: Lineage = field(init=False)
    points: Points = field(init=False)

    def __post_init__(self) -> None:
        self.home.create()
        self.store = Store(self.home.database)
        self.operations = Operations(self.store)
        self.lineage = Lineage(self.store)
        self.points = Points(self.store)

    # What runs is given the cloud that it runs in, so it is imported only once that is there.

    @cached_property
    def servers(self) -> PredictionServers:
        """The processes of deployed models."""
        from localcloud.prediction.servers import PredictionServers

        return PredictionServers(self)

    @cached_property
    def pipelines(self) -> PipelineRunner:
        """What runs pipeline jobs."""
        from localcloud.pipelines.runner import PipelineRunner

        return PipelineRunner(self)

    @cached_property
    def jobs(self) -> JobRunner:
        """What runs all other jobs."""
        from localcloud.jobs.runner import JobRunner

        return JobRunner(self)
