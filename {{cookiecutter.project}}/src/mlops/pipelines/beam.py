"""The options that tell Beam where to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlops.pipelines.images import image_reference

if TYPE_CHECKING:
    from mlops.settings import Settings


def beam_arguments(settings: Settings) -> list[str]:
    """Beam's options of an environment, as on a command line.

    With `--runner=DataflowRunner` under beam: in config/, whatever Dataflow has to know and the
    settings tell already is added: project and region, where workers share files, as whom they
    run, and that they run the image of the pipeline's steps. What config/ gives takes precedence.
    """
    given = list(settings.beam.arguments)
    if not settings.beam.uses_dataflow:
        return given
    known = {
        "project": settings.project,
        "region": settings.location,
        "temp_location": f"gs://{settings.bucket}/dataflow/temp",
        "staging_location": f"gs://{settings.bucket}/dataflow/staging",
        "service_account_email": settings.service_account,
        "sdk_container_image": image_reference(settings.images, "ml"),
        "sdk_location": "container",
    }
    names = {argument.removeprefix("--").partition("=")[0] for argument in given}
    return given + [
        f"--{name}={value}" for name, value in known.items() if value and name not in names
    ]
