"""The machines that answer, and when there are more of them: `serving:` in config/ as types."""

from __future__ import annotations

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_METRICS = "aiplatform.googleapis.com/prediction/online/"


class Autoscaling(BaseModel):
    """What each replica should be busy with; Vertex AI adds replicas above and removes them below.

    Attributes:
        cpu_utilization: percent of the machine's CPUs.
        gpu_duty_cycle: percent of the time that the accelerators work.
        requests_per_minute: that one replica answers.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    cpu_utilization: int | None = Field(default=None, ge=1, le=100)
    gpu_duty_cycle: int | None = Field(default=None, ge=1, le=100)
    requests_per_minute: int | None = Field(default=None, ge=1)


class Routing(BaseModel):
    """Who is served by the canary's own endpoint, whatever the traffic split is.

    Attributes:
        header: of a request, which names the user's group.
        group: the value of it that leads to the canary.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    header: str = Field(default="x-user-group", pattern=r"^[A-Za-z0-9-]+$")
    group: str = Field(default="canary", min_length=1)


class Serving(BaseModel):
    """The machines of a deployed model."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    machine_type: str
    accelerator_type: str | None = None
    accelerator_count: int = Field(default=1, ge=1)
    min_replica_count: int = Field(ge=1)
    max_replica_count: int = Field(ge=1)
    autoscaling: Autoscaling = Autoscaling()
    routing: Routing = Routing()

    def dedicated_resources(self) -> dict[str, Any]:
        """The machines as Vertex AI's `DedicatedResources`."""
        machine: dict[str, Any] = {"machine_type": self.machine_type}
        if self.accelerator_type:
            machine["accelerator_type"] = self.accelerator_type
            machine["accelerator_count"] = self.accelerator_count
        targets = {
            "cpu/utilization": self.autoscaling.cpu_utilization,
            "accelerator/duty_cycle": self.autoscaling.gpu_duty_cycle,
            "request_count": self.autoscaling.requests_per_minute,
        }
        return {
            "machine_spec": machine,
            "min_replica_count": self.min_replica_count,
            "max_replica_count": self.max_replica_count,
            "autoscaling_metric_specs": [
                {"metric_name": _METRICS + name, "target": target}
                for name, target in targets.items()
                if target is not None
            ],
        }

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.min_replica_count > self.max_replica_count:
            raise ValueError(
                f"serving.min_replica_count is {self.min_replica_count}, more than"
                f" serving.max_replica_count, {self.max_replica_count}: raise the latter"
            )
        if self.autoscaling.gpu_duty_cycle and not self.accelerator_type:
            raise ValueError(
                "serving.autoscaling.gpu_duty_cycle needs serving.accelerator_type, such as"
                " NVIDIA_TESLA_T4"
            )
        return self
