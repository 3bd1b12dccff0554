"""Run tests/ as one variant of `make robust`; each file of tests becomes one line."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from execute_notebooks import ROOT
from robust_variants import environment_of

from viz.style.atomic_write import write

# What these files test is text, programs and files: the same in every variant.
NOT_OF_NUMBERS = ["benchmarks", "generation_benchmark", "packaging", "project", "readme", "robust"]
NO_LAWS = ["tests/course", *(f"tests/project/test_{name}.py" for name in NOT_OF_NUMBERS)]


def run_laws(variant: str, folder: Path, jobs: int, tests: list[str] | None = None) -> list[dict]:
    """One line for each file of tests that ran, as `robust_table` takes them.

    Args:
        folder: where the records are kept.
        jobs: how many processes run at once.
        tests: files or folders instead of tests/.
    """
    record = folder / "laws"
    shutil.rmtree(record, ignore_errors=True)
    record.mkdir(parents=True)
    left_out = [f"--ignore={path}" for path in NO_LAWS]
    command = [sys.executable, "-m", "pytest", *(tests or ["tests"]), *left_out, "-m", "not browser"]
    command += ["-p", "robust_plugin", "-q", "-n", str(jobs), "--dist", "loadfile"]
    # A run of pytest of its own, also where a test starts it.
    environment = {k: v for k, v in environment_of(variant).items() if not k.startswith("PYTEST_")}
    paths = [str(ROOT / "tools"), environment.get("PYTHONPATH", "")]
    environment |= {
        "ROBUST_RECORD": str(record.resolve()),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
    }
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    write(record / "output.txt", done.stdout + done.stderr)
    lines = lines_of(records_in(record))
    # 1: tests failed, each of which has its record; 0: all passed.
    if done.returncode not in (0, 1) or not lines:
        name = f"tests: pytest ended with {done.returncode}"
        lines.append({"name": name, "kind": "error", "margin": None, "holds": False})
    print(f"laws, {variant}: {done.stdout.strip().splitlines()[-1] if done.stdout.strip() else 'nothing'}")
    return lines


def records_in(folder: Path) -> list[dict]:
    """What the plugin wrote, of all processes."""
    return [
        json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()
    ]


def lines_of(records: list[dict]) -> list[dict]:
    """The records of the tests as one line for each file.

    Example:
        >>> lines_of([{"test": "tests/test_a.py::test_b", "holds": True, "skipped": False, "share": 0.25}])
        [{'name': 'tests/test_a.py', 'kind': 'tolerance', 'margin': 0.75, 'holds': True,
          'text': '1 passed, 75 %'}]
    """
    files: dict[str, list[dict]] = {}
    for record in records:
        files.setdefault(record["test"].partition("::")[0], []).append(record)
    return [_line_of(name, files[name]) for name in sorted(files)]


def _line_of(name, records):
    failed = sum(not record["holds"] for record in records)
    passed = sum(record["holds"] and not record["skipped"] for record in records)
    # What a failed test measured is told by the failure.
    shares = [record["share"] for record in records if record["share"] is not None and record["holds"]]
    margin = 1 - max(shares) if shares else None
    text = f"{failed} failed, {passed} passed" if failed else f"{passed} passed"
    text += "" if margin is None or failed else f", {100 * margin:.3g} %"
    kind = "tolerance" if shares else "exact"
    return {"name": name, "kind": kind, "margin": margin, "holds": not failed, "text": text}
