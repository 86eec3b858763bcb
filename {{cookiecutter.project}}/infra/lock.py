"""Write each environment's hashed requirements.lock anew, from what it asks for.

Run by `make lock`. A lock lists versions and hashes and never an address, so that it works
with any package index.
"""

import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

ROOT = Path(__file__).parents[1]
IMAGES = (
    ROOT / "infra" / "images",
    ROOT / "infra" / "tools",
    ROOT / "benchmarks" / "serving",
    ROOT / "infra" / "localcloud" / "src" / "localcloud" / "builtin_images",
)


def compile_lock(lock: Path, *arguments: str) -> None:
    """Resolve requirements into a lock; `arguments` are uv's, paths relative to the project."""
    print(f"Resolving {lock.relative_to(ROOT)} ...")
    command = [find_uv_bin(), "pip", "compile", "--quiet", "--upgrade", "--generate-hashes"]
    options = ["--no-header", "--no-annotate", "--output-file", str(lock.relative_to(ROOT))]
    subprocess.run([*command, *options, *arguments], cwd=ROOT, check=True)


def lock_image(image: Path) -> None:
    """Lock one image or tool: Linux on x86-64 with Python 3.11, as the Dockerfiles say."""
    overrides = image / "overrides.txt"
    compile_lock(
        image / "requirements.lock",
        str((image / "requirements.in").relative_to(ROOT)),
        "--python-version=3.11",
        "--python-platform=x86_64-manylinux_2_28",
        *([f"--override={overrides.relative_to(ROOT)}"] if overrides.exists() else []),
    )


def main() -> None:
    """Lock the project environment, all images and tools, or those named as arguments."""
    names = sys.argv[1:]
    if not names:
        compile_lock(
            ROOT / "requirements.lock",
            "pyproject.toml",
            *(str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("infra/*/pyproject.toml"))),
            "--extra=dev",
            "--python-version=3.11",
            "--universal",
        )
    for folder in IMAGES:
        for image in sorted(path.parent for path in folder.glob("*/requirements.in")):
            if not names or image.name in names:
                lock_image(image)


if __name__ == "__main__":
    main()
