"""Install what was built into an empty environment, run tests and all lessons, and build the site with it.

    make release-check      # builds, then: python tools/release_check.py build/release

Before a release. The environment takes about 2 GB. The tests, the lessons and the site are those of the
sdist, whose own packages are taken away first: they import the installed wheel.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"
TESTS = [
    "tests/rshop/call/test_time.py",
    "tests/rshop/layers/test_saving.py",
    "tests/viz/diagram/test_step.py",
    "tests/viz/inspector/test_inspector.py",
]
LESSONS = ["--nbval-lax", "--nbval-current-env", "-n", "2", "--dist", "loadscope"]
WHERE = """
import rshop, viz
from pathlib import Path
found = {Path(module.__file__).parents[1].name for module in (rshop, viz)}
assert found == {"site-packages"}, found
"""


def main(folder: str) -> int:
    """Check the builds in `folder/dist`; 0 when all passed, else the number of the step that failed."""
    folder = Path(folder).resolve()
    (wheel,), (sdist,) = ((folder / "dist").glob(pattern) for pattern in ("*.whl", "*.tar.gz"))
    source = unpacked(sdist, folder / "source")
    python = empty_environment(folder / "env")
    # Older and newer pips read the versions for the builds from different variables.
    pinned = {"PIP_CONSTRAINT": str(CONSTRAINTS), "PIP_BUILD_CONSTRAINT": str(CONSTRAINTS)}
    steps = [
        ["-m", "pip", "install", "--quiet", f"{wheel}[lab,test,site]"],
        ["-m", "pip", "check"],
        ["-c", WHERE],
        ["-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", *TESTS],
        ["-m", "pytest", "-q", *LESSONS, *map(str, sorted((source / "notebooks").glob("*.ipynb")))],
        ["tools/make_site.py"],
    ]
    environment = {**os.environ, **pinned}
    environment.pop("PYTHONPATH", None)
    for number, step in enumerate(steps, 1):
        print("python", *step[:3], flush=True)
        if subprocess.run([python, *step], cwd=source, env=environment).returncode:
            print(f"FAILED: step {number} of {len(steps)}")
            return number
    print(f"{wheel.name} and {sdist.name}: installed into an empty environment, all passed")
    return 0


def unpacked(sdist: Path, into: Path) -> Path:
    """The folder of an sdist without the packages in it."""
    shutil.rmtree(into, ignore_errors=True)
    with tarfile.open(sdist) as tar:
        tar.extractall(into, filter="data")
    (source,) = into.iterdir()
    for package in ("rshop", "viz"):
        shutil.rmtree(source / package)
    return source


def empty_environment(folder: Path) -> Path:
    """The Python of a new environment with nothing but pip."""
    venv.create(folder, clear=True, with_pip=True)
    return folder / ("Scripts" if os.name == "nt" else "bin") / "python"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
