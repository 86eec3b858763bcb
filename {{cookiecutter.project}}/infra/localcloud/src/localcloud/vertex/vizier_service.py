"""VizierService: studies whose trials are evaluated by the client."""

import threading
from collections.abc import Callable
from typing import Any

from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from google.cloud.aiplatform_v1.types import (
    AddTrialMeasurementRequest,
    CheckTrialEarlyStoppingStateMetatdata,
    CheckTrialEarlyStoppingStateRequest,
    CheckTrialEarlyStoppingStateResponse,
    CompleteTrialRequest,
    CreateStudyRequest,
    CreateTrialRequest,
    DeleteStudyRequest,
    DeleteTrialRequest,
    GetStudyRequest,
    GetTrialRequest,
    ListOptimalTrialsRequest,
    ListOptimalTrialsResponse,
    ListStudiesRequest,
    ListStudiesResponse,
    ListTrialsRequest,
    ListTrialsResponse,
    LookupStudyRequest,
    StopTrialRequest,
    Study,
    SuggestTrialsMetadata,
    SuggestTrialsRequest,
    SuggestTrialsResponse,
    Trial,
)
from google.protobuf.empty_pb2 import Empty

from localcloud.cloud import Cloud
from localcloud.operations import Operation
from localcloud.rpc import raw
from localcloud.studies import measurements, search_space, trials
from localcloud.vertex.listing import page
from localcloud.vertex.resources import check_display_name, new_id, now, operation_metadata

_SUGGESTING = threading.Lock()  # one at a time, so that no point is given to two clients
_PENDING = (Trial.State.REQUESTED, Trial.State.ACTIVE, Trial.State.STOPPING)


def create_study(cloud: Cloud, request: CreateStudyRequest) -> Study:
    """Keep a new study.

    Partly: of the automated stopping rules there is the median one; `study_stopping_config` and
    safety metrics are refused; `observation_noise` has no effect.

    Raises:
        AlreadyExists: the location has a study of this display name.
        InvalidArgument: the spec is malformed.
    """
    study = Study(request.study)
    check_display_name(study.display_name)
    search_space.check(study.study_spec)
    _check_supported(study)
    with cloud.store.transaction():
        if _find(cloud, request.parent, study.display_name):
            raise AlreadyExists(
                f"A study named {study.display_name} already exists; look it up or choose another"
                " display name."
            )
        study.name = f"{request.parent}/studies/{new_id()}"
        study.state = Study.State.ACTIVE
        study.create_time = now()
        cloud.store.create(study)
    return study


def get_study(cloud: Cloud, request: GetStudyRequest) -> Study:
    """One study."""
    return cloud.store.get(request.name, Study)


def lookup_study(cloud: Cloud, request: LookupStudyRequest) -> Study:
    """The study of this display name.

    Raises:
        NotFound: there is none.
    """
    study = _find(cloud, request.parent, request.display_name)
    if study is None:
        raise NotFound(f"{request.parent} has no study named {request.display_name}.")
    return study


def list_studies(cloud: Cloud, request: ListStudiesRequest) -> ListStudiesResponse:
    """The studies of a location."""
    found = cloud.store.in_collection(f"{request.parent}/studies", Study)
    shown, token = page(found, request)
    return ListStudiesResponse(studies=shown, next_page_token=token)


def delete_study(cloud: Cloud, request: DeleteStudyRequest) -> Empty:
    """Remove a study with its trials."""
    cloud.store.delete(request.name)
    return Empty()


def suggest_trials(cloud: Cloud, request: SuggestTrialsRequest) -> Operation:
    """Give a client trials: those that it has not completed, requested ones, then new ones.

    Partly: TPE stands for Vertex's own search; `contexts` are refused.

    Raises:
        InvalidArgument: the count or the client id is missing.
    """
    study = cloud.store.get(request.parent, Study)
    if request.suggestion_count < 1:
        raise InvalidArgument(
            f"suggestion_count is {request.suggestion_count}; ask for at least 1 trial."
        )
    if not request.client_id:
        raise InvalidArgument("client_id is required; give each client a name of its own.")
    if request.contexts:
        raise MethodNotImplemented("localcloud does not suggest trials for contexts.")
    started = now()
    with _SUGGESTING:
        found = trials.suggest(cloud.store, study, request.client_id, request.suggestion_count)
    response = SuggestTrialsResponse(
        trials=found,
        study_state=cloud.store.get(study.name, Study).state,
        start_time=started,
        end_time=now(),
    )
    metadata = SuggestTrialsMetadata(
        generic_metadata=operation_metadata(), client_id=request.client_id
    )
    return cloud.operations.done(study.name, response, metadata)


def create_trial(cloud: Cloud, request: CreateTrialRequest) -> Trial:
    """Add a trial that the client has thought of, or has measured already.

    Raises:
        InvalidArgument: it names a parameter that the study does not have.
    """
    study = cloud.store.get(request.parent, Study)
    return trials.add(cloud.store, study, Trial(request.trial))


