"""Runs the syncs of feature views, on demand and by their cron."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.cloud.aiplatform_v1.types import FeatureOnlineStore, FeatureView, FeatureViewSync
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from localcloud import errors
from localcloud.resource_manager.projects import project_number
from localcloud.rpc import raw
from localcloud.schedules.alarm import Alarm
from localcloud.schedules.cron import next_time
from localcloud.vertex.resources import new_id, now

if TYPE_CHECKING:
    from localcloud.cloud import Cloud

_STOPPED = "localcloud was stopped while the sync ran; start it again."
_LOG = logging.getLogger(__name__)


class Syncs:
    """Starts syncs, each in a thread of its own; those of one view wait for one another."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._alarm = Alarm("feature view syncs", cloud.clock, self._start_what_is_due)
        self._due: dict[tuple[str, str], datetime] = {}  # by view and cron
        self._locks: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._threads: set[threading.Thread] = set()
        self._guard = threading.Lock()

    def start(self, view: str) -> FeatureViewSync:
        """Begin a sync of a feature view; returns at once."""
        sync = FeatureViewSync(name=f"{view}/featureViewSyncs/{new_id()}", create_time=now())
        self._cloud.store.create(sync)
        thread = threading.Thread(target=self._run, args=(view, sync.name), daemon=True)
        with self._guard:
            self._threads.add(thread)
        thread.start()
        return sync

    def changed(self) -> None:
        """Look again, because a feature view was made or changed."""
        self._alarm.wake()

    def recover(self) -> None:
        """End the syncs that an earlier server has left, and follow the views' crons from now on.

        Times that have passed meanwhile are left out: the next sync brings all that is new.
        """
        store = self._cloud.store
        for collection in store.collections("/featureViewSyncs"):
            for sync in store.in_collection(collection, FeatureViewSync):
                if not raw(sync).HasField("final_status"):
                    self._end(sync.name, Status(code=StatusCode.ABORTED.value[0], message=_STOPPED))
        self._alarm.start()

    def stop(self) -> None:
        """Start no more syncs, and wait for those that run."""
        self._alarm.stop()
        with self._guard:
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    def _start_what_is_due(self) -> datetime | None:
        time = self._cloud.clock.now()
        due: dict[tuple[str, str], datetime] = {}
        for view in self._views():
            cron = view.sync_config.cron
            if not cron:
                continue
            due[view.name, cron] = self._due.get((view.name, cron)) or next_time(cron, time)
            if due[view.name, cron] <= time:
                self.start(view.name)
                due[view.name, cron] = next_time(cron, time)
        self._due = due
        return min(due.values(), default=None)

    def _views(self) -> list[Any]:
        store = self._cloud.store
        return [
            view
            for collection in store.collections("/featureViews")
            for view in store.in_collection(collection, FeatureView)
        ]

    def _run(self, view: str, sync: str) -> None:
        try:
            with self._lock_of(view):
                self._sync(view, sync)
        except NotFound:
            _LOG.info("%s was deleted while it was synced", view)
        finally:
            with self._guard:
                self._threads.discard(threading.current_thread())

    def _lock_of(self, view: str) -> threading.Lock:
        with self._guard:
            return self._locks[view]

    def _sync(self, view: str, sync: str) -> None:
        # the modules that read sources import the cloud, which holds this runner
        from localcloud.feature_store.sync import read_rows

        with self._cloud.store.editing(sync, FeatureViewSync) as running:
            running.run_time.start_time.FromDatetime(now())
        try:
            rows = read_rows(self._cloud, self._cloud.store.get(view, FeatureView))
        except GoogleAPICallError as error:
            return self._end(sync, errors.to_status(error))
        except Exception as error:
            _LOG.exception("sync of %s", view)
            return self._end(sync, errors.to_status(errors.internal(error)))
        with self._cloud.store.transaction():
            self._end(sync, Status(), len(rows))
            self._cloud.feature_rows.replace(view, rows)
            self._open_endpoint(view.partition("/featureViews/")[0])

    def _end(self, name: str, status: Status, count: int = 0) -> None:
        with self._cloud.store.editing(name, FeatureViewSync) as sync:
            sync.run_time.end_time.FromDatetime(now())
            raw(sync).final_status.CopyFrom(status)
            raw(sync).final_status.SetInParent()  # also one that says OK, and so nothing else
            sync.sync_summary.row_synced = count

    def _open_endpoint(self, store: str) -> None:
        """Give an optimized store its public endpoint, which it has from its first sync on."""
        with self._cloud.store.editing(store, FeatureOnlineStore) as edited:
            endpoint = edited.dedicated_serving_endpoint
            if "optimized" in edited and not endpoint.public_endpoint_domain_name:
                _, project, _, region = store.split("/")[:4]
                endpoint.public_endpoint_domain_name = (
                    f"{new_id()}.{region}-{project_number(project)}.featurestore.vertexai.goog"
                )
