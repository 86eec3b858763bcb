"""The state folder of one localcloud: everything it keeps lies below it."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """Paths inside the state folder (`.localcloud` in the working folder unless told otherwise)."""

    root: Path

    @classmethod
    def from_environment(cls) -> "Home":
        """The folder that `LOCALCLOUD_HOME` names, else `.localcloud` in the working folder."""
        return cls(Path(os.environ.get("LOCALCLOUD_HOME") or ".localcloud").absolute())

    @property
    def database(self) -> Path:
        """SQLite file with resources, operations and the pipeline cache."""
        return self.root / "state.sqlite"

    @property
    def time_series(self) -> Path:
        """SQLite file with the time series of Cloud Monitoring."""
        return self.root / "time_series.sqlite"

    @property
    def log_entries(self) -> Path:
        """SQLite file with the entries of Cloud Logging."""
        return self.root / "log_entries.sqlite"

    @property
    def storage(self) -> Path:
        """Cloud Storage as plain files: `gs://BUCKET/OBJECT` is `storage/BUCKET/OBJECT`."""
        return self.root / "storage"

    @property
    def bigquery(self) -> Path:
        """Tables of the local BigQuery."""
        return self.root / "bigquery"

    @property
    def pipelines(self) -> Path:
        """Repositories of compiled pipelines."""
        return self.root / "pipelines"

    @property
    def logs(self) -> Path:
        """Logs of the server, of each pipeline task and of each deployed model."""
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        """Throw-away certificate authority and service account; mode 0700."""
        return self.root / "secrets"

    @property
    def ca_certificate(self) -> Path:
        """The certificate of the throw-away authority alone."""
        return self.secrets / "ca.pem"

    @property
    def ca_bundle(self) -> Path:
        """Roots that a child process trusts: the machine's and the throw-away authority."""
        return self.secrets / "bundle.pem"

    @property
    def ca_directory(self) -> Path:
        """The same roots as a folder in which OpenSSL looks one up, instead of reading them all."""
        return self.secrets / "roots"

    @property
    def service_account(self) -> Path:
        """Key file of the service account that only this localcloud accepts."""
        return self.secrets / "service_account.json"

    @property
    def server_log(self) -> Path:
        """What the server itself logs."""
        return self.logs / "server.log"

    @property
    def server_state(self) -> Path:
        """Address and process of the server that runs, or ran last."""
        return self.root / "server.json"

    @property
    def clock(self) -> Path:
        """How far the clock that schedules follow is ahead of real time."""
        return self.root / "clock"

    @property
    def lock(self) -> Path:
        """File that a running server holds locked."""
        return self.root / "server.lock"

    def create(self) -> None:
        """Make the folders that are missing, readable by this user alone."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.lock.touch(mode=0o600)  # by which `localcloud reset` knows a folder of its own
        for folder in (self.storage, self.bigquery, self.logs, self.secrets):
            folder.mkdir(mode=0o700, exist_ok=True)
