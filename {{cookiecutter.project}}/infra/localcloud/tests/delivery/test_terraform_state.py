"""A real terraform keeps its state in localcloud's Cloud Storage, as a borrowed account."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import Localcloud

BUCKET = "acme-dev-terraform"
# a resource of terraform itself: no provider is downloaded
CONFIGURATION = f"""\
terraform {{
  backend "gcs" {{
    bucket                      = "{BUCKET}"
    prefix                      = "platform"
    impersonate_service_account = "terraform@acme-dev.iam.gserviceaccount.com"
  }}
}}
resource "terraform_data" "this" {{
  input = "kept"
}}
"""


@pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not installed")
def test_terraforms_state_is_written_locked_and_read(
    localcloud: Localcloud, tmp_path: Path
) -> None:
    localcloud.run(
        f"""
        from google.cloud import storage
        storage.Client(project="acme-dev").create_bucket("{BUCKET}")
        """
    )
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "main.tf").write_text(CONFIGURATION)
        localcloud.run(["terraform", f"-chdir={tmp_path / name}", "init", "-input=false"])
    localcloud.run(["terraform", f"-chdir={tmp_path / 'here'}", "apply", "-auto-approve"])
    state = localcloud.home / "storage" / BUCKET / "platform"
    assert "kept" in (state / "default.tfstate").read_text()
    plan = ["terraform", f"-chdir={tmp_path / 'there'}", "plan", "-detailed-exitcode"]
    localcloud.run(plan)  # code 2 would tell of a change
    (state / "default.tflock").write_text('{"ID": "1", "Who": "somebody@else"}')
    locked = localcloud.run(plan, check=False)
    assert locked.returncode == 1
    assert "somebody@else" in locked.stdout + locked.stderr
