"""What eight clients do at once to the same resource of each service."""

from google.api_core.exceptions import Aborted, AlreadyExists, NotFound, PreconditionFailed
from google.cloud import bigquery, storage
from google.cloud.aiplatform_v1 import (
    EndpointServiceClient,
    MetadataServiceClient,
    ModelServiceClient,
    TensorboardServiceClient,
    VizierServiceClient,
)
from google.cloud.aiplatform_v1.types import Artifact, Event, Execution

from tests.robustness.real_requests import STUDY
from tests.vertex import IMAGE, OPTIONS, unique

CLIENTS = 8
ROUNDS = 4
TOTAL = CLIENTS * ROUNDS


class Scenario:
    """Something that all clients do to the same resource."""

    def __init__(self, parent: str) -> None:
        self.parent = parent

    def work(self, client: int) -> None:
        """What one client does."""
        for number in range(ROUNDS):
            self.step(client, number)

    def step(self, client: int, number: int) -> None:
        raise NotImplementedError

    def check(self) -> None:
        """Nothing was lost."""
        raise NotImplementedError


class Aliases(Scenario):
    """All move one alias, and each adds some of its own."""

    def __init__(self, parent: str) -> None:
        super().__init__(parent)
        self._client = ModelServiceClient(client_options=OPTIONS)
        self._model = ""
        for _ in range(CLIENTS):
            self._upload()

    def _upload(self) -> None:
        model = {"display_name": "m", "container_spec": {"image_uri": IMAGE}}
        request = {"parent": self.parent, "parent_model": self._model, "model": model}
        self._model = self._client.upload_model(request).result().model

    def step(self, client: int, number: int) -> None:
        self._client.merge_version_aliases(
            name=f"{self._model}@{client + 1}", version_aliases=["champion", f"c{client}-{number}"]
        )

    def check(self) -> None:
        versions = list(self._client.list_model_versions(name=self._model))
        aliases = [alias for version in versions for alias in version.version_aliases]
        own = [f"c{client}-{number}" for client in range(CLIENTS) for number in range(ROUNDS)]
        assert sorted(aliases) == sorted([*own, "champion", "default"])


class Versions(Scenario):
    """All upload versions of one model."""

    def __init__(self, parent: str) -> None:
        super().__init__(parent)
        self._client = ModelServiceClient(client_options=OPTIONS)
        self._request = {
            "parent": parent,
            "model": {"display_name": "m", "container_spec": {"image_uri": IMAGE}},
        }
        self._request["parent_model"] = self._client.upload_model(self._request).result().model

    def step(self, client: int, number: int) -> None:
        self._client.upload_model(self._request).result()

    def check(self) -> None:
        versions = list(self._client.list_model_versions(name=self._request["parent_model"]))
        found = {int(version.version_id) for version in versions}
        assert found == set(range(1, TOTAL + 2))
        assert sum("default" in version.version_aliases for version in versions) == 1


class Etags(Scenario):
    """All count in a label, on the state of the endpoint that they have read."""

    def __init__(self, parent: str) -> None:
        super().__init__(parent)
        self._client = EndpointServiceClient(client_options=OPTIONS)
        made = self._client.create_endpoint(parent=parent, endpoint={"display_name": "e"})
        self._name = made.result().name

    def step(self, client: int, number: int) -> None:
        while True:
            endpoint = self._client.get_endpoint(name=self._name)
            endpoint.labels["n"] = str(int(endpoint.labels.get("n", "0")) + 1)
            try:
                self._client.update_endpoint(endpoint=endpoint, update_mask={"paths": ["labels"]})
            except Aborted:
                continue  # somebody else was quicker
            return

    def check(self) -> None:
        assert self._client.get_endpoint(name=self._name).labels["n"] == str(TOTAL)


class Masks(Scenario):
    """Half of them change one field of an endpoint, half another."""

    def __init__(self, parent: str) -> None:
        super().__init__(parent)
        self._client = EndpointServiceClient(client_options=OPTIONS)
        made = self._client.create_endpoint(parent=parent, endpoint={"display_name": "e"})
        self._name = made.result().name

    def step(self, client: int, number: int) -> None:
        field = ("description", "display_name")[client % 2]
        changed = self._client.update_endpoint(
            endpoint={"name": self._name, field: f"{field} {number}"},
            update_mask={"paths": [field]},
        )
        assert getattr(changed, field) == f"{field} {number}"

    def check(self) -> None:
        endpoint = self._client.get_endpoint(name=self._name)
        assert endpoint.description.startswith("description ")
        assert endpoint.display_name.startswith("display_name ")


