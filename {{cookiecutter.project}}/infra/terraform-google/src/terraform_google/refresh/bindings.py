"""The generated JavaScript inside a wheel of CDK Terrain bindings."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

CLASS = re.compile(r"^class (\w+) extends cdkt[fn]\.(\w+) \{", re.MULTILINE)
CONVERTER = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{", re.MULTILINE)
KINDS = ("TerraformProvider", "TerraformResource", "TerraformDataSource")


@dataclass(frozen=True)
class Binding:
    """What a wheel holds about one resource, data source or provider."""

    kind: str
    type_name: str
    root_class: str
    classes: dict[str, str]
    """The body of each class."""
    converters: dict[str, str]
    """The body of the function that writes a nested block, by the block's lower-case name."""
    declarations: str
    """The TypeScript declarations with their documentation."""


@dataclass(frozen=True)
class Bindings:
    """A wheel."""

    provider: str
    version: str
    licence: str
    bindings: list[Binding]


def read_wheel(path: Path) -> Bindings:
    """Reads a wheel of `cdktn-provider-google` or `cdktn-provider-google-beta`."""
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        archive = wheel.read(next(name for name in names if name.endswith(".jsii.tgz")))
        metadata = wheel.read(next(name for name in names if name.endswith("/METADATA"))).decode()
        licence = wheel.read(next(name for name in names if name.endswith("/LICENSE"))).decode()
    match = re.search(r"hashicorp/([\w-]+) provider version ([\d.]+)", metadata)
    if match is None:
        raise ValueError(f"{path.name} does not say which provider it was made from.")
    folders = _folders(archive)
    found = [_binding(files) for _, files in sorted(folders.items())]
    return Bindings(match[1], match[2], licence, [each for each in found if each])


def _folders(archive: bytes) -> dict[str, dict[str, str]]:
    """The files of each folder of lib/, that is of each type."""
    folders: dict[str, dict[str, str]] = defaultdict(dict)
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for member in tar:
            parts = member.name.split("/")
            content = tar.extractfile(member) if len(parts) >= 4 and parts[1] == "lib" else None
            if content and member.name.endswith((".js", ".d.ts")):
                folders[parts[2]]["/".join(parts[3:])] = content.read().decode()
    return folders


def _binding(files: dict[str, str]) -> Binding | None:
    code = "\n".join(text for name, text in sorted(files.items()) if name.endswith(".js"))
    type_name = re.search(r"terraformResourceType: '([\w-]+)'", code)
    root = next((match for match in CLASS.finditer(code) if match[2] in KINDS), None)
    if type_name is None or root is None:
        return None  # an ephemeral resource, or an index of folders
    return Binding(
        kind=root[2],
        type_name=type_name[1],
        root_class=root[1],
        classes={match[1]: _body(code, match) for match in CLASS.finditer(code)},
        converters={match[1].lower(): _body(code, match) for match in CONVERTER.finditer(code)},
        declarations="\n".join(text for name, text in files.items() if name.endswith(".d.ts")),
    )


def _body(code: str, start: re.Match[str]) -> str:
    end = code.find("\n}\n", start.start())
    return code[start.start() : end if end > 0 else len(code)]
