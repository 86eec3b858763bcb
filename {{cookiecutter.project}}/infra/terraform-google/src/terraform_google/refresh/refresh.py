"""Downloading the bindings, and writing what is needed of them to schemas/."""

from __future__ import annotations

import json
import lzma
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from terraform_google.refresh.bindings import Binding, Bindings, read_wheel
from terraform_google.refresh.documentation import annotated
from terraform_google.refresh.extraction import Extraction
from terraform_google.schema import MAJOR_VERSIONS, PROVIDERS, SCHEMAS, block_to_json, schema_file

HERE = Path(__file__).parent
KINDS = {"TerraformResource": "resources", "TerraformDataSource": "data"}


def refresh_schemas(tell: Callable[[str], None]) -> None:
    """Writes schemas/ anew.

    packages.txt says which release of the bindings describes which major version of the providers,
    types.txt which types are kept.
    """
    wanted = set((HERE / "types.txt").read_text().split())
    unknown = set(wanted)
    for provider, major_version, requirement in _packages():
        with tempfile.TemporaryDirectory() as folder:
            bindings = read_wheel(_download(requirement, Path(folder)))
        if bindings.provider != provider or not bindings.version.startswith(f"{major_version}."):
            raise ValueError(f"{requirement} is {bindings.provider} {bindings.version}.")
        schema, kept = _schema(bindings, wanted)
        unknown -= kept
        _write(schema_file(provider, major_version), schema)
        (SCHEMAS / "LICENSE").write_text(bindings.licence)
        tell(f"{requirement}: {provider} {bindings.version}, {len(kept)} types")
    if unknown:
        raise ValueError(f"types.txt names types that no provider has: {sorted(unknown)}")


def _packages() -> list[tuple[str, int, str]]:
    lines = (HERE / "packages.txt").read_text().splitlines()
    rows = [line.split() for line in lines if line and not line.startswith("#")]
    packages = [(provider, int(major), requirement) for provider, major, requirement in rows]
    named = {(provider, major) for provider, major, _ in packages}
    if named != {(provider, major) for provider in PROVIDERS for major in MAJOR_VERSIONS}:
        raise ValueError("packages.txt must name a package for each provider and major version.")
    return packages


def _download(requirement: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run([*command, "--dest", str(folder), requirement], check=True)
    return next(folder.glob("*.whl"))


def _schema(bindings: Bindings, wanted: set[str]) -> tuple[dict[str, Any], set[str]]:
    """What is stored of a provider, and the names of the types in it, as types.txt writes them."""
    schema: dict[str, Any] = {"version": bindings.version, "resources": {}, "data": {}}
    kept = set()
    for binding in bindings.bindings:
        if binding.kind == "TerraformProvider":
            schema["provider"] = block_to_json(_block(binding))
            continue
        is_data = binding.kind == "TerraformDataSource"
        name = f"data.{binding.type_name}" if is_data else binding.type_name
        if name in wanted:
            schema[KINDS[binding.kind]][binding.type_name] = block_to_json(_block(binding))
            kept.add(name)
    return schema, kept


def _block(binding: Binding) -> Any:
    return annotated(Extraction(binding).root(), binding.declarations)


def _write(path: Path, schema: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    content = json.dumps(schema, separators=(",", ":"), sort_keys=True).encode()
    path.write_bytes(lzma.compress(content, preset=9 | lzma.PRESET_EXTREME))
