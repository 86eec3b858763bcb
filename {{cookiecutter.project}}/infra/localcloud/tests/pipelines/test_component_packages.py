"""`packages_to_install` without the network: from a file and from an index of the test's own."""

import functools
import json
import os
import shutil
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import kfp
import pytest
from kfp import dsl

from localcloud.virtual_environment import default_folder
from tests.pipelines.components import echo
from tests.pipelines.pipeline_client import IMAGE, PipelineClient, Result, plain
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


def test_packages_come_from_the_index_of_the_component_while_other_jobs_run(
    pipelines: PipelineClient, environments: Path, tmp_path: Path
) -> None:
    name = unique()
    folder = tmp_path / "simple" / name
    folder.mkdir(parents=True)
    file = wheel(folder, name)
    (folder / "index.html").write_text(f"<a href='{file.name}'>{file.name}</a>")
    others_have_run = threading.Event()

    class Index(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            others_have_run.wait(30)
            super().do_GET()

    @dsl.component(
        base_image=IMAGE,
        packages_to_install=[f"{name}>=1"],
        pip_index_urls=["{{index}}"],
        pip_trusted_hosts=["127.0.0.1"],
    )
    def tell(name: str) -> str:
        import importlib

        return importlib.import_module(name).VERSION

    @dsl.pipeline(name="installing")
    def installing(name: str, times: list) -> list:
        with dsl.ParallelFor(times):
            told = tell(name=name)
        return dsl.Collected(told.output)

    @dsl.pipeline(name="other")
    def other():
        echo(value="a")

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Index, directory=tmp_path))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    index = f"http://127.0.0.1:{server.server_port}/simple"
    spec = json.loads(json.dumps(pipelines.spec(installing)).replace("{{index}}", index))
    times = list(range(os.cpu_count() or 1))  # as many as run at a time
    try:
        job = pipelines.submit(spec, {"name": name, "times": times}, enable_caching=False)
        assert pipelines.run(other, enable_caching=False).state == "SUCCEEDED"
        others_have_run.set()
        result = pipelines.wait(job)
    finally:
        server.shutdown()
        server.server_close()
    assert result.state == "SUCCEEDED", result.error
    assert plain(result.root.execution.metadata["output:Output"]) == ["1.0"] * len(times)


@dsl.component(base_image=IMAGE)
def where() -> str:
    import sys

    return sys.executable


def run_with_kfp(pipelines: PipelineClient, pinned: str) -> Result:
    """Run `where`, compiled by another version of KFP."""

    @dsl.pipeline(name="where")
    def asking() -> str:
        return where().output

    spec = json.dumps(pipelines.spec(asking)).replace(f"'kfp=={kfp.__version__}'", pinned)
    return pipelines.run(json.loads(spec), enable_caching=False)


def test_kfp_of_the_image_stands_for_older_ones(pipelines: PipelineClient) -> None:
    assert run_with_kfp(pipelines, "'kfp==2.0.1'").output("where") == sys.executable


def test_a_newer_kfp_is_installed_and_if_it_cannot_be_the_task_fails(
    pipelines: PipelineClient, environments: Path
) -> None:
    result = run_with_kfp(pipelines, "'--no-index' 'kfp==99.1'")
    assert result.state == "FAILED"
    assert "No matching distribution found for kfp==99.1" in result.error
    assert f"pip --python {environments}" in result.error
