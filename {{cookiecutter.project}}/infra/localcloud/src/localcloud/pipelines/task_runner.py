"""Runs one KFP component function inside an image's environment.

Run as `python task_runner.py STORAGE ARGUMENTS` where ARGUMENTS is JSON, or a file of it, with
the arguments of `kfp.dsl.executor_main`; or a fork server runs it, which has imported KFP already.
It stands alone: nothing of localcloud is installed there.
"""

import json
import os
import sys
from pathlib import Path


def main() -> None:
    """Point KFP's `/gcs/` mount at the storage folder and hand over to KFP."""
    storage, arguments = sys.argv[1:]
    is_file = not arguments.startswith("[")
    sys.argv[1:] = json.loads(Path(arguments).read_text() if is_file else arguments)
    os.environ["_KFP_RUNTIME"] = "true"  # makes `import kfp` ten times faster, as on Vertex
    sys.path.insert(0, os.getcwd())  # as `python -m` does
    from kfp.dsl.executor_main import executor_main
    from kfp.dsl.types import artifact_types

    artifact_types._GCS_LOCAL_MOUNT_PREFIX = f"{storage}/"
    executor_main()


if __name__ == "__main__":
    sys.path.pop(0)  # this file's folder, whose modules are not the component's
    main()
