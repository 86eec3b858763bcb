"""Container images run locally: an image is a folder with a Dockerfile and a hashed lock.

A container's file system is stood for by a virtual environment made from the lock, and by the
sources that COPY takes from the build context: they are used where they lie.
"""

import hashlib
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from google.api_core.exceptions import InvalidArgument, NotFound

from localcloud import virtual_environment
from localcloud.dockerfile import Dockerfile, DockerfileError, parse
from localcloud.virtual_environment import Report

_LOG = logging.getLogger(__name__)
_NAME = re.compile(r"[a-z0-9]+([._-]+[a-z0-9]+)*")
_BUILT_IN = Path(__file__).with_name("builtin_images")  # for what Google offers ready-made
_PRELOAD = "localcloud.preload"  # a label: modules that the image's warm process imports
_PYTHON = re.compile(r"(?:^|/)python:(3(?:\.\d+)?)(?![\d])")


@dataclass(frozen=True)
class Image:
    """One image, as it is on disk when it is resolved."""

    name: str
    folder: Path
    context: Path
    environments: Path
    dockerfile: Dockerfile
    report: Report = _LOG.info

    @property
    def lock(self) -> Path:
        """The hashed requirements; without this file localcloud's own Python runs the image."""
        return self.folder / "requirements.lock"

    @property  # not a cached one: Python 3.11 would let one build block all other images
    def python(self) -> Path:
        """The interpreter; the first use of a lock builds its environment, which takes minutes.

        Raises:
            FailedPrecondition: no Python of that version is installed, or the build fails.
        """
        version = self._python_version
        if self.lock.exists():
            return virtual_environment.ensure(
                self.environments, self.name, self.lock, version, self.report
            )
        if version != "3":
            virtual_environment.find_interpreter(self.name, version)
        return Path(sys.executable)

    @property
    def is_built(self) -> bool:
        """Whether `python` is there already, so that nobody has to wait for it."""
        return not self.lock.exists() or virtual_environment.is_built(
            self.environments, self.name, self.lock, self._python_version
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all that decides what the image does: Dockerfile, lock, copied files."""
        digest = hashlib.sha256()
        files = [self.folder / "Dockerfile", *([self.lock] if self.lock.exists() else [])]
        files += [file for path in self._mounts.values() for file in _files(path)]
        for file in files:
            state = file.stat()
            content = _content(file, state.st_mtime_ns, state.st_size, state.st_ino)
            digest.update(f"{file.relative_to(self._root(file))}\0{content}\n".encode())
        return digest.hexdigest()

    @cached_property
    def env(self) -> dict[str, str]:
        """The Dockerfile's ENV with container paths as local ones.

        PATH is left out: what stands there is the base image's; locally the environment's
        own `bin` comes first.
        """
        return {
            name: self._localise(value)
            for name, value in self.dockerfile.env.items()
            if name != "PATH"
        }

    @cached_property
    def entrypoint(self) -> list[str]:
        """ENTRYPOINT, with container paths as local ones."""
        return [self._localise(word) for word in self.dockerfile.entrypoint]

    @cached_property
    def command(self) -> list[str]:
        """CMD, with container paths as local ones."""
        return [self._localise(word) for word in self.dockerfile.command]

    @cached_property
    def working_folder(self) -> Path | None:
        """The local folder that WORKDIR stands for, if COPY filled it."""
        path = Path(self._localise(self.dockerfile.working_folder))
        return path if path.is_relative_to(self.context) and path.is_dir() else None

    @property
    def preload(self) -> tuple[str, ...]:
        """Modules that the image asks to have imported once, before its tasks are forked."""
        return tuple(self.dockerfile.labels.get(_PRELOAD, "").split())

    @property
    def _python_version(self) -> str:
        match = _PYTHON.search(self.dockerfile.base)
        if match is None or (match.group(1) == "3" and self.lock.exists()):
            raise InvalidArgument(
                f"Image {self.name} starts FROM {self.dockerfile.base}, whose Python version is"
                " unknown here; start it FROM python:3.X."
            )
        return match.group(1)

    @cached_property
    def _mounts(self) -> dict[str, Path]:
        """The local path of each copied file or folder, by its container path."""
        mounts: dict[str, Path] = {}
        for copy in self.dockerfile.copies:
            for source in copy.sources:
                for target, path in self._mount(source, copy.destination):
                    if path.is_dir() and mounts.get(target, path) != path:
                        raise InvalidArgument(
                            f"Image {self.name} copies several folders into {target or '/'}, which"
                            " has no local equivalent; copy each into a folder of its own."
                        )
                    mounts[target] = path
        return mounts

    def _mount(self, source: str, destination: str) -> Iterator[tuple[str, Path]]:
        paths = sorted(self.context.glob(source)) if set(source) & set("*?[") else None
        for path in [self.context / source] if paths is None else paths:
            if ".." in Path(source).parts or not path.exists():
                raise InvalidArgument(
                    f"Image {self.name} copies {source}, which is not in the build context"
                    f" {self.context}; give its folder with --context."
                )
            into = path.is_file() and destination.endswith("/")
            yield (f"{destination}{path.name}" if into else destination.rstrip("/")), path

    def _localise(self, text: str) -> str:
        """Replace container paths; the longest wins, and `/` itself is never replaced."""
        local = {target: path for target, path in self._mounts.items() if target}
        if not local:
            return text
        paths = "|".join(re.escape(target) for target in sorted(local, key=len, reverse=True))
        pattern = rf"(?<![\w./-])(?:{paths})(?=$|[/:;,\s\"'])"
        return re.sub(pattern, lambda match: str(local[match.group()]), text)

    def _root(self, file: Path) -> Path:
        return self.context if file.is_relative_to(self.context) else self.folder


@dataclass(frozen=True)
class Images:
    """The images that this localcloud knows: one directory's folders, and the built-in ones."""

    directory: Path | None
    context: Path
    environments: Path
    report: Report = _LOG.info

    def resolve(self, reference: str) -> Image:
        """The image that a reference such as `us-docker.pkg.dev/p/repository/ml:tag` names.

        Only the last part of the path counts, without tag or digest: here `ml`.

        Raises:
            InvalidArgument: it is not an image reference, or its Dockerfile cannot be read.
            NotFound: there is no such folder.
        """
        name = reference.partition("@")[0].rpartition("/")[2].partition(":")[0]
        if not _NAME.fullmatch(name):
            raise InvalidArgument(
                f"{reference or 'An empty string'} is not an image reference; write one such as"
                " us-docker.pkg.dev/project/repository/image:tag."
            )
        if self.directory and (self.directory / name / "Dockerfile").is_file():
            return self._load(self.directory / name, self.context)
        if (_BUILT_IN / name).is_dir():
            return self._load(_BUILT_IN / name, _BUILT_IN / name)
        if self.directory is None:
            raise NotFound(f"Image {reference} is not here; start localcloud up with --images DIR.")
        raise NotFound(
            f"Image {reference} is not here: add {self.directory / name / 'Dockerfile'}, or start"
            " localcloud up with another --images DIR."
        )

    def names(self) -> list[str]:
        """The images of the directory, in order."""
        found = self.directory.glob("*/Dockerfile") if self.directory else ()
        return sorted(dockerfile.parent.name for dockerfile in found)

    def _load(self, folder: Path, context: Path) -> Image:
        try:
            dockerfile = parse((folder / "Dockerfile").read_text())
        except DockerfileError as error:
            raise InvalidArgument(f"{folder / 'Dockerfile'} cannot be used: {error}") from error
        return Image(folder.name, folder, context, self.environments, dockerfile, self.report)


def build(images: Images, names: Iterable[str] = ()) -> Iterator[Path]:
    """Make the environments of these images, or of all, so that no later step waits for one.

    Gives the Python of each.

    Raises:
        GoogleAPICallError: an image is not there, or its environment cannot be built.
    """
    for name in list(names) or images.names():
        yield images.resolve(name).python


@lru_cache(maxsize=65_536)
def _content(file: Path, *_state: int) -> str:
    """The SHA-256 of a file, computed anew when its time, size or number has changed."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _files(path: Path) -> Iterator[Path]:
    """The files of a copied folder in order; caches and hidden folders hold no sources."""
    if path.is_file():
        yield path
    elif path.is_dir():
        for child in sorted(path.iterdir()):
            hidden = child.is_dir() and (child.name.startswith(".") or child.name == "__pycache__")
            if not hidden and child.suffix != ".pyc":
                yield from _files(child)
