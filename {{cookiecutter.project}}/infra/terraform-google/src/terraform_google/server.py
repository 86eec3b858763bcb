"""Serving the stand-ins to a real terraform, by its reattach mode.

https://developer.hashicorp.com/terraform/plugin/debugging: terraform connects to a provider that
already runs and neither downloads one nor checks a version constraint or a lock file.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import grpc

from terraform_google.protocol import services
from terraform_google.provider import Provider
from terraform_google.schema import MAJOR_VERSIONS, PROVIDERS, load

NEWEST = MAJOR_VERSIONS[-1]


@contextmanager
def attached(major_version: int = NEWEST, *, creates: bool = False) -> Iterator[dict[str, str]]:
    """Serves the providers; gives the environment variables with which terraform finds them.

    With `creates`, resources are also made by Google's clients, as far as `creation` knows how.

    The sockets lie in a folder that only this user can enter.
    """
    with tempfile.TemporaryDirectory(prefix="terraform-google-") as folder:
        servers, addresses = [], {}
        for name in PROVIDERS:
            socket = Path(folder, name)
            servers.append(_serve(Provider(load(name, major_version), creates), socket))
            addresses[f"registry.terraform.io/hashicorp/{name}"] = _address(socket)
        try:
            yield {"TF_REATTACH_PROVIDERS": json.dumps(addresses)}
        finally:
            for server in servers:
                server.stop(grace=None).wait()


def _serve(provider: Provider, socket: Path) -> grpc.Server:
    unlimited = [(f"grpc.max_{way}_message_length", -1) for way in ("send", "receive")]
    server = grpc.server(ThreadPoolExecutor(max_workers=8), options=unlimited)
    services.add_ProviderServicer_to_server(provider, server)
    server.add_insecure_port(f"unix://{socket}")
    server.start()
    return server


def _address(socket: Path) -> dict[str, object]:
    return {
        "Protocol": "grpc",
        "ProtocolVersion": 5,
        "Pid": os.getpid(),
        "Test": True,  # terraform does not end the process when it is done
        "Addr": {"Network": "unix", "String": str(socket)},
    }
