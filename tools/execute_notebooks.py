"""Execute the lessons and write their outputs into them, the same way each time.

    python tools/execute_notebooks.py                       # all of notebooks/
    python tools/execute_notebooks.py 01 07                 # these lessons
    python tools/execute_notebooks.py notebooks/01_*.ipynb  # these files
    python tools/execute_notebooks.py --anew 07             # forget what slower machines measured
    python tools/execute_notebooks.py --metadata            # executes nothing, writes the metadata alone

Prints one line for each: seconds, peak memory, cells, and keeps what it measured in
`notebooks/course/measured.json`. Seconds are those of the processor, so that other work on the machine
does not count; a machine may be half as fast as another, so the most that were measured are kept. Exits
with 1 if a lesson stops with an error (its file is then left as it was), takes over 60 seconds or over
1.5 GB.
"""

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
from install_cell import is_install_cell
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from viz.style.atomic_write import write

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "notebooks"
PLAN = ROOT / "tools" / "course.toml"
MAX_SECONDS = 60
MAX_GIGABYTES = 1.5
# All lessons together.
MAX_SECONDS_OF_THE_COURSE = 900

# What the kernel of each lesson starts with. Matplotlib may not write SVG or PNG with a date.
ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}

# Written into every lesson: what JupyterLab 4.6 with ipykernel 7 writes when it opens one, but for the
# version of Python, which changes from machine to machine; tools/jupyter keeps it out of saved files.
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython", "version": 3},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": "ipython3",
    },
}

# The lines that TensorFlow's C code logs: absl's notice, "I0000 00:00:17 file.cc:1] ..." and
# "2025-01-31 12:00:00.1: I file.cc:1] ...".
TENSORFLOW_LOG = re.compile(
    r"^(WARNING: All log messages before absl::|[IWEF]\d{4} |"
    r"\d{4}-\d\d-\d\d [\d:.]+: [IWEF] |To enable the following)"
)

# Prints the kernel's CPU seconds, with those of the programs it started, then its peak memory in bytes.
# On Linux ru_maxrss is in kilobytes, on macOS in bytes; Windows has no such module.
# Linux counts into ru_maxrss what the parent of a process held when it started it; VmHWM is its own.
MEASURE_CODE = """
import os
from pathlib import Path
print(sum(os.times()[:4]))
try:
    status = Path("/proc/self/status").read_text()
    print(int(status.split("VmHWM:")[1].split()[0]) * 1024)
except (OSError, IndexError):
    try:
        import resource, sys
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
    except ImportError:
        print(0)
"""


def main(arguments=None) -> int:
    """Execute the named notebooks, or all; the number to exit with."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("notebooks", nargs="*", help="files, or lessons such as 03; by default all lessons")
    parser.add_argument("--max-seconds", type=float, help="by default what the lesson may take")
    parser.add_argument("--max-gigabytes", type=float, default=MAX_GIGABYTES)
    parser.add_argument("--anew", action="store_true", help="keep the seconds of this run, if they are fewer")
    parser.add_argument("--metadata", action="store_true", help="only write the notebooks' metadata")
    options = parser.parse_args(arguments)
    paths = [find(name) for name in options.notebooks] or lesson_files()
    if options.metadata:
        return write_metadata(paths)
    os.environ.update(ENVIRONMENT)
    failures = 0
    for path in paths:
        try:
            seconds, gigabytes, cells = execute(path)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            print(f"{path.name}: FAILED, the file is left as it was\n{error}", flush=True)
            failures += 1
            continue
        record(path, seconds, gigabytes, anew=options.anew)
        most = max_seconds(path.name) if options.max_seconds is None else options.max_seconds
        over = [
            f"over {limit:g} {unit}"
            for value, limit, unit in [
                (seconds, most, "s"),
                (gigabytes, options.max_gigabytes, "GB"),
            ]
            if value > limit
        ]
        failures += bool(over)
        verdict = f" FAILED: {' and '.join(over)}" if over else ""
        print(f"{path.name}: {seconds:.0f} s, {gigabytes:.2f} GB, {cells} cells{verdict}", flush=True)
    return min(failures, 1)


def write_metadata(paths: list[Path]) -> int:
    """Give these notebooks the metadata of a lesson and leave their cells as they are; 0."""
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        notebook.metadata = nbformat.from_dict(METADATA)
        write(path, nbformat.writes(notebook) + "\n")
    return 0


def max_seconds(name: str) -> float:
    """The CPU seconds that a lesson may take: a minute, where the plan of the course does not say more.

    Example:
        >>> max_seconds("00_win_first.ipynb"), max_seconds("14_attention.ipynb")
        (60, 90)
    """
    lessons = {entry["file"]: entry for entry in tomllib.loads(PLAN.read_text())["lesson"]}
    return lessons.get(name, {}).get("seconds", MAX_SECONDS)


def lesson_files(folder: Path = FOLDER) -> list[Path]:
    """The lessons of the course, in their order; a reader's own notebooks and copies beside them are none.

    Example:
        >>> [path.name for path in lesson_files()][:2]
        ['00_win_first.ipynb', '01_one_timestep.ipynb']
    """
    names = [entry["file"] for entry in tomllib.loads(PLAN.read_text())["lesson"]]
    return [folder / name for name in names if (folder / name).exists()]


def find(name: str) -> Path:
    """The notebook of this file name, or of this number.

    Example:
        >>> find("01").name
        '01_one_timestep.ipynb'
    """
    lessons = {path.name.partition("_")[0]: path for path in lesson_files()}
    found = [Path(name)] if Path(name).is_file() else [lessons[name]] if name in lessons else []
    if not found:
        numbers = list(lessons)
        raise SystemExit(
            f"There is no such lesson. Received: {name!r}. Expected: a file, or one of {numbers}. "
            f"Fix: python tools/execute_notebooks.py {numbers[0] if numbers else 'FILE'}"
        )
    return found[0]


def execute(path: Path) -> tuple[float, float, int]:
    """Execute one notebook in place.

    Returns:
        The kernel's CPU seconds from its start to the last output, its peak memory in GB (0 if the system
        does not tell), the number of code cells.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=600,
        record_timing=False,
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    # What the kernel says about itself is no part of the lesson; nbclient reports its death.
    with client.setup_kernel(stderr=subprocess.DEVNULL):
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
        seconds, peak = _measure(client)
    cells = clean(notebook)
    nbformat.validate(notebook)
    write(path, nbformat.writes(notebook) + "\n")
    return seconds, peak / 1e9, cells


