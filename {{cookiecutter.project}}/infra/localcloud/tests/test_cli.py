"""The `localcloud` command: starting, stopping, and what users see when something is wrong."""

from conftest import Localcloud


def test_up_again_leaves_the_running_server_alone(localcloud: Localcloud) -> None:
    before = localcloud.port
    localcloud.up()
    assert localcloud.port == before
