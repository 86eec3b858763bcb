"""Who gets which model, measured: a traffic split, the header of a group, and replica settings."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import pytest

from tests.rehearsal.conftest import Rehearsal, succeed

REQUESTS, SHARE = 1000, 0.3

# deploys three versions of a tiny model server: two share an endpoint, the third has the canary's
SCRIPT = """
import asyncio, json, sys
from datetime import UTC, datetime, timedelta
import httpx
from google.cloud import aiplatform, monitoring_v3
from mlops.release import deployment
from mlops.release.router import Router, canary_name, endpoint_target
from mlops.serving_settings import Serving
from mlops.settings import load_settings

SERVER = '''
import os, http.server
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    def do_GET(self): self.answer(b"{}")
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b'{"predictions": ["%s"]}' % os.environ["VERSION"].encode())
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
address = "127.0.0.1", int(os.environ["AIP_HTTP_PORT"])
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
'''
requests, share = int(sys.argv[1]), float(sys.argv[2])
settings = load_settings()
aiplatform.init(project=settings.project, location=settings.location)
serving = Serving(
    machine_type="n1-standard-2", min_replica_count=1, max_replica_count=4,
    autoscaling={"cpu_utilization": 60},
)
name = "routing"
models = [
    aiplatform.Model.upload(
        display_name=f"routing-{version}",
        serving_container_image_uri="python:3.11",
        serving_container_command=["python", "-c", SERVER],
        serving_container_environment_variables={"VERSION": version},
    )
    for version in ("champion", "canary", "group")
]
endpoint = deployment.deploy_champion(name, models[0], serving)
champion = next(iter(endpoint.traffic_split))
canary = deployment._deploy(endpoint, models[1], serving)
percent = round(100 * share)
endpoint.update(traffic_split={champion: 100 - percent, canary: percent})
own = deployment.deploy_champion(canary_name(name), models[2], serving)
router = Router(settings.serving.routing, endpoint_target(name), endpoint_target(canary_name(name)))


async def ask(count, headers):
    transport = httpx.ASGITransport(router)
    async with httpx.AsyncClient(transport=transport, base_url="http://router") as client:
        gate = asyncio.Semaphore(8)

        async def one():
            async with gate:
                answer = await client.post("/predict", json={"instances": [1]}, headers=headers)
                return answer.json()["predictions"][0]

        return await asyncio.gather(*(one() for _ in range(count)))


async def main():
    return await ask(requests, {}), await ask(50, {"X-User-Group": "canary"})


since = datetime.now(UTC)
everybody, group = asyncio.run(main())
counted = {}
for series in monitoring_v3.MetricServiceClient().list_time_series(
    request={
        "name": f"projects/{settings.project}",
        "filter": 'metric.type = "aiplatform.googleapis.com/prediction/online/response_count" AND '
        f'resource.labels.endpoint_id = "{endpoint.name}"',
        # releases may have moved localcloud's clock ahead
        "interval": {"start_time": since, "end_time": datetime.now(UTC) + timedelta(days=30)},
    }
):
    total = sum(point.value.int64_value for point in series.points)
    counted[series.metric.labels["model_display_name"]] = total
resources = endpoint.list_models()[0].dedicated_resources
print(json.dumps({
    "everybody": {each: everybody.count(each) for each in set(everybody)},
    "group": {each: group.count(each) for each in set(group)},
    "counted": counted,
    "replicas": [resources.min_replica_count, resources.max_replica_count],
    "targets": {each.metric_name: each.target for each in resources.autoscaling_metric_specs},
}))
endpoint.delete(force=True)
own.delete(force=True)
"""


@pytest.fixture(scope="module")
def routed(rehearsal: Rehearsal) -> dict[str, Any]:
    """What became of the requests."""
    arguments = (sys.executable, "-c", SCRIPT, str(REQUESTS), str(SHARE))
    output = succeed(rehearsal.localcloud("run", "--", *arguments))
    found = next(line for line in output.splitlines() if line.startswith('{"everybody"'))
    report: dict[str, Any] = json.loads(found)
    return report


def binomial_bounds(trials: int, share: float, outside: float) -> tuple[int, int]:
    """The counts below and above which at most half of `outside` lies each, exactly."""
    chances = [
        math.comb(trials, count) * share**count * (1 - share) ** (trials - count)
        for count in range(trials + 1)
    ]
    low = next(n for n in range(trials + 1) if math.fsum(chances[: n + 1]) > outside / 2)
    high = next(n for n in range(trials, -1, -1) if math.fsum(chances[n:]) > outside / 2)
    return low, high


def test_the_canary_gets_its_share_of_the_traffic(routed: dict[str, Any]) -> None:
    low, high = binomial_bounds(REQUESTS, SHARE, 0.001)
    assert (low, high) == (253, 348)
    assert set(routed["everybody"]) == {"champion", "canary"}
    assert sum(routed["everybody"].values()) == REQUESTS
    assert low <= routed["everybody"]["canary"] <= high


def test_the_header_leads_to_the_canarys_own_endpoint_always(routed: dict[str, Any]) -> None:
    assert routed["group"] == {"group": 50}


def test_cloud_monitoring_counts_what_each_model_answered(routed: dict[str, Any]) -> None:
    counted = {name.removeprefix("routing-"): count for name, count in routed["counted"].items()}
    assert counted == routed["everybody"]


def test_a_deployment_carries_replicas_and_target(routed: dict[str, Any]) -> None:
    assert routed["replicas"] == [1, 4]
    cpu = "aiplatform.googleapis.com/prediction/online/cpu/utilization"
    assert routed["targets"] == {cpu: 60}
