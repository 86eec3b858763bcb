"""Start the prediction container's server: python -m mlops.serving."""

from __future__ import annotations

import os
import sys
import tempfile

from mlops.serving.digest import ModelHashError, check_hash, fetch_model
from mlops.serving.environment import EnvironmentVariableError, read_environment

SMALLEST_SWITCH = 0.0005  # seconds; so that the model's thread need not wait for the web server's


def main() -> None:
    """Serves the model that the environment names; one that is not as trained is not served."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's warnings may quote values
    try:
        with tempfile.TemporaryDirectory(prefix="model-") as copy:
            serve(copy)
    except (EnvironmentVariableError, ModelHashError) as error:
        sys.exit(f"Error: {error}")
    os._exit(0)  # tidying up TensorFlow, which the end of the process does anyway, takes seconds


def serve(copy: str) -> None:
    """Loads the model and warms it up before anyone can reach it, then serves until told to end.

    Args:
        copy: an empty folder, for the model if it lies in Cloud Storage.

    Raises:
        EnvironmentVariableError: a variable is missing or mistyped.
        ModelHashError: the model is not the one that was trained.
    """
    environment = read_environment()
    folder = fetch_model(environment.model_uri, copy)
    model_hash = check_hash(folder, environment.model_hash, environment.model_uri)

    # Here, because a refusal need not wait for TensorFlow
    from mlops.serving.app import App
    from mlops.serving.batching import Batcher
    from mlops.serving.logs import configure_logs, write_log
    from mlops.serving.model import ServingModel
    from mlops.serving.server import DrainingServer
    from mlops.serving.tracing import create_tracer

    identity = {"model_version": model_hash[:12], "deployed_model": environment.deployed_model}
    configure_logs()
    tracer = create_tracer(identity)
    model = ServingModel(folder)
    model.warm_up(environment.max_batch_rows)
    batcher = Batcher(model.run, environment.max_batch_rows, environment.max_waiting_rows)
    app = App(model, batcher, environment.health_route, environment.predict_route, identity, tracer)
    sys.setswitchinterval(SMALLEST_SWITCH)
    write_log("INFO", "ready", **identity)
    DrainingServer(app, environment.host, environment.port, environment.drain_seconds).run()
    if tracer is not None:
        tracer.close()
    write_log("INFO", "ended", **identity)


if __name__ == "__main__":
    main()