def record(path: Path, seconds: float, gigabytes: float, *, anew: bool = False):
    """Keep what one lesson takes in `course/measured.json` beside it, with the code it was measured for.

    Of its seconds the most are kept, unless `anew`. A notebook that has no `course` beside it is no lesson:
    nothing is written.
    """
    course = path.resolve().parent / "course"
    if not course.is_dir():
        return
    entries = {name: entry for name, entry in measured(course).items() if (course.parent / name).exists()}
    code = fingerprint(nbformat.read(path, as_version=4))
    before = 0 if anew else entries.get(path.name, {}).get("seconds", 0)
    most = max(before, round(seconds))
    entries[path.name] = {"code": code, "gigabytes": round(gigabytes, 2), "seconds": most}
    text = json.dumps(entries, indent=2, sort_keys=True) + "\n"
    write(course / "measured.json", text)


def measured(course: Path = FOLDER / "course") -> dict[str, dict]:
    """File name of a lesson -> its `seconds`, its `gigabytes` and the `code` they were measured for."""
    file = course / "measured.json"
    return json.loads(file.read_text()) if file.exists() else {}


def fingerprint(notebook) -> str:
    """What changes when a code cell changes, not with the text, the outputs or the cell that installs."""
    code = [cell.source for cell in lesson_code(notebook)]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()[:16]


def lesson_code(notebook) -> list:
    """The code cells of a lesson without the one that installs, which is the same in all."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and not is_install_cell(cell)]


def clean(notebook) -> int:
    """Number the code cells 1..n and leave nothing in the notebook that the next run would change.

    The cell that installs finds everything there and says nothing; where it did not, what it said goes.

    Returns:
        n.
    """
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.metadata.pop("execution", None)
            kept = [] if is_install_cell(cell) else map(_clean_output, _joined(cell.outputs))
            cell.outputs = [output for output in kept if output is not None]
    return number(notebook)


def number(notebook) -> int:
    """Number the code cells 1..n, and with them their results; n."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, 1):
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
    return len(code)


def _joined(outputs):
    # What is printed in two pieces arrives as one or two outputs, as the machine is busy.
    result = []
    for output in outputs:
        last = result[-1] if result else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            result.append(output)
    return result


def _clean_output(output):
    if output.output_type != "stream" or output.name != "stderr":
        return output
    lines = [line for line in output.text.splitlines(keepends=True) if not TENSORFLOW_LOG.match(line)]
    output.text = "".join(lines)
    return output if output.text.strip() else None


def _measure(client) -> tuple[float, int]:
    cell = nbformat.v4.new_code_cell(MEASURE_CODE)
    client.nb.cells.append(cell)
    client.execute_cell(cell, len(client.nb.cells) - 1, store_history=False)
    client.nb.cells.pop()
    seconds, peak = _joined(cell.outputs)[0].text.split()
    return float(seconds), int(peak)


if __name__ == "__main__":
    sys.exit(main())
