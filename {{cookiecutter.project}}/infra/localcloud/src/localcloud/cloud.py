"""What a handler is given: the state of one localcloud and the ways to act on it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud import virtual_environment
from localcloud.clock import Clock
from localcloud.cloud_logging.entries import LogStore
from localcloud.cloud_monitoring.series import TimeSeriesStore
from localcloud.faults import Faults
from localcloud.feature_store.rows import Rows
from localcloud.forks import ForkServers
from localcloud.home import Home
from localcloud.images import Images
from localcloud.operations import Operations
from localcloud.store import Store
from localcloud.vertex.metadata.lineage import Lineage
from localcloud.vertex.tensorboard.points import Points

if TYPE_CHECKING:
    from localcloud.cloud_logging.log_files import LogFiles
    from localcloud.cloud_monitoring.endpoint_metrics import EndpointMetrics
    from localcloud.dlp.jobs import DlpJobs
    from localcloud.feature_store.syncs import Syncs
    from localcloud.jobs.runner import JobRunner
    from localcloud.monitoring.runner import MonitoringRunner
    from localcloud.pipelines.runner import PipelineRunner
    from localcloud.prediction.servers import PredictionServers
    from localcloud.request_logging.request_logs import RequestLogs
    from localcloud.schedules.scheduler import Scheduler


def _no_images() -> Images:
    return Images(None, Path.cwd(), virtual_environment.default_folder())


@dataclass
class Cloud:
    """One running localcloud.

    `environment` holds the variables that point a child process at it; `servers` are the
    processes of deployed models, `forks` the warm ones that these and pipelines'
    tasks are forked from, `pipelines` and `jobs` run what their names say.
    """

    home: Home
    images: Images = field(default_factory=_no_images)
    environment: dict[str, str] = field(default_factory=dict)
    faults: Faults = field(default_factory=Faults)
    clock: Clock = field(init=False)
    store: Store = field(init=False)
    operations: Operations = field(init=False)
    lineage: Lineage = field(init=False)
    points: Points = field(init=False)
    servers: PredictionServers = field(init=False)
    forks: ForkServers = field(init=False)
    pipelines: PipelineRunner = field(init=False)
    jobs: JobRunner = field(init=False)
    request_logs: RequestLogs = field(init=False)
    time_series: TimeSeriesStore = field(init=False)
    endpoint_metrics: EndpointMetrics = field(init=False)
    log_store: LogStore = field(init=False)
    log_files: LogFiles = field(init=False)
    schedules: Scheduler = field(init=False)
    feature_rows: Rows = field(init=False)
    syncs: Syncs = field(init=False)
    monitoring: MonitoringRunner = field(init=False)
    dlp_jobs: DlpJobs = field(init=False)

    def __post_init__(self) -> None:
        # What runs things is given this cloud, so its modules import this one.
        from localcloud.cloud_logging.log_files import LogFiles
        from localcloud.cloud_monitoring.endpoint_metrics import EndpointMetrics
        from localcloud.dlp.jobs import DlpJobs
        from localcloud.feature_store.syncs import Syncs
        from localcloud.jobs.runner import JobRunner
        from localcloud.monitoring.runner import MonitoringRunner
        from localcloud.pipelines.runner import PipelineRunner
        from localcloud.prediction.servers import PredictionServers
        from localcloud.request_logging.request_logs import RequestLogs
        from localcloud.schedules.scheduler import Scheduler

        self.home.create()
        self.clock = Clock(self.home.clock)
        self.store = Store(self.home.database)
        self.operations = Operations(self.store)
        self.lineage = Lineage(self.store)
        self.points = Points(self.store)
        self.servers = PredictionServers(self)
        self.forks = ForkServers(self.home.logs)
        self.pipelines = PipelineRunner(self)
        self.jobs = JobRunner(self)
        self.request_logs = RequestLogs(self)
        self.time_series = TimeSeriesStore(self.home.time_series)
        self.endpoint_metrics = EndpointMetrics(self)
        self.log_store = LogStore(self.home.log_entries)
        self.log_files = LogFiles(self)
        self.schedules = Scheduler(self)
        self.feature_rows = Rows(self.store)
        self.syncs = Syncs(self)
        self.monitoring = MonitoringRunner(self)
        self.dlp_jobs = DlpJobs(self)
