"""What the local Vertex AI does when localcloud starts and when it stops."""

from localcloud.cloud import Cloud
from localcloud.vertex import warm_up


def recover(cloud: Cloud) -> None:
    """Take up what an earlier server left: end its operations and jobs, serve its models again."""
    cloud.operations.abort_unfinished()
    cloud.pipelines.recover()
    cloud.jobs.recover()
    cloud.monitoring.recover()
    cloud.servers.recover()
    cloud.request_logs.recover()
    cloud.endpoint_metrics.recover()
    cloud.log_files.recover()
    cloud.schedules.recover()
    cloud.syncs.recover()
    cloud.dlp_jobs.recover()
    warm_up.start(cloud)


def stop(cloud: Cloud) -> None:
    """End all processes of jobs and deployed models, and close the state."""
    cloud.schedules.stop()
    cloud.syncs.stop()
    cloud.dlp_jobs.stop()
    cloud.monitoring.stop()
    cloud.pipelines.stop()
    cloud.jobs.stop()
    cloud.servers.stop()
    cloud.forks.stop()  # their children have ended
    cloud.request_logs.stop()
    cloud.endpoint_metrics.stop()
    cloud.time_series.close()
    cloud.log_files.stop()
    cloud.log_store.close()
    cloud.store.close()
