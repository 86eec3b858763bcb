"""An erasure that is interrupted goes on, and one of a subject who came back is a new one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.api_core.exceptions import NotFound
from google.cloud import aiplatform
from google.cloud.dlp_v2 import DeidentifyContentResponse

from mlops.privacy import erasure
from mlops.privacy.subject_rows import Rows
from mlops.privacy_settings import Key, Privacy
from mlops.settings import Settings, load_settings

KEY = Key(kms_key="projects/p/locations/l/keyRings/r/cryptoKeys/k", wrapped_key="bG9jYWxjbG91ZA==")


class Dlp:
    """Stands where DLP's client would; each id has the same hash."""

    def deidentify_content(self, request: Any) -> DeidentifyContentResponse:
        row = {"values": [{"string_value": "aGFzaA=="}]}
        return DeidentifyContentResponse(item={"table": {"rows": [row]}})


class World:
    """Rows of one subject in tables, files, and a tombstone."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.tables = {"p.d.predictions": 1, "p.d.trips": 5}
        self.files: dict[str, str] = {}
        self.gone: set[str] = set()  # files that something else deletes while they are listed
        self.dies_at = ""

    def find_rows(self, *_: Any) -> list[Rows]:
        return [Rows(table, "TRUE", count) for table, count in self.tables.items() if count]

    def delete_rows(self, _: Any, rows: Rows, __: str) -> None:
        if rows.table == self.dies_at:
            raise KeyboardInterrupt
        self.tables[rows.table] = 0

    def bucket(self, _: str) -> World:
        return self

    def blob(self, name: str) -> Any:
        def delete() -> None:
            if name in self.gone:
                raise NotFound(name)
            del self.files[name]

        return SimpleNamespace(
            name=name,
            delete=delete,
            exists=lambda: name in self.files,
            download_as_text=lambda: self.files[name],
            upload_from_string=lambda text, **_: self.files.__setitem__(name, text),
        )

    def list_blobs(self, _: str, prefix: str, **__: Any) -> list[Any]:
        return [self.blob(name) for name in sorted(self.files) if name.startswith(prefix)]

    def erase(self) -> dict[str, Any]:
        """The tombstone after an erasure."""
        tools: Any = self
        dlp: Any = Dlp()
        list(erasure.erase(self.settings, "somebody", tools, tools, dlp, really=True))
        return self.tombstone

    @property
    def tombstone(self) -> dict[str, Any]:
        (found,) = (text for name, text in self.files.items() if name.startswith("privacy/"))
        return dict(json.loads(found))


@pytest.fixture
def world(config: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    settings = load_settings("local", config)
    made = World(settings.model_copy(update={"privacy": Privacy(key=KEY, retrain_days=30)}))
    nothing: Callable[..., list[Any]] = lambda *_, **__: []  # noqa: E731
    uri = f"gs://{settings.bucket}/extract"
    monkeypatch.setattr(erasure, "find_rows", made.find_rows)
    monkeypatch.setattr(erasure, "delete_rows", made.delete_rows)
    monkeypatch.setattr(erasure, "find_working_tables", nothing)
    monkeypatch.setattr(erasure, "find_model", nothing)
    monkeypatch.setattr(aiplatform.Artifact, "list", lambda **_: [SimpleNamespace(uri=uri)])
    return made


def test_an_erasure_that_is_interrupted_goes_on(world: World) -> None:
    world.files |= {"extract/0.parquet": "", "extract/1.parquet": ""}
    world.dies_at = "p.d.trips"
    with pytest.raises(KeyboardInterrupt):
        world.erase()
    begun = world.tombstone
    assert (begun["rows"], begun["erased_at"]) == (6, "")
    assert len(world.files) == 3
    world.dies_at = ""
    world.gone = {"extract/0.parquet"}
    later = world.settings.privacy.model_copy(update={"retrain_days": 90})
    world.settings = world.settings.model_copy(update={"privacy": later})
    ended = world.erase()
    assert ended["erased_at"]
    assert {**ended, "erased_at": ""} == begun
    assert "extract/1.parquet" not in world.files
    assert world.erase() == ended


def test_a_subject_who_comes_back_is_erased_again(world: World) -> None:
    first = world.erase()
    world.tables["p.d.trips"] = 2
    world.dies_at = "p.d.trips"
    with pytest.raises(KeyboardInterrupt):
        world.erase()
    assert world.tombstone["erased_at"] == ""
    world.dies_at = ""
    second = world.erase()
    assert second["rows"] == 8
    assert second["erased_at"] > first["erased_at"]
