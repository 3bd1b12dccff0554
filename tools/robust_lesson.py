"""Run one lesson as it is for one variant and write what its claims measured.

    python tools/robust_lesson.py notebooks/03_gates.ipynb build/robust/one_core/03.jsonl

`tools/robust.py` starts it with the environment of the variant. It writes one line in JSON for each claim,
and one for each cell that stops with an error that is no claim; the cells after it run all the same.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import robust_claims
from execute_notebooks import ENVIRONMENT
from install_cell import is_install_cell
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from robust_variants import pin_to_a_core

from viz.style.atomic_write import write

# A lesson takes a minute; on one core without fast instructions, beside other work, several.
SECONDS_A_CELL = 900


def main(lesson: str, record: str) -> int:
    """Run it; 0, whatever the claims say."""
    pin_to_a_core(int(os.environ.get("ROBUST_PLACE", 0)))
    path, record = Path(lesson).resolve(), Path(record).resolve()
    record.parent.mkdir(parents=True, exist_ok=True)
    write(record, "")
    environment = {"ROBUST_RECORD": str(record), "PYTHONPATH": _with(Path(__file__).parent), **ENVIRONMENT}
    os.environ.update(environment)
    run(path, record, int(os.environ.get("COURSE_SEED", 0)))
    return 0


def run(path: Path, record: Path, seed: int = 0):
    """Execute the cells of a lesson one by one, with their claims measured."""
    number = path.name.partition("_")[0].removesuffix(".ipynb")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if not is_install_cell(cell)]
    claims = robust_claims.Claims(number, seed)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = claims.measured(cell.source)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(f"import {robust_claims.MEASURE}"))
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=SECONDS_A_CELL,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
    )
    code = 0
    with client.setup_kernel(stderr=subprocess.DEVNULL):
        for index, cell in enumerate(notebook.cells):
            failed = failures(record)
            try:
                client.execute_cell(cell, index)
            except CellExecutionError as error:
                # A claim that does not hold has its own line.
                if failures(record) == failed:
                    add_error(record, f"{number}: cell {code}: {error.ename}", error.evalue)
            except (CellTimeoutError, DeadKernelError) as error:
                add_error(record, f"{number}: cell {code}: {type(error).__name__}", str(error))
                return
            code += cell.cell_type == "code"


def failures(record: Path) -> int:
    """How many claims failed until now."""
    return sum(not json.loads(line)["holds"] for line in record.read_text().splitlines())


def add_error(record: Path, name: str, words: str):
    """A line for what stopped a cell and is no claim."""
    text = " ".join(words.split())[:200]
    line = {"name": f"{name}: {text}", "kind": "error", "margin": None, "holds": False}
    with record.open("a") as file:
        file.write(json.dumps(line) + "\n")


def _with(folder: Path) -> str:
    return os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
