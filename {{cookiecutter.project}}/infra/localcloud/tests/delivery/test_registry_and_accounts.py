"""KFP's own client keeps pipelines in localcloud's Artifact Registry; accounts are borrowed."""

from pathlib import Path

import pytest
import yaml
from google.api_core.exceptions import InvalidArgument, NotFound
from kfp.registry import RegistryClient
from requests import HTTPError

from localcloud.pipeline_repositories.repository import PipelineRepository
from tests.conftest import Localcloud


def compiled(name: object, more: str = "") -> bytes:
    return yaml.safe_dump({"pipelineInfo": {"name": name}, "more": more}).encode()


def test_kfps_client_uploads_and_downloads(cloud_environment: Localcloud, tmp_path: Path) -> None:
    import google.auth.transport.requests  # noqa: F401 - kfp uses it, and does not import it

    client = RegistryClient("https://europe-west4-kfp.pkg.dev/acme-dev/pipelines")
    file = tmp_path / "training.yaml"
    file.write_bytes(compiled("training", "one"))
    package, first = client.upload_pipeline(str(file), ["dev-1", "newest"])
    file.write_bytes(compiled("training", "two"))
    _, second = client.upload_pipeline(str(file), "newest")
    assert package == "training"
    for asked, content in (
        ({"version": first}, "one"),
        ({"tag": "dev-1"}, "one"),
        ({"tag": "newest"}, "two"),
        ({"version": second}, "two"),
    ):
        found = client.download_pipeline(package, **asked, file_name=str(tmp_path / "found"))
        assert Path(found).read_bytes() == compiled("training", content)
    with pytest.raises(HTTPError, match="404"):
        client.download_pipeline(package, tag="dev-2", file_name=str(tmp_path / "none"))
    elsewhere = RegistryClient("https://europe-west4-kfp.pkg.dev/acme-prod/pipelines")
    with pytest.raises(HTTPError, match="404"):
        elsewhere.download_pipeline(package, tag="dev-1", file_name=str(tmp_path / "none"))


def test_who_acts_as_another_account_gets_its_token(cloud_environment: Localcloud) -> None:
    import google.auth
    from google.auth.impersonated_credentials import Credentials
    from google.auth.transport.requests import Request

    own, _ = google.auth.default(scopes=[SCOPE])
    borrowed = Credentials(own, "terraform@acme-dev.iam.gserviceaccount.com", [SCOPE])
    borrowed.refresh(Request())
    assert borrowed.valid
    assert borrowed.token


SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@pytest.mark.parametrize(
    ("content", "tags", "sentence"),
    [
        (b"a: [", [], "must have a pipelineInfo.name"),
        (b"a: 1", [], "must have a pipelineInfo.name"),
        (compiled("Training"), [], "'Training' cannot be uploaded"),
        (compiled("../up"), [], "cannot be uploaded"),
        (compiled("training"), ["../up"], "'../up' is no tag"),
    ],
)
def test_what_artifact_registry_refuses_is_refused(
    content: bytes, tags: list[str], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidArgument, match=sentence):
        PipelineRepository(tmp_path).upload(content, tags)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("package", "reference"), [("..", "x"), ("training", "../x"), ("training", "sha256:1")]
)
def test_nothing_else_is_read(package: str, reference: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("secret")
    (tmp_path / "r/training").mkdir(parents=True)
    with pytest.raises(NotFound):
        PipelineRepository(tmp_path / "r").download(package, reference)
