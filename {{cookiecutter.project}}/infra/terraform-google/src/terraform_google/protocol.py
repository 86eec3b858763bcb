"""The messages and the service of Terraform's plugin protocol, made from protocol.proto."""

from __future__ import annotations

from typing import Any

import grpc

messages: Any
services: Any
messages, services = grpc.protos_and_services("terraform_google/protocol.proto")
