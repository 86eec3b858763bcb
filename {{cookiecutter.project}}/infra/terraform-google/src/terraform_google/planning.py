"""What a change would make of a resource: what stays unknown until it is applied."""

from __future__ import annotations

from terraform_google.identities import service_account_email
from terraform_google.schema import Attribute, Block, is_repeated
from terraform_google.values import UNKNOWN, Value, is_wholly_known

Configuration = dict[str, Value]
"""The arguments of the provider."""

ATTRIBUTION_LABEL = {"goog-terraform-provisioned": "true"}


def planned(
    type_name: str, block: Block, proposed: dict[str, Value], configuration: Configuration
) -> dict[str, Value]:
    """The planned state of a resource, from the one that Terraform proposes."""
    state = with_unknowns(block, proposed)
    defaults = location_defaults(block, configuration)
    if type_name == "google_service_account":
        account_id, project = state.get("account_id"), state.get("project")
        project = defaults.get("project") if project is UNKNOWN else project
        if isinstance(account_id, str) and isinstance(project, str):
            email = service_account_email(account_id, project)
            defaults |= {"email": email, "member": f"serviceAccount:{email}"}
    for name, value in defaults.items():
        if state.get(name) is UNKNOWN:
            state[name] = value
    if "effective_labels" in block.attributes:
        state |= _labels(state, configuration)
    return state


def with_unknowns(block: Block, proposed: dict[str, Value]) -> dict[str, Value]:
    """A proposed state in which what Google Cloud decides is unknown, and defaults are set."""
    state = dict(proposed)
    for name, attribute in block.attributes.items():
        state[name] = _planned_attribute(attribute, state.get(name))
    for name, nested in block.blocks.items():
        inner = state.get(name)
        if is_repeated(nested) and isinstance(inner, list):
            state[name] = [
                with_unknowns(nested.block, each) if isinstance(each, dict) else each
                for each in inner
            ]
        elif nested.nesting == "map" and isinstance(inner, dict):
            state[name] = {key: with_unknowns(nested.block, each) for key, each in inner.items()}
        elif isinstance(inner, dict) and name != "timeouts":
            state[name] = with_unknowns(nested.block, inner)
    return state


def location_defaults(block: Block, configuration: Configuration) -> dict[str, Value]:
    """The attributes that a resource takes over from its provider when it does not set them."""
    sources = {"project": "project", "region": "region", "location": "region", "zone": "zone"}
    return {
        name: configuration[source]
        for name, source in sources.items()
        if name in block.attributes and configuration.get(source) is not None
    }


def _planned_attribute(attribute: Attribute, value: Value) -> Value:
    if attribute.write_only:
        return None  # never in a state
    if value is None:
        return UNKNOWN if attribute.computed else attribute.default
    if value == {} and attribute.optional and not attribute.computed:
        return None  # as the SDK of the real provider plans an empty map
    return value


def _labels(state: dict[str, Value], configuration: Configuration) -> dict[str, Value]:
    """The labels of a resource together with the provider's."""
    own, default = state.get("labels"), configuration.get("default_labels")
    if not is_wholly_known(own) or not is_wholly_known(default):
        return {}
    attributed = configuration.get("add_terraform_attribution_label") is not False
    labels = (default or {}) | (own or {}) | (ATTRIBUTION_LABEL if attributed else {})
    return {"terraform_labels": labels, "effective_labels": labels}
