"""The wrong Keras (law 35): `import rshop` says in one line what it found and what it needs."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rshop

STUB = """
import os

__version__ = "{version}"


def _backend():
    return os.environ.get("KERAS_BACKEND", "tensorflow")


class config:
    backend = staticmethod(_backend)


class backend:
    backend = staticmethod(_backend)
"""

IMPORT = """
try:
    import rshop
except Exception as error:
    print(f"{type(error).__name__}: {error}")
"""


def imported(folder, version, backend):
    """The lines that a fresh process prints when it imports `rshop` with this Keras."""
    (folder / "keras.py").write_text(STUB.format(version=version))
    paths = [str(folder), str(Path(rshop.__file__).parents[1])]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "KERAS_BACKEND": backend,
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ran = subprocess.run(
        [sys.executable, "-c", IMPORT],
        capture_output=True,
        text=True,
        env=environment,
        cwd=folder,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.splitlines()


@pytest.mark.parametrize("version", ["2.15.0", "3.0.5", "4.0.0"])
def test_another_keras_is_one_line_with_its_version_and_the_range(version, tmp_path):
    """Law 35: not an AttributeError from somewhere inside."""
    (line,) = imported(tmp_path, version, "tensorflow")
    assert "keras" in line.lower()
    assert version in line
    assert re.search(r"\b3\.14\b", line) and re.search(r"<\s*4|\b4\b", line)


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_another_backend_is_one_line_with_its_name_and_the_one_needed(backend, tmp_path):
    """Law 35: `KERAS_BACKEND=jax`."""
    (line,) = imported(tmp_path, "3.15.1", backend)
    assert backend in line and "tensorflow" in line and "KERAS_BACKEND" in line
