"""Runs one compiled pipeline under `kfp.local`, as `conformance.py --compare` asks for.

    python benchmarks/kfp_local.py PIPELINE ARGUMENTS

ARGUMENTS is a JSON object. What the pipeline writes goes to the working folder. Exits with 0 if
it has succeeded, with 1 if it has failed, and with 2, after the reason, if kfp.local refuses it.
"""

import json
import re
import sys

from kfp import components, local

_FAILED = "finished with status FAILURE"
_COLOUR = re.compile(r"\x1b\[\d+m")


def main(path: str, arguments: str) -> None:
    """Run the pipeline.

    Raises:
        SystemExit: see above.
    """
    local.init(local.SubprocessRunner(use_venv=False), pipeline_root="outputs")
    try:
        components.load_component_from_file(path)(**json.loads(arguments))
    except Exception as error:
        message = _COLOUR.sub("", str(error))
        print(f"{type(error).__name__}: {message}", file=sys.stderr)
        raise SystemExit(1 if _FAILED in message else 2) from error


if __name__ == "__main__":
    main(*sys.argv[1:])
