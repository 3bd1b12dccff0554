"""The first code cell of every lesson: it installs what is missing where the lesson was opened alone.

It is the one cell of a lesson that may install. `tools/place_install_cells.py` writes it; it has no
output, and what a lesson was measured for does not depend on it.
"""

import nbformat

TAG = "install"

#: Needs nothing but Python and pip, since nothing else is there when it is needed.
SOURCE = """\
# Only for a lesson that was opened alone, in VS Code or on Colab: installs what it needs, the same as
# pip install "rshop[lab]"; a wheel beside the lesson is preferred. Where rshop is there, nothing happens.
import importlib.util
import subprocess
import sys
from pathlib import Path

if importlib.util.find_spec("rshop") is None:
    wheel = max(Path().glob("rshop-*.whl"), default=None)
    what = f"./{wheel}[lab]" if wheel else "rshop[lab]"
    print(f"Installing {what}: about 2 GB, some minutes ...", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary=rshop", what]
    done = subprocess.run(command, capture_output=True, text=True)
    importlib.invalidate_caches()
    if done.returncode or not importlib.util.find_spec("course"):
        raise ModuleNotFoundError(
            f"rshop could not be installed. Received from pip: {(done.stderr or done.stdout).strip()[-400:]} "
            "Expected: rshop, viz and course. Fix: put the wheel of rshop into the folder of this lesson "
            "(`make wheel` in a clone of the project makes one), then run this cell again."
        )
    print("Installed. If the next cell stops with an error, restart the kernel and begin there.")"""


def install_cell():
    """The cell; JupyterLab, where rshop is installed, shows it folded.

    Example:
        >>> is_install_cell(install_cell())
        True
    """
    metadata = {"jupyter": {"source_hidden": True}, "tags": [TAG]}
    return nbformat.v4.new_code_cell(SOURCE, id=TAG, metadata=metadata)


def is_install_cell(cell: dict) -> bool:
    """Whether a cell of a notebook, as nbformat or json reads it, is the one that installs."""
    return cell["cell_type"] == "code" and TAG in cell["metadata"].get("tags", [])


def with_install_cell(notebook):
    """The notebook with the cell after its first one, as it is today and once."""
    first, *rest = [cell for cell in notebook.cells if not is_install_cell(cell)]
    notebook.cells = [first, install_cell(), *rest]
    return notebook
