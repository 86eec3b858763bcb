"""Leave behind what the answers do without and what tools cached; say what is next.

An option removes whole files. The answers come as JSON, as in the hook before generation.
"""

import json
import shutil
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | jsonify }}""")

COPIED_FOLDERS = ("benchmarks", "infra", "src", "terraform", "tests")
CACHES = ("__pycache__", ".*_cache", ".terraform")
TOP_LEVEL_CACHES = (".*_cache", "build")

# Cloud Build tests, builds and delivers
DELIVERY = ("cloudbuild", "cloudbuild.yaml", "docs/delivery.md", "infra/cloud_build.yaml")
# Terraform provides what runs without people: schedules, retraining, alerts
PROVISIONING = (
    "docs/iam.md",
    "docs/operations.md",
    "infra/terraform-google",
    "infra/tools/checkov",
    "terraform",
    "tests/terraform",
)
LEFT_OUT = {"manual": DELIVERY + PROVISIONING, "pipeline": DELIVERY, "cicd": ()}


def remove_caches(project: Path) -> None:
    """Delete what tools made in the template's folder and was copied along with its files."""
    folders = [project / name for name in COPIED_FOLDERS]
    found = [cache for folder in folders for name in CACHES for cache in folder.rglob(name)]
    found += [cache for name in TOP_LEVEL_CACHES for cache in project.glob(name)]
    for cache in found:
        shutil.rmtree(cache, ignore_errors=True)


def remove_left_out(project: Path, level: str) -> None:
    """Delete the files that this level of maturity does without."""
    for name in LEFT_OUT[level]:
        path = project / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def choose_licence(project: Path, licence: str) -> None:
    """Keep the chosen licence's text as LICENSE."""
    (project / "licenses" / licence).replace(project / "LICENSE")
    shutil.rmtree(project / "licenses")


if __name__ == "__main__":
    project = Path.cwd()
    remove_caches(project)
    remove_left_out(project, ANSWERS["mlops_level"])
    choose_licence(project, ANSWERS["license"])
    print(f"Generated {project.name}. Next: cd {project.name} && make run")
