"""Leave behind the caches of tools that ran inside the template's own folder; say what is next."""

import shutil
from pathlib import Path

COPIED_FOLDERS = ("benchmarks", "infra", "src", "terraform", "tests")
CACHES = ("__pycache__", ".*_cache", ".terraform")
TOP_LEVEL_CACHES = (".*_cache", "build")


def remove_caches(project: Path) -> None:
    """Delete what tools made in the template's folder and was copied along with its files."""
    folders = [project / name for name in COPIED_FOLDERS]
    found = [cache for folder in folders for name in CACHES for cache in folder.rglob(name)]
    found += [cache for name in TOP_LEVEL_CACHES for cache in project.glob(name)]
    for cache in found:
        shutil.rmtree(cache, ignore_errors=True)


if __name__ == "__main__":
    project = Path.cwd()
    remove_caches(project)
    print(f"Generated {project.name}. Next: cd {project.name} && make run")
