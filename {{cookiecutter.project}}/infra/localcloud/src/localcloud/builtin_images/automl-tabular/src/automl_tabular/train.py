"""Trains one model: `python -m automl_tabular.train FOLDER`.

The folder holds `task.json` and the rows, `training.jsonl`, `validation.jsonl` and `test.jsonl`.
Training adds what `training.run` says, or `mistake.txt` if the task or the data cannot be used.
"""

import sys
from pathlib import Path

from automl_tabular.task import Task
from automl_tabular.values import TaskError

MISTAKE = 3  # the exit code


def main() -> None:
    """Train in the folder that the command line names."""
    folder = Path(sys.argv[1])
    try:
        task = Task(folder)
        task.check()
        from automl_tabular import training  # takes a second or two: mistakes need not wait for it

        training.run(task)
    except TaskError as error:
        (folder / "mistake.txt").write_text(str(error))
        sys.exit(MISTAKE)


if __name__ == "__main__":
    main()
