"""What builds leave behind in localcloud's state folder."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from localcloud.home import Home


@dataclass(frozen=True)
class StepResult:
    """How a step ended: SUCCESS, FAILURE, TIMEOUT, ALLOWED FAILURE or NOT RUN HERE."""

    step: str
    outcome: str
    seconds: float = 0.0
    note: str = ""

    @property
    def failed(self) -> bool:
        """Whether the build ends with this step."""
        return self.outcome in ("FAILURE", "TIMEOUT")


@dataclass(frozen=True)
class BuildRecord:
    """A build that was played."""

    trigger: str
    commit: str
    steps: list[StepResult] = field(default_factory=list)
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether it did not come to its end."""
        return bool(self.error) or any(step.failed for step in self.steps)

    def lines(self) -> list[str]:
        """The build as a table; ends with what did not run here."""
        width = max((len(step.step) for step in self.steps), default=0)
        rows = [f"  {s.step:{width}}  {s.seconds:6.1f} s  {s.outcome}" for s in self.steps]
        gaps = [f"  not run here: {s.step} ({s.note})" for s in self.steps if s.note]
        verdict = "FAILURE" if self.failed else "SUCCESS"
        if gaps and not self.failed:
            verdict = f"SUCCESS of what runs here; {len(gaps)} of {len(self.steps)} steps do not"
        told = [f"  {self.error}"] if self.error else []
        return [f"Build {self.trigger} of {self.commit[:12]}: {verdict}", *rows, *gaps, *told]


@dataclass(frozen=True)
class BuildsFolder:
    """The folder of builds: the workspace, the repository to push to, and small records."""

    home: Home

    @property
    def root(self) -> Path:
        """Where all of it lies."""
        return self.home.root / "builds"

    @property
    def repository(self) -> Path:
        """The bare repository whose pushes start builds."""
        return self.root / "repository.git"

    @property
    def workspace(self) -> Path:
        """What `/workspace` is; kept between builds, without what the commit does not hold."""
        return self.root / "workspace"

    @property
    def programs(self) -> Path:
        """Stand-ins of programs, a folder each."""
        return self.root / "programs"

    def read(self, name: str) -> Any:
        """A JSON record, or None."""
        path = self.root / f"{name}.json"
        return json.loads(path.read_text()) if path.exists() else None

    def write(self, name: str, content: Any) -> None:
        """Keep a JSON record."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.root / f"{name}.json"
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(content, indent=2))
        draft.replace(path)

    def keep(self, records: list[BuildRecord]) -> None:
        """Keep the builds of the last push."""
        self.write("builds", [asdict(record) for record in records])

    def last(self) -> list[BuildRecord]:
        """The builds of the last push."""
        found = self.read("builds") or []
        return [
            BuildRecord(**record | {"steps": [StepResult(**step) for step in record["steps"]]})
            for record in found
        ]
