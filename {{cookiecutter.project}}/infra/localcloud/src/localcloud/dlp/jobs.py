"""Runs DLP's jobs: inspections of tables and objects, and risk analyses."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud.dlp_v2 import DlpJob, Error

from localcloud import errors
from localcloud.rpc import raw
from localcloud.vertex.resources import now

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_LOG = logging.getLogger(__name__)
ENDED = (DlpJob.JobState.DONE, DlpJob.JobState.CANCELED, DlpJob.JobState.FAILED)


class DlpJobs:
    """Starts jobs, each in a thread of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._threads: set[threading.Thread] = set()
        self._stopped = threading.Event()

    def start(self, job: DlpJob) -> None:
        """Keep a new job and begin it; returns at once."""
        self._cloud.store.create(job)
        self._begin(job.name)

    def recover(self) -> None:
        """Begin again the jobs that an earlier server has left; they only read until they end."""
        store = self._cloud.store
        for collection in store.collections("/dlpJobs"):
            for job in store.in_collection(collection, DlpJob):
                if job.state not in ENDED:
                    self._begin(job.name)

    def stop(self) -> None:
        """Wait for the jobs that run, which end at their next text."""
        self._stopped.set()
        for thread in list(self._threads):
            thread.join()

    def _begin(self, name: str) -> None:
        thread = threading.Thread(target=self._run, args=(name,), name=name, daemon=True)
        self._threads.add(thread)
        thread.start()

    def _run(self, name: str) -> None:
        try:
            with self._cloud.store.editing(name, DlpJob) as job:
                if job.state in ENDED:
                    return
                job.state, job.start_time = DlpJob.JobState.RUNNING, now()
            self._finish(name, self._work(job))
        except NotFound:
            _LOG.info("%s was deleted while it ran", name)
        finally:
            self._threads.discard(threading.current_thread())

    def _work(self, job: DlpJob) -> Callable[[DlpJob], None]:
        """What the job's end changes in it."""
        # the modules that read sources import the cloud, which holds this runner
        from localcloud.dlp import risk

        try:
            if "risk_details" in job:
                asked = raw(job).risk_details.requested_options.job_config
                details = risk.analyse(self._cloud, asked)

                def end(ended: DlpJob) -> None:
                    raw(ended).risk_details.MergeFrom(raw(details))

                return end
            return self._inspect(job)
        except GoogleAPICallError as error:
            return _failing(error)
        except Exception as error:
            _LOG.exception("job %s", job.name)
            return _failing(errors.internal(error))

    def _inspect(self, job: DlpJob) -> Callable[[DlpJob], None]:
        from localcloud.dlp import saved_findings, sources
        from localcloud.dlp.content import reports
        from localcloud.dlp.inspector import Inspector
        from localcloud.dlp.limits import Limits

        asked = raw(job).inspect_details.requested_options.job_config
        config = asked.inspect_config
        inspector = Inspector(config, self._cloud.home.storage)
        limits, size = Limits(config.limits), 0
        found: list[Any] = []
        for text, place in sources.texts(self._cloud, asked.storage_config):
            if self._stopped.is_set() or self._is_canceled(job.name):
                break
            size += len(text.encode())
            found += reports(inspector, config, limits, (text, place))
        else:
            for action in asked.actions:
                table = sources.table_of(action.save_findings.output_config.table)
                saved_findings.save(self._cloud, table, job.name, found)

        def end(ended: DlpJob) -> None:
            result = raw(ended).inspect_details.result
            result.processed_bytes = result.total_estimated_bytes = size
            for name, count in sorted(limits.counts.items()):
                result.info_type_stats.add(count=count).info_type.name = name

        return end

    def _is_canceled(self, name: str) -> bool:
        return bool(self._cloud.store.get(name, DlpJob).state == DlpJob.JobState.CANCELED)

    def _finish(self, name: str, change: Callable[[DlpJob], None]) -> None:
        if self._stopped.is_set():
            return  # the next server begins it again
        with self._cloud.store.editing(name, DlpJob) as job:
            if job.state in ENDED:
                return
            job.state, job.end_time = DlpJob.JobState.DONE, now()
            change(job)


def _failing(error: GoogleAPICallError) -> Callable[[DlpJob], None]:
    def end(ended: DlpJob) -> None:
        ended.state = DlpJob.JobState.FAILED
        told = Error(timestamps=[now()])
        raw(told).details.CopyFrom(errors.to_status(error))
        ended.errors.append(told)

    return end
