"""What repo2docker, which Binder builds with, makes of this project, as far as it goes without containers.

    python tools/check_binder.py            # this folder; `make release-check` runs it
    python tools/check_binder.py FOLDER     # another copy of the project

repo2docker's own code chooses how to build, reads `environment.yml` and writes its Dockerfile; nothing is
built.
"""

import contextlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
#: The end of the address that opens the first lesson, which environment.yml names.
FIRST_LESSON = re.compile(r"\?urlpath=lab/tree/(\S+)")


@dataclass(frozen=True)
class Binder:
    """What repo2docker would do.

    Attributes:
        build: the name of the way to build that it chooses: the first one that fits the folder.
        python: the minor version that it installs, for which it has an environment of its own.
        file: the file that it reads the packages from.
        dockerfile: what a container is made with.
    """

    build: str
    python: str
    file: str
    dockerfile: str


def read(folder: Path = ROOT) -> Binder:
    """Let repo2docker read a folder.

    Example:
        >>> read().build, read().python
        ('CondaBuildPack', '3.11')

    Raises:
        ModuleNotFoundError: repo2docker is not installed; the extra `release` has it.
        ValueError: of repo2docker, for a version of Python that it has no environment for.
    """
    from repo2docker.app import Repo2Docker

    with contextlib.chdir(folder):
        app = Repo2Docker()
        for way in app.buildpacks:
            chosen = way(app.base_image)
            if chosen.detect():
                break
        chosen.platform = "linux/amd64"
        dockerfile = chosen.render(build_args={"NB_USER": "reader", "NB_UID": "1000"})
        file = getattr(chosen, "environment_yaml_path", "")
        return Binder(type(chosen).__name__, getattr(chosen, "python_version", ""), file, dockerfile)


def wrong(found: Binder, folder: Path = ROOT) -> list[str]:
    """What would not work, in sentences; empty where all is well."""
    said = yaml.safe_load((folder / "environment.yml").read_text(encoding="utf-8"))
    python = next(str(one)[7:] for one in said["dependencies"] if str(one).startswith("python="))
    copied, installs = (found.dockerfile.find(step) for step in ("COPY --chown=1000:1000 src/", "env update"))
    lesson = FIRST_LESSON.search((folder / "environment.yml").read_text(encoding="utf-8"))[1]
    rules = {
        f"repo2docker builds with {found.build}, not from environment.yml": found.build == "CondaBuildPack",
        f"repo2docker reads {found.file!r}, not environment.yml": found.file == "environment.yml",
        f"repo2docker installs Python {found.python}, not {python}": found.python == python,
        # pip's two lines name files of the project.
        "the packages are installed before the project is there": -1 < copied < installs,
        f"there is no {lesson}, which the address of Binder names": (folder / lesson).is_file(),
    }
    return [sentence for sentence, holds in rules.items() if not holds]


def main(folder: str = str(ROOT)) -> int:
    """Print what is wrong; the number to exit with."""
    found = read(Path(folder))
    faults = wrong(found, Path(folder))
    print("\n".join(faults) or f"repo2docker builds {found.file} with Python {found.python}: it fits")
    return min(len(faults), 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
