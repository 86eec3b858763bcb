"""The trials of a Vizier study, as they are kept below it."""

from google.api_core.exceptions import InvalidArgument
from google.cloud.aiplatform_v1.types import Study, Trial

from localcloud.store import Store
from localcloud.studies import optimiser, search_space
from localcloud.vertex.resources import now


def of(store: Store, study: str) -> list[Trial]:
    """A study's trials, in the order in which they were made."""
    return store.in_collection(f"{study}/trials", Trial)[::-1]


def suggest(store: Store, study: Study, client_id: str, count: int) -> list[Trial]:
    """Trials for a client: those that it has, then requested ones, then new ones.

    There are fewer than asked for once a grid has no more points; the study is COMPLETED then.
    """
    kept = of(store, study.name)
    own = [
        trial
        for trial in kept
        if trial.state == Trial.State.ACTIVE and trial.client_id == client_id
    ]
    requested = [trial for trial in kept if trial.state == Trial.State.REQUESTED]
    found = [*own, *(_give(trial, client_id) for trial in requested)][:count]
    missing = count - len(found)
    points = optimiser.suggest(study.study_spec, kept, missing, study.name) if missing else []
    made = [_give(Trial(parameters=optimiser.parameters(each)), client_id) for each in points]
    with store.transaction():
        if len(points) < missing:
            with store.editing(study.name, Study) as resource:
                resource.state = Study.State.COMPLETED
        for trial in made:
            _name(store, study, trial)
            store.save(trial)
        for trial in found:
            store.save(trial)
    return [*found, *made]


def add(store: Store, study: Study, trial: Trial) -> Trial:
    """Keep a trial that a client has thought of: REQUESTED, or SUCCEEDED if it is measured.

    Raises:
        InvalidArgument: its parameters are not the study's.
    """
    given = optimiser.point(trial)

    def take(_: str, parameter: search_space.Parameter) -> search_space.Choice:
        if parameter.parameter_id not in given:
            raise InvalidArgument(
                f"trial.parameters has no {parameter.parameter_id}; give a value for it."
            )
        return given[parameter.parameter_id]

    unknown = given.keys() - search_space.walk(study.study_spec.parameters, take).keys()
    if unknown:
        raise InvalidArgument(
            f"trial.parameters has {', '.join(sorted(unknown))}, which the study does not have."
        )
    made = Trial(parameters=trial.parameters, state=Trial.State.REQUESTED)
    if trial.final_measurement:
        made.final_measurement = trial.final_measurement
        made.state = Trial.State.SUCCEEDED
        made.start_time = made.end_time = now()
    with store.transaction():
        _name(store, study, made)
        store.create(made)
    return made


def _give(trial: Trial, client_id: str) -> Trial:
    trial.state = Trial.State.ACTIVE
    trial.client_id = client_id
    trial.start_time = now()
    return trial


def _name(store: Store, study: Study, trial: Trial) -> None:
    """The next number is its id; numbers are not used again while a later trial is there."""
    ids = [int(each.id) for each in of(store, study.name)]
    trial.id = str(max(ids, default=0) + 1)
    trial.name = f"{study.name}/trials/{trial.id}"
