"""JobService: jobs of each kind live in a module of their own."""

from localcloud.vertex.custom_jobs import (
    cancel_custom_job,
    create_custom_job,
    delete_custom_job,
    get_custom_job,
    list_custom_jobs,
)

__all__ = [
    "cancel_custom_job",
    "create_custom_job",
    "delete_custom_job",
    "get_custom_job",
    "list_custom_jobs",
]
