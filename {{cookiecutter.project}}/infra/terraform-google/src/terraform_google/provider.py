"""One provider: each method is an RPC of Terraform's plugin protocol."""

from __future__ import annotations

import json
import os
from typing import Any

from grpc import ServicerContext

from terraform_google import data_sources
from terraform_google.applying import applied
from terraform_google.creation import CreationError, change
from terraform_google.planning import Configuration, planned
from terraform_google.protocol import messages, services
from terraform_google.schema import (
    Attribute,
    Block,
    ProviderSchema,
    null_object,
    shaped,
    to_message,
)
from terraform_google.validation import Mistake, mistakes
from terraform_google.values import UNKNOWN, from_wire, to_wire

# what the real providers read when the configuration is silent
VARIABLES = {
    "project": ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT"),
    "region": ("GOOGLE_REGION",),
    "zone": ("GOOGLE_ZONE",),
}


class Provider(services.ProviderServicer):  # type: ignore[misc]
    """A provider that keeps no state of its own: Terraform's state is all there is."""

    def __init__(self, schema: ProviderSchema, creates: bool = False) -> None:
        self._schema = schema
        self._creates = creates
        self._schema_message: Any = None
        self._configuration: Configuration = {}

    def GetMetadata(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Names all types."""
        kinds = messages.Metadata
        return kinds(
            server_capabilities=_capabilities(),
            resources=[kinds.Type(type_name=name) for name in self._schema.resources],
            data_sources=[kinds.Type(type_name=name) for name in self._schema.data_sources],
        )

    def GetSchema(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Describes all types."""
        if self._schema_message is None:
            self._schema_message = _schema_message(self._schema)
        return self._schema_message

    def PrepareProviderConfig(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Accepts the provider's arguments as they are."""
        return messages.PrepareResponse(prepared_config=request.config)

    def Configure(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Remembers the provider's arguments."""
        given = from_wire(request.config) or {}
        known = {name: value for name, value in given.items() if value is not UNKNOWN}
        for name, variables in VARIABLES.items():
            if not known.get(name):
                known[name] = next(filter(None, map(os.environ.get, variables)), None)
        self._configuration = known
        return messages.Diagnostics()

    def ValidateResourceTypeConfig(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Refuses what the schema alone lets pass."""
        return _validated(request, self._schema.resources[request.type_name])

    def ValidateDataSourceConfig(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Refuses what the schema alone lets pass."""
        return _validated(request, self._schema.data_sources[request.type_name])

    def UpgradeResourceState(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Reads the state of a resource from a state file."""
        stored = json.loads(request.raw_state.json or b"{}")
        state = shaped(self._schema.resources[request.type_name], stored)
        return messages.UpgradeResponse(upgraded_state=to_wire(state))

    def ReadResource(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Finds a resource as it was left."""
        return messages.ReadResponse(new_state=request.current_state)

    def PlanResourceChange(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Plans a change; null is a deletion."""
        name, state = request.type_name, from_wire(request.proposed_new_state)
        if state is not None:
            state = planned(name, self._schema.resources[name], state, self._configuration)
        return messages.PlanResponse(planned_state=to_wire(state), legacy_type_system=True)

    def ApplyResourceChange(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Applies a plan; null is a deletion."""
        name, state = request.type_name, from_wire(request.planned_state)
        if state is not None:
            state = applied(name, self._schema.resources[name], state)
        if self._creates:
            try:
                state = change(name, from_wire(request.prior_state), state)
            except CreationError as error:
                refusal = [_diagnostic(Mistake((), str(error)))]
                return messages.ApplyResponse(new_state=request.prior_state, diagnostics=refusal)
        return messages.ApplyResponse(new_state=to_wire(state), legacy_type_system=True)

    def ImportResourceState(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Takes over a resource, of which only the id is known."""
        state = null_object(self._schema.resources[request.type_name])
        state |= {"id": request.id}
        if "name" in state:
            state["name"] = request.id.rpartition("/")[2]
        imported = messages.ImportResponse.Imported(
            type_name=request.type_name, state=to_wire(state)
        )
        return messages.ImportResponse(imported_resources=[imported])

    def ReadDataSource(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Answers a data source."""
        name, block = request.type_name, self._schema.data_sources[request.type_name]
        state = data_sources.read(name, block, from_wire(request.config), self._configuration)
        return messages.DataSourceResponse(state=to_wire(state))

    def GetFunctions(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Knows none: the functions of the real provider are not stood in for."""
        return messages.Empty()

    def Stop(self, request: Any, context: ServicerContext) -> Any:  # noqa: N802
        """Has nothing to stop: every answer is immediate."""
        return messages.Empty()


def _capabilities() -> Any:
    return messages.ServerCapabilities(get_provider_schema_optional=True)


def _schema_message(schema: ProviderSchema) -> Any:
    # the real providers let a module name itself
    module_name = Attribute(
        "string", required=False, optional=True, computed=False, write_only=False
    )
    return messages.ProviderSchema(
        provider=to_message(schema.configuration),
        resource_schemas={name: to_message(each) for name, each in schema.resources.items()},
        data_source_schemas={name: to_message(each) for name, each in schema.data_sources.items()},
        provider_meta=to_message(Block({"module_name": module_name})),
        server_capabilities=_capabilities(),
    )


def _validated(request: Any, block: Block) -> Any:
    value = from_wire(request.config)
    found = mistakes(request.type_name, block, value) if isinstance(value, dict) else ()
    return messages.ValidateResponse(diagnostics=[_diagnostic(each) for each in found])


def _diagnostic(mistake: Mistake) -> Any:
    diagnostic = messages.Diagnostic(
        severity="ERROR", summary=mistake.summary, detail=mistake.detail
    )
    for step in mistake.path:
        if isinstance(step, str):
            diagnostic.attribute.steps.add(attribute_name=step)
        else:
            diagnostic.attribute.steps.add(element_key_int=step)
    return diagnostic
