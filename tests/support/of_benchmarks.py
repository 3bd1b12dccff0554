"""The modules of `benchmarks`, which stands beside `tests` and is not installed."""

import importlib
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))


def module(name):
    """A module of the benchmark by its name there: `module("timing")`."""
    return importlib.import_module(f"benchmarks.{name}")
