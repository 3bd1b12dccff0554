"""Execute the lessons and write their outputs into them, the same way each time.

    python tools/execute_notebooks.py                       # all of notebooks/
    python tools/execute_notebooks.py notebooks/01_*.ipynb  # these

Prints one line for each: seconds, peak memory, cells. Exits with 1 if a lesson stops with an error
(its file is then left as it was), takes over 60 seconds or over 1.5 GB.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

FOLDER = Path(__file__).resolve().parents[1] / "notebooks"
MAX_SECONDS = 60
MAX_GIGABYTES = 1.5

# What the kernel of each lesson starts with. Matplotlib may not write SVG or PNG with a date.
ENVIRONMENT = {
    "KERAS_BACKEND": "tensorflow",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "0",
    "TF_CPP_MIN_LOG_LEVEL": "3",
}

# Written into every lesson; the version of Python is left out, it would change with each machine.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {
        "codemirror_mode": {"name": "ipython"},
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

# On Linux ru_maxrss is in kilobytes, on macOS in bytes; Windows has no such module.
# Linux counts into ru_maxrss what the parent of a process held when it started it; VmHWM is its own.
MEMORY_CODE = """
from pathlib import Path
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
    parser.add_argument("notebooks", nargs="*", type=Path, help="by default all of notebooks/")
    parser.add_argument("--max-seconds", type=float, default=MAX_SECONDS)
    parser.add_argument("--max-gigabytes", type=float, default=MAX_GIGABYTES)
    options = parser.parse_args(arguments)
    os.environ.update(ENVIRONMENT)
    failures = 0
    for path in options.notebooks or sorted(FOLDER.glob("*.ipynb")):
        try:
            seconds, gigabytes, cells = execute(path)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            print(f"{path.name}: FAILED, the file is left as it was\n{error}", flush=True)
            failures += 1
            continue
        over = [
            f"over {limit:g} {unit}"
            for value, limit, unit in [
                (seconds, options.max_seconds, "s"),
                (gigabytes, options.max_gigabytes, "GB"),
            ]
            if value > limit
        ]
        failures += bool(over)
        verdict = f" FAILED: {' and '.join(over)}" if over else ""
        print(f"{path.name}: {seconds:.0f} s, {gigabytes:.2f} GB, {cells} cells{verdict}", flush=True)
    return min(failures, 1)


def execute(path: Path) -> tuple[float, float, int]:
    """Execute one notebook in place.

    Returns:
        Seconds from the start of the kernel to the last output, the kernel's peak memory in GB (0 if
        the system does not tell), the number of code cells.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=600,
        record_timing=False,
        resources={"metadata": {"path": str(path.resolve().parent)}},
    )
    start = time.perf_counter()
    # What the kernel says about itself is no part of the lesson; nbclient reports its death.
    with client.setup_kernel(stderr=subprocess.DEVNULL):
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
        seconds = time.perf_counter() - start
        gigabytes = _peak_memory(client) / 1e9
    cells = clean(notebook)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)
    return seconds, gigabytes, cells


def clean(notebook) -> int:
    """Number the code cells 1..n and leave nothing in the notebook that the next run would change.

    Returns:
        n.
    """
    notebook.metadata = nbformat.from_dict(METADATA)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for number, cell in enumerate(code, 1):
        cell.execution_count = number
        cell.metadata.pop("execution", None)
        cell.outputs = [kept for kept in map(_clean_output, _joined(cell.outputs)) if kept is not None]
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = number
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


def _peak_memory(client) -> int:
    cell = nbformat.v4.new_code_cell(MEMORY_CODE)
    client.nb.cells.append(cell)
    client.execute_cell(cell, len(client.nb.cells) - 1, store_history=False)
    client.nb.cells.pop()
    return int(cell.outputs[0].text)


if __name__ == "__main__":
    sys.exit(main())
