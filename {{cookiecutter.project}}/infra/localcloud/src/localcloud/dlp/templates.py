"""Inspect and de-identify templates as they are kept, and what requests take from them."""

import re
from typing import Any, TypeVar

from google.api_core.exceptions import InvalidArgument
from google.cloud.dlp_v2 import DeidentifyTemplate, InspectTemplate

from localcloud.cloud import Cloud
from localcloud.rpc import raw
from localcloud.vertex.resources import masked_fields, new_id, now, populated_fields, replace_fields

TemplateT = TypeVar("TemplateT", InspectTemplate, DeidentifyTemplate)
_ID = re.compile(r"[a-zA-Z\d_-]{1,100}")
_UPDATED = ("display_name", "description")


def create(cloud: Cloud, template: TemplateT, collection: str, template_id: str) -> TemplateT:
    """Keep a new template.

    Args:
        cloud: where it is kept.
        template: what the request holds.
        collection: `projects/P/locations/L/inspectTemplates`, or of another kind.
        template_id: its name there; without one, it gets a number.

    Raises:
        InvalidArgument: the id is malformed.
        AlreadyExists: there is such a template.
    """
    made = type(template)(template)
    made.name = f"{collection}/{check_id(template_id)}"
    made.create_time = made.update_time = now()
    cloud.store.create(made)
    return made


def update(cloud: Cloud, name: str, given: TemplateT, mask: Any, config: str) -> TemplateT:
    """Change the fields of a template that the mask names; without one, those that are given.

    Raises:
        NotFound: there is no such template.
        InvalidArgument: the mask names what cannot be changed.
    """
    supported = (*_UPDATED, config)
    tops = [path.partition(".")[0] for path in mask.paths]
    if any("." in path for path in mask.paths):
        raise InvalidArgument(f"update_mask names a part of a field; name {config} as a whole.")
    fields = masked_fields(mask, supported) if tops else populated_fields(given, supported)
    with cloud.store.editing(name, type(given)) as kept:
        replace_fields(kept, given, fields)
        kept.update_time = now()
    return kept


def check_id(given: str) -> str:
    """The id that a caller gives to what it makes, or a new one.

    Raises:
        InvalidArgument: it has other characters than letters, digits, _ and -.
    """
    if given and not _ID.fullmatch(given):
        raise InvalidArgument(
            f"The id {given!r} is malformed; use at most 100 letters, digits, _ and -."
        )
    return given or new_id()


def inspect_template(cloud: Cloud, name: str) -> InspectTemplate:
    """The inspect template that a request names.

    Raises:
        InvalidArgument: it is the name of something else.
        NotFound: there is no such template.
    """
    _check_kind(name, "inspectTemplates", "inspect_template_name")
    return cloud.store.get(name, InspectTemplate)


def inspect_config(cloud: Cloud, template: str, config: Any) -> Any:
    """An InspectConfig (as protobuf) laid over that of a template, if one is named.

    Raises:
        InvalidArgument: the name is that of something else.
        NotFound: there is no such template.
    """
    kept = raw(inspect_template(cloud, template)).inspect_config if template else None
    return _laid_over(kept, config)


def deidentify_config(cloud: Cloud, template: str, config: Any) -> Any:
    """A DeidentifyConfig (as protobuf) laid over that of a template, if one is named.

    Raises:
        InvalidArgument: the name is that of something else.
        NotFound: there is no such template.
    """
    if not template:
        return _laid_over(None, config)
    _check_kind(template, "deidentifyTemplates", "the de-identify template's name")
    return _laid_over(raw(cloud.store.get(template, DeidentifyTemplate)).deidentify_config, config)


def _check_kind(name: str, collection: str, field: str) -> None:
    if name.split("/")[-2:-1] != [collection]:
        raise InvalidArgument(
            f"{field} is {name!r}, expected projects/*/locations/*/{collection}/*."
        )


def _laid_over(kept: Any, config: Any) -> Any:
    merged = type(config)()
    if kept is not None:
        merged.CopyFrom(kept)
    merged.MergeFrom(config)
    return merged
