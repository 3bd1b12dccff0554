"""What only a fresh process can tell: the first step, the first prediction, peak memory, growth."""

import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SYSTEMS = ("rshop", "keras")
#: figure -> what it is, and how many processes each system gets in a full run.
FIGURES = {
    "first_step": ("time to the first training step, LSTM medium", 7),
    "first_prediction": ("time to the first prediction, LSTM medium", 3),
    "peak_memory": ("peak memory of training at T = 1,000, LSTM (32, 1000, 128, 128)", 3),
    "growth": ("time and memory of training from T = 100 to 10,000, LSTM (32, T, 32, 64)", 1),
    "outside": ("a call outside of a graph, LSTM (32, 500, 32, 64)", 1),
    "lengths_fit": ("batches of lengths 5 to 119 in fit, LSTM of 64 (batch 32)", 1),
    "lengths_buckets": ("the same with lengths of 16, 32, 48 and 64", 1),
    "lengths_by_hand": ("lengths 5 to 119 in train_on_batch", 1),
}
#: What --quick leaves out.
LONG = ("first_prediction", "growth", "outside", "lengths_fit", "lengths_buckets", "lengths_by_hand")


def measure(figure: str, quick: bool) -> dict:
    """The figure of each system: the median of several processes, one system after the other.

    Example:
        >>> measure("first_prediction", quick=True)["rshop"]["first"]
        1.9
    """
    repeats = 1 if quick else FIGURES[figure][1]
    found = {system: [] for system in SYSTEMS}
    for _ in range(repeats):
        for system in SYSTEMS:
            found[system].append(_run(figure, system))
    return {system: median_of(values) for system, values in found.items()}


def median_of(values: list[dict]) -> dict:
    """The median of each number in dicts of one form.

    Example:
        >>> median_of([{"a": 1.0, "b": {"c": 5.0}}, {"a": 3.0, "b": {"c": 7.0}}])
        {'a': 2.0, 'b': {'c': 6.0}}
    """
    first = values[0]
    if not isinstance(first, dict):
        return statistics.median(values)
    return {key: median_of([value[key] for value in values]) for key in first}


def _run(figure, system):
    command = [sys.executable, "-m", "benchmarks.child", figure, system]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(
            f"A process of the benchmark failed. Received: {' '.join(command[1:])} ended with "
            f"{done.returncode}: {done.stderr.strip()[-800:]}. Expected: a line of JSON. "
            "Fix: run that command by itself, in the project's folder."
        )
    return json.loads(done.stdout.splitlines()[-1])
