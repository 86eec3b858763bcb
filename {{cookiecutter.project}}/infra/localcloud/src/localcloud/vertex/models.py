"""Models and their versions, as they are kept.

A model's own record holds what its versions share; its `version_id` is the last one given, so
that an id is never given twice. Each version is kept below it, with its aliases.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from google.api_core.exceptions import FailedPrecondition, InvalidArgument, NotFound
from google.cloud.aiplatform_v1.types import DeployedModelRef, Model

from localcloud.store import Store
from localcloud.vertex.resources import now, touch

DEFAULT = "default"
_ALIAS = re.compile(r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]")


def split_name(name: str) -> tuple[str, str]:
    """A model's name and what follows its `@`: a version id, an alias, or nothing."""
    model, _, version = name.partition("@")
    return model, version


def get(store: Store, name: str) -> Model:
    """The version that a name such as `…/models/M`, `…/M@2` or `…/M@champion` means.

    The name of what is returned carries `@VERSION` if the one asked for carries something.

    Raises:
        NotFound: there is no such model, version or alias.
    """
    model, wanted = split_name(name)
    record = store.get(model, Model)
    for version in _kept_versions(store, model):
        if wanted in (version.version_id, *version.version_aliases) or (
            wanted in ("", "-") and DEFAULT in version.version_aliases
        ):
            return _compose(record, version, versioned=wanted not in ("", "-"))
    raise NotFound(f"Model {model} has no version or alias {wanted}.")


def kept_name(store: Store, name: str) -> str:
    """The name under which the store keeps the version that a name means.

    Raises:
        NotFound: there is no such model, version or alias.
    """
    return _version_name(split_name(name)[0], get(store, name).version_id)


def models(store: Store, parent: str) -> list[Model]:
    """The default versions of a location's models, newest first."""
    records = store.in_collection(f"{parent}/models", Model)
    return [get(store, record.name) for record in records]


def versions(store: Store, model: str) -> list[Model]:
    """A model's versions, newest first.

    Raises:
        NotFound: there is no such model.
    """
    record = store.get(model, Model)
    return [_compose(record, version, versioned=True) for version in _kept_versions(store, model)]


def create(store: Store, name: str, model: Model) -> None:
    """Keep a new model, without a version yet.

    Raises:
        AlreadyExists: there is one of that name.
    """
    record = Model(
        name=name,
        display_name=model.display_name,
        description=model.description,
        create_time=now(),
        version_id="0",
    )
    touch(record)
    store.create(record)


def add_version(store: Store, name: str, model: Model) -> Model:
    """Keep a new version of a model and give it its aliases, which other versions lose.

    Raises:
        InvalidArgument: an alias is malformed.
        NotFound: there is no such model.
    """
    aliases = set(model.version_aliases)
    with store.editing(name, Model) as record:
        first = record.version_id == "0"
        record.version_id = str(int(record.version_id) + 1)
        version = Model(model)
        version.name = _version_name(name, record.version_id)
        version.version_id = record.version_id
        version.version_aliases = []
        version.version_create_time = version.version_update_time = now()
        store.save(version)
    merge_aliases(store, f"{name}@{version.version_id}", aliases | ({DEFAULT} if first else set()))
    return get(store, f"{name}@{version.version_id}")


def merge_aliases(store: Store, name: str, changes: Iterable[str]) -> Model:
    """Give a version aliases, which other versions then lose, and take away those after a `-`.

    Raises:
        InvalidArgument: an alias is malformed.
        FailedPrecondition: the model would be left without a default version.
        NotFound: there is no such model or version.
    """
    changed = set(changes)
    removed = {alias[1:] for alias in changed if alias.startswith("-")}
    added = {alias for alias in changed if not alias.startswith("-")}
    added, removed = added - removed, removed - added
    for alias in added | removed:
        if not _ALIAS.fullmatch(alias):
            raise InvalidArgument(
                f"Version alias {alias!r} is malformed; it must match {_ALIAS.pattern}."
            )
    with store.transaction():
        target = get(store, name)
        if DEFAULT in removed & set(target.version_aliases):
            raise FailedPrecondition(
                f"{name} is the default version; make another version the default instead."
            )
        for version in _kept_versions(store, split_name(name)[0]):
            _set_aliases(store, version, target.version_id, added, removed)
        return get(store, name)


def delete_version(store: Store, name: str) -> None:
    """Remove one version.

    Raises:
        FailedPrecondition: it is deployed, the default one or the last one.
        NotFound: there is no such model or version.
    """
    with store.transaction():
        version = get(store, name)
        model = split_name(name)[0]
        if len(_kept_versions(store, model)) == 1:
            raise FailedPrecondition(f"{name} is the last version; delete the model instead.")
        if DEFAULT in version.version_aliases:
            raise FailedPrecondition(
                f"{name} is the default version; make another version the default first."
            )
        refuse_deployed(name, [version])
        store.delete(_version_name(model, version.version_id))


def refuse_deployed(name: str, versions: Iterable[Model]) -> None:
    """Refuse to delete what serves.

    Raises:
        FailedPrecondition: one of these versions is deployed.
    """
    for version in versions:
        for deployment in version.deployed_models:
            raise FailedPrecondition(
                f"{name} is deployed as {deployment.deployed_model_id} on {deployment.endpoint};"
                " undeploy it first."
            )


def note_deployment(store: Store, name: str, deployment: DeployedModelRef) -> None:
    """Keep on a version where it is deployed."""
    with editing_version(store, name) as version:
        version.deployed_models.append(deployment)


def forget_deployment(store: Store, name: str, deployment: DeployedModelRef) -> None:
    """Take back what `note_deployment` noted."""
    with editing_version(store, name) as version:
        version.deployed_models = [each for each in version.deployed_models if each != deployment]


@contextmanager
def editing_version(store: Store, name: str) -> Iterator[Model]:
    """Read what is kept of a version itself, let the block change it, and save it.

    Raises:
        NotFound: there is no such model or version.
    """
    with store.transaction():
        version_id = get(store, name).version_id
        with store.editing(_version_name(split_name(name)[0], version_id), Model) as version:
            yield version
            version.version_update_time = now()


def _version_name(model: str, version_id: str) -> str:
    return f"{model}/versions/{version_id}"


def _kept_versions(store: Store, model: str) -> list[Model]:
    return store.in_collection(f"{model}/versions", Model)


def _set_aliases(
    store: Store, version: Model, target: str, added: set[str], removed: set[str]
) -> None:
    before = set(version.version_aliases)
    after = (before | added) - removed if version.version_id == target else before - added
    if after != before:
        version.version_aliases = sorted(after)
        version.version_update_time = now()
        store.save(version)


def _compose(record: Model, version: Model, *, versioned: bool) -> Model:
    """The model as Vertex shows it: one version with what all versions share."""
    model = Model(version)
    model.name = f"{record.name}@{version.version_id}" if versioned else record.name
    model.display_name = record.display_name
    model.description = record.description
    # What was asked for decides whose value of a label counts: the version's or the model's.
    labels = (record.labels, version.labels) if versioned else (version.labels, record.labels)
    model.labels = {**labels[0], **labels[1]}
    model.create_time, model.update_time = record.create_time, record.update_time
    model.etag = record.etag
    return model
