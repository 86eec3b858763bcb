"""The machines that train one model together, as Vertex AI tells them in TF_CONFIG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    from tensorflow.distribute import Strategy


@dataclass(frozen=True)
class Cluster:
    """What this process is among the machines.

    Attributes:
        strategy: how one step of training is shared by all accelerators of all machines.
        is_chief: whether this process saves and tells what was learnt; one of them does.
    """

    strategy: Strategy
    is_chief: bool = True


def join_cluster() -> Cluster:
    """Joins the machines of TF_CONFIG, before anything else is done with TensorFlow.

    A machine without others shares the work among its accelerators, if it has several.
    """
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    if _count_machines(resolver) > 1:
        strategy = tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
        return Cluster(strategy, is_chief=resolver.task_type == "chief")
    if len(tf.config.list_physical_devices("GPU")) > 1:
        return Cluster(tf.distribute.MirroredStrategy())
    return Cluster(tf.distribute.get_strategy())


def _count_machines(resolver: tf.distribute.cluster_resolver.ClusterResolver) -> int:
    cluster = resolver.cluster_spec()
    return sum(cluster.num_tasks(job) for job in cluster.jobs)