def get_trial(cloud: Cloud, request: GetTrialRequest) -> Trial:
    """One trial."""
    return cloud.store.get(request.name, Trial)


def list_trials(cloud: Cloud, request: ListTrialsRequest) -> ListTrialsResponse:
    """The trials of a study, in the order in which they were made."""
    cloud.store.get(request.parent, Study)
    shown, token = page(trials.of(cloud.store, request.parent), request)
    return ListTrialsResponse(trials=shown, next_page_token=token)


def delete_trial(cloud: Cloud, request: DeleteTrialRequest) -> Empty:
    """Remove a trial; later suggestions do not know of it."""
    cloud.store.delete(request.name)
    return Empty()


def add_trial_measurement(cloud: Cloud, request: AddTrialMeasurementRequest) -> Trial:
    """Note how a trial does on its way.

    Raises:
        FailedPrecondition: it is completed.
        InvalidArgument: the measurement is no later than the last one.
    """

    def add(trial: Trial) -> None:
        last = trial.measurements[-1] if trial.measurements else None
        measurement = request.measurement
        if last and _place(measurement) <= _place(last):
            raise InvalidArgument(
                "measurement is no later than the last one; raise its step_count or"
                " elapsed_duration."
            )
        trial.measurements.append(measurement)

    return _change(cloud, request.trial_name, add)


def complete_trial(cloud: Cloud, request: CompleteTrialRequest) -> Trial:
    """Say how a trial has ended; without a final measurement, one that it has is chosen.

    Raises:
        FailedPrecondition: it is completed, or has no complete measurement.
    """
    study = cloud.store.get(request.name.rpartition("/trials/")[0], Study)

    def complete(trial: Trial) -> None:
        trial.end_time = now()
        if request.trial_infeasible:
            trial.state = Trial.State.INFEASIBLE
            trial.infeasible_reason = request.infeasible_reason
            return
        given = [request.final_measurement] if request.final_measurement else trial.measurements
        final = measurements.final(given, study.study_spec)
        if final is None:
            wanted = ", ".join(metric.metric_id for metric in study.study_spec.metrics)
            raise FailedPrecondition(
                f"{trial.name} has no measurement of {wanted}; give final_measurement, or say"
                " that the trial is infeasible."
            )
        trial.final_measurement = final
        trial.state = Trial.State.SUCCEEDED

    return _change(cloud, request.name, complete)


def stop_trial(cloud: Cloud, request: StopTrialRequest) -> Trial:
    """Note that a trial should stop, which its client then finds in its state."""

    def stop(trial: Trial) -> None:
        trial.state = Trial.State.STOPPING

    return _change(cloud, request.name, stop)


def check_trial_early_stopping_state(
    cloud: Cloud, request: CheckTrialEarlyStoppingStateRequest
) -> Operation:
    """Tell whether a trial should stop, by the rule that its study has.

    Partly: the median rule only.
    """
    name = request.trial_name
    study = cloud.store.get(name.rpartition("/trials/")[0], Study)
    with cloud.store.editing(name, Trial) as trial:
        others = [each for each in trials.of(cloud.store, study.name) if each.name != name]
        by_median = "median_automated_stopping_spec" in study.study_spec
        if by_median and measurements.is_below_median(trial, others, study.study_spec):
            trial.state = Trial.State.STOPPING
        should_stop = trial.state == Trial.State.STOPPING
    return cloud.operations.done(
        name,
        CheckTrialEarlyStoppingStateResponse(should_stop=should_stop),
        CheckTrialEarlyStoppingStateMetatdata(
            generic_metadata=operation_metadata(), study=study.name, trial=name
        ),
    )


def list_optimal_trials(
    cloud: Cloud, request: ListOptimalTrialsRequest
) -> ListOptimalTrialsResponse:
    """The best trial, or with several metrics those that no other one dominates."""
    study = cloud.store.get(request.parent, Study)
    found = trials.of(cloud.store, study.name)
    return ListOptimalTrialsResponse(
        optimal_trials=measurements.optimal(found, study.study_spec.metrics)
    )


def _find(cloud: Cloud, parent: str, display_name: str) -> Study | None:
    studies = cloud.store.in_collection(f"{parent}/studies", Study)
    return next((study for study in studies if study.display_name == display_name), None)


def _check_supported(study: Study) -> None:
    spec = raw(study.study_spec)
    rule = spec.WhichOneof("automated_stopping_spec")
    if rule not in (None, "median_automated_stopping_spec"):
        raise MethodNotImplemented(
            f"localcloud does not have {rule}; use median_automated_stopping_spec."
        )


def _change(cloud: Cloud, name: str, change: Callable[[Trial], None]) -> Trial:
    with cloud.store.editing(name, Trial) as trial:
        if trial.state not in _PENDING:
            raise FailedPrecondition(f"{name} is completed, so it cannot be changed.")
        change(trial)
    return trial


def _place(measurement: Any) -> tuple[int, float]:
    return measurement.step_count, measurement.elapsed_duration.total_seconds()
