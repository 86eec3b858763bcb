"""`packages_to_install` without the network: from a file and from an index of the test's own."""

import functools
import shutil
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from kfp import dsl

from localcloud.virtual_environment import default_folder
from tests.pipelines.pipeline_client import IMAGE, PipelineClient, Result
from tests.vertex import unique


@pytest.fixture
def environments() -> Iterator[Path]:
    """Where the packages go; what a test adds is removed."""
    before = set(default_folder().glob("*"))
    yield default_folder()
    for added in set(default_folder().glob("steps-packages-*")) - before:
        shutil.rmtree(added) if added.is_dir() else added.unlink()


def wheel(folder: Path, name: str, requires: str = "", module: str = "VERSION = '1.0'") -> Path:
    """A wheel of one module that tells a version."""
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"{name}.py", module)
        file.writestr(
            f"{info}/METADATA", metadata + (f"Requires-Dist: {requires}\n" if requires else "")
        )
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", "")
    return path


def run(pipelines: PipelineClient, name: str, **options: Any) -> Result:
    """Run a component that says which Python it has and which version of the module."""

    @dsl.component(base_image=IMAGE, **options)
    def tell(name: str) -> list:
        import importlib
        import shutil
        import sys

        module = importlib.import_module(name)
        return [module.VERSION, sys.executable, shutil.which("python")]

    @dsl.pipeline(name="telling")
    def telling(name: str) -> list:
        return tell(name=name).output

    return pipelines.run(telling, {"name": name}, enable_caching=False)


def test_packages_are_installed_once_on_top_of_the_image(
    pipelines: PipelineClient, environments: Path, tmp_path: Path
) -> None:
    name = unique()
    file = wheel(tmp_path, name, requires="kfp")  # the image has it: no index is needed
    packages = ["--no-index", str(file)]
    first = run(pipelines, name, packages_to_install=packages)
    assert first.state == "SUCCEEDED", first.error
    version, python, on_path = first.output("tell")
    assert version == "1.0"
    assert python == on_path
    assert Path(python).is_relative_to(environments)
    again = run(pipelines, name, packages_to_install=packages, install_kfp_package=False)
    assert again.output("tell") == first.output("tell")
    made = list(environments.glob(f"*/lib/*/site-packages/{name}.py"))
    assert len(made) == 1


def test_a_changed_file_is_installed_again(
    pipelines: PipelineClient, environments: Path, tmp_path: Path
) -> None:
    name = unique()
    for version in ("1.0", "2.0"):
        file = wheel(tmp_path, name, module=f"VERSION = {version!r}")
        result = run(pipelines, name, packages_to_install=[f"{name} @ file://{file}"])
        assert result.state == "SUCCEEDED", result.error
        assert result.output("tell")[0] == version


def test_packages_come_from_the_index_that_the_component_names(
    pipelines: PipelineClient, environments: Path, tmp_path: Path
) -> None:
    name = unique()
    folder = tmp_path / "simple" / name
    folder.mkdir(parents=True)
    file = wheel(folder, name)
    (folder / "index.html").write_text(f"<a href='{file.name}'>{file.name}</a>")
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        result = run(
            pipelines,
            name,
            packages_to_install=[f"{name}>=1"],
            pip_index_urls=[f"http://127.0.0.1:{server.server_port}/simple"],
            pip_trusted_hosts=["127.0.0.1"],
        )
    finally:
        server.shutdown()
        server.server_close()
    assert result.state == "SUCCEEDED", result.error
    assert result.output("tell")[0] == "1.0"


def test_a_package_that_cannot_be_installed_fails_the_task(
    pipelines: PipelineClient, environments: Path
) -> None:
    name = unique()
    result = run(pipelines, name, packages_to_install=["--no-index", name])
    assert result.state == "FAILED"
    assert f"No matching distribution found for {name}" in result.error
    assert f"pip --python {environments}" in result.error


def test_kfp_of_the_image_stands(pipelines: PipelineClient, tmp_path: Path) -> None:
    @dsl.component(base_image=IMAGE)
    def where() -> str:
        import sys

        return sys.executable

    @dsl.pipeline(name="where")
    def asking() -> str:
        return where().output

    assert pipelines.run(asking, enable_caching=False).output("where") == sys.executable
