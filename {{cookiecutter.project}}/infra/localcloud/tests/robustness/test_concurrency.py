"""Eight clients at once over all services: no update is lost, and nothing waits for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

from tests.conftest import Localcloud
from tests.robustness.scenarios import (
    CLIENTS,
    Aliases,
    Etags,
    Events,
    Generations,
    Masks,
    Points,
    Rows,
    Scenario,
    Trials,
    Versions,
)
from tests.vertex import LOCATION, unique

SCENARIOS: tuple[Callable[[str], Scenario], ...] = (
    Aliases,
    Versions,
    Etags,
    Masks,
    Generations,
    Events,
    Points,
    Trials,
    Rows,
)


def test_no_update_is_lost(cloud_environment: Localcloud) -> None:
    parent = f"projects/{unique()}/locations/{LOCATION}"
    scenarios = [make(parent) for make in SCENARIOS]

    def use(client: int) -> None:
        for number in range(len(scenarios)):  # each begins with another one
            scenarios[(client + number) % len(scenarios)].work(client)

    with ThreadPoolExecutor(CLIENTS) as pool:
        used: list[Any] = [pool.submit(use, client) for client in range(CLIENTS)]
        assert not wait(used, timeout=120).not_done
    for each in used:
        each.result()
    for scenario in scenarios:
        scenario.check()
