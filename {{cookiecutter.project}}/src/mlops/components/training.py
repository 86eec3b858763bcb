"""Components that transform the data and train the model."""

from typing import Any, Dict, List

from kfp import dsl


@dsl.component(base_image="ml", install_kfp_package=False)
def transform_data(
    features: Dict[str, Any],
    beam_arguments: List[str],
    data: dsl.Input[dsl.Dataset],
    examples: dsl.Output[dsl.Dataset],
    graph: dsl.Output[dsl.Artifact],
) -> None:
    """Learns the preprocessing and applies it to what training reads."""
    from mlops.features import Features
    from mlops.training.transform import TransformError, transform

    declared = Features.model_validate(features)
    try:
        transform(declared, data.uri, examples.uri, graph.uri, beam_arguments)
    except TransformError as error:
        raise SystemExit(str(error)) from None


@dsl.component(base_image="ml", install_kfp_package=False)
def tune_model(
    project: str,
    location: str,
    name: str,
    features: Dict[str, Any],
    training: Dict[str, Any],
    tuning: Dict[str, Any],
    training_image: str,
    service_account: str,
    examples: dsl.Input[dsl.Dataset],
    trials: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.Markdown],
) -> Dict[str, Any]:
    """Searches with a HyperparameterTuningJob; gives `training` with the best hyperparameters."""
    from google.cloud import aiplatform, storage

    from mlops.features import Features
    from mlops.search_space import Tuning
    from mlops.settings import Training
    from mlops.training.tuning import TuningError, search, write_search

    aiplatform.init(project=project, location=location)
    job = {"display_name": name, "image": training_image, "service_account": service_account}
    try:
        found = search(
            Features.model_validate(features),
            Training.model_validate(training),
            Tuning.model_validate(tuning),
            examples.uri,
            job,
            f"{trials.uri}/trials",
        )
    except TuningError as error:
        raise SystemExit(str(error)) from None
    write_search(found, storage.Client(project=project), trials.uri)
    trials.metadata.update(found.metadata)
    page.uri = f"{trials.uri}/tuning.md"
    return {**training, **found.best.hyperparameters}


@dsl.component(base_image="ml", install_kfp_package=False)
def train_model(
    project: str,
    location: str,
    name: str,
    features: Dict[str, Any],
    training: Dict[str, Any],
    custom_job: Dict[str, Any],
    training_image: str,
    service_account: str,
    examples: dsl.Input[dsl.Dataset],
    graph: dsl.Input[dsl.Artifact],
    validation: dsl.Input[dsl.Artifact],
    model: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
    trials: dsl.Input[dsl.Artifact] = None,
) -> None:
    """Trains the model and saves it with its preprocessing, here or in a CustomJob.

    The lineage of a model leads through its inputs: `validation` is the report of the data, which
    has passed, with the schema that it kept; `trials` is the search that found `training`, if there
    was one.
    """
    import json

    from mlops.features import Features
    from mlops.serving.digest import hash_model
    from mlops.settings import CustomJob, Training
    from mlops.training.command import Task
    from mlops.training.custom_job import Container, CustomJobError, run_custom_job
    from mlops.training.inspection import read_signature
    from mlops.training.summary import read_summary
    from mlops.training.task import run_task

    task = Task(
        features=Features.model_validate(features),
        training=Training.model_validate(training),
        transformed=examples.uri,
        graph=graph.uri,
        output=model.uri,
    )
    machines = CustomJob.model_validate(custom_job)
    if machines.enabled:
        from google.cloud import aiplatform  # takes seconds, which training here does without

        aiplatform.init(project=project, location=location)
        container = Container(name, training_image, service_account)
        try:
            model.metadata["custom_job"] = run_custom_job(task, container, machines)
        except CustomJobError as error:
            raise SystemExit(str(error)) from None
    else:
        run_task(task)
    model.metadata["model_hash"] = hash_model(model.uri)
    model.metadata["signature"] = json.dumps(read_signature(model.uri))
    for measured, value in read_summary(model.uri).items():
        metrics.log_metric(measured, value)


@dsl.component(base_image="ml", install_kfp_package=False)
def train_automl(
    project: str,
    location: str,
    name: str,
    features: Dict[str, Any],
    sample_percent: float,
    target_column: str,
    split_column: str,
    budget_milli_node_hours: int,
    optimization_objective: str,
    automl_dataset: str,
    data: dsl.Input[dsl.Dataset],
    validation: dsl.Input[dsl.Artifact],
    model: dsl.Output[dsl.Model],
) -> None:
    """Trains with AutoML; the model is a version without an alias.

    `data` and its `validation` stand for the state of the table that AutoML reads by itself.
    """
    from google.cloud import aiplatform, bigquery

    from mlops.batch_prediction.tables import make_datasets, working_dataset
    from mlops.features import Features
    from mlops.registry.names import name_version
    from mlops.training.automl import AutoMLError, Task, train_automl

    declared = Features.model_validate(features)
    aiplatform.init(project=project, location=location)
    client = bigquery.Client(project=project)
    make_datasets(client, automl_dataset, declared.table)
    task = Task(target_column, split_column, budget_milli_node_hours, optimization_objective)
    try:
        rows = working_dataset(automl_dataset)
        trained = train_automl(client, declared, task, name, rows, sample_percent)
    except AutoMLError as error:
        raise SystemExit(str(error)) from None
    model.uri = name_version(trained)
    model.metadata["resourceName"] = f"{trained.resource_name}@{trained.version_id}"


@dsl.component(base_image="ml", install_kfp_package=False)
def export_tflite(
    features: Dict[str, Any],
    tflite: Dict[str, Any],
    data: dsl.Input[dsl.Dataset],
    model: dsl.Input[dsl.Model],
    exported: dsl.Output[dsl.Model],
    page: dsl.Output[dsl.HTML],
) -> None:
    """Exports the network as a quantised file, unless that is not good enough.

    Whether it is decides nothing else: the model itself is registered anyway.
    """
    from mlops.export_settings import TFLite
    from mlops.features import Features
    from mlops.tflite.conversion import TFLiteError
    from mlops.tflite.export import describe, export_tflite

    bounds = TFLite.model_validate(tflite)
    declared = Features.model_validate(features)
    try:
        found = export_tflite(declared, bounds, data.uri, model.uri, exported.uri)
    except TFLiteError as error:
        raise SystemExit(str(error)) from None
    exported.metadata.update(describe(found, bounds))
    page.uri = f"{exported.uri}/tflite.html"
