"""Leave behind the caches of tools that ran inside the template's own folder; say what is next."""

import shutil
from pathlib import Path

COPIED_FOLDERS = ("infra", "src", "tests")
CACHES = ("__pycache__", ".localcloud", ".mypy_cache", ".pytest_cache", ".ruff_cache")


def remove_caches(project: Path) -> None:
    """Delete the caches that were copied along with the template's files."""
    for folder in COPIED_FOLDERS:
        for name in CACHES:
            for cache in list((project / folder).rglob(name)):
                shutil.rmtree(cache)


if __name__ == "__main__":
    project = Path.cwd()
    remove_caches(project)
    print(f"Generated {project.name}. Next: cd {project.name} && make run")