class Generations(Scenario):
    """All count in an object, each on the generation that it has read."""

    def __init__(self, parent: str) -> None:
        super().__init__(parent)
        self._bucket = storage.Client(project="concurrency").create_bucket(unique())
        self._wins: list[int] = []

    def work(self, client: int) -> None:
        try:
            self._bucket.blob("first").upload_from_string(str(client), if_generation_match=0)
            self._wins.append(client)
        except PreconditionFailed:
            pass
        super().work(client)

    def step(self, client: int, number: int) -> None:
        while True:
            blob = self._bucket.get_blob("count")
            generation = blob.generation if blob else 0
            try:
                count = int(blob.download_as_text()) if blob else 0  # of this generation
                self._bucket.blob("count").upload_from_string(
                    str(count + 1), if_generation_match=generation
                )
            except (NotFound, PreconditionFailed):
                continue
            return

    def check(self) -> None:
        assert self._bucket.blob("count").download_as_text() == str(TOTAL)
        assert [self._bucket.blob("first").download_as_text()] == [str(win) for win in self._wins]


class Events(Scenario):
    """All add artifacts and events to one execution; all want to make the same context."""

    def __init__(self, parent: str) -> None:
        super().__init__(parent)
        self._client = MetadataServiceClient(client_options=OPTIONS)
        store = self._client.create_metadata_store(
            parent=parent, metadata_store={}, metadata_store_id="default"
        )
        self._store = store.result().name
        execution = Execution(schema_title="system.Run")
        self._execution = self._client.create_execution(
            parent=self._store, execution=execution
        ).name
        self._made: list[int] = []

    def work(self, client: int) -> None:
        try:
            self._client.create_context(
                parent=self._store,
                context={"schema_title": "system.Experiment"},
                context_id="same",
            )
            self._made.append(client)
        except AlreadyExists:
            pass
        super().work(client)

    def step(self, client: int, number: int) -> None:
        artifact = self._client.create_artifact(
            parent=self._store, artifact=Artifact(schema_title="system.Model")
        ).name
        self._client.add_execution_events(
            execution=self._execution,
            events=[Event(artifact=artifact, type_=Event.Type.OUTPUT)],
        )
        self._client.add_context_artifacts_and_executions(
            context=f"{self._store}/contexts/same", artifacts=[artifact]
        )

    def check(self) -> None:
        assert len(self._made) == 1
        graph = self._client.query_execution_inputs_and_outputs(execution=self._execution)
        assert len(graph.events) == TOTAL
        context = f"{self._store}/contexts/same"
        assert len(self._client.query_context_lineage_subgraph(context=context).artifacts) == TOTAL


class Points(Scenario):
    """All write points of one time series."""

    def __init__(self, parent: str) -> None:
        super().__init__(parent)
        self._client = TensorboardServiceClient(client_options=OPTIONS)
        board = self._client.create_tensorboard(parent=parent, tensorboard={"display_name": "t"})
        experiment = self._client.create_tensorboard_experiment(
            parent=board.result().name, tensorboard_experiment_id="e"
        )
        self._run = self._client.create_tensorboard_run(
            parent=experiment.name, tensorboard_run={"display_name": "r"}, tensorboard_run_id="r"
        ).name
        self._series = self._client.create_tensorboard_time_series(
            parent=self._run,
            tensorboard_time_series={"display_name": "loss", "value_type": "SCALAR"},
        ).name

    def step(self, client: int, number: int) -> None:
        point = {"step": client * ROUNDS + number, "scalar": {"value": 1.0}}
        data = {
            "tensorboard_time_series_id": self._series.rpartition("/")[2],
            "value_type": "SCALAR",
            "values": [point],
        }
        self._client.write_tensorboard_run_data(tensorboard_run=self._run, time_series_data=[data])

    def check(self) -> None:
        data = self._client.read_tensorboard_time_series_data(tensorboard_time_series=self._series)
        assert [point.step for point in data.time_series_data.values] == list(range(TOTAL))


class Trials(Scenario):
    """All ask one study for trials, and complete them."""

    def __init__(self, parent: str) -> None:
        super().__init__(parent)
        self._client = VizierServiceClient(client_options=OPTIONS)
        self._study = self._client.create_study(parent=parent, study=STUDY).name

    def step(self, client: int, number: int) -> None:
        request = {"parent": self._study, "suggestion_count": 1, "client_id": f"c{client}"}
        (trial,) = self._client.suggest_trials(request).result().trials
        measurement = {"metrics": [{"metric_id": "m", "value": 1.0}]}
        self._client.complete_trial({"name": trial.name, "final_measurement": measurement})

    def check(self) -> None:
        trials = list(self._client.list_trials(parent=self._study))
        assert sorted(int(trial.id) for trial in trials) == list(range(1, TOTAL + 1))
        assert {trial.state.name for trial in trials} == {"SUCCEEDED"}


class Rows(Scenario):
    """All insert rows into one table."""

    def __init__(self, parent: str) -> None:
        super().__init__(parent)
        self._client = bigquery.Client(project="concurrency")
        self._table = f"{unique()}.t"
        self._client.create_dataset(self._table.partition(".")[0])
        self._client.query_and_wait(f"create table {self._table} (n int64)")

    def step(self, client: int, number: int) -> None:
        value = client * ROUNDS + number
        self._client.query_and_wait(f"insert into {self._table} (n) values ({value})")  # noqa: S608

    def check(self) -> None:
        rows = self._client.query_and_wait(f"select n from {self._table} order by n")  # noqa: S608
        assert [row.n for row in rows] == list(range(TOTAL))
