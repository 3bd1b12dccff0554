"""Run one workload: make each system, check it, time those that are equal."""

import gc
import logging
import time
from dataclasses import asdict

import keras

from . import data, equality, limits, systems, timing
from .workloads import Workload

# TensorFlow takes the many models of a run for one that is traced again and again, and warns.
logging.getLogger("tensorflow").setLevel(logging.ERROR)


def run(workload: Workload, rounds: int, slice_seconds: float, names: list[str] | None = None) -> dict:
    """The results of a workload, as plain JSON values.

    Example:
        >>> run(WORKLOADS["lstm_small"], rounds=3, slice_seconds=0.05)["training"]["rshop"]["median"]
        2.4

    Args:
        workload: what to run.
        rounds, slice_seconds: see `timing.interleaved`.
        names: these systems alone; the reference is always among them.

    Returns:
        `training` and `inference`: name -> median, quartiles and number of calls; `differs`:
        name -> why a system was not timed; `made`, `timed`: the seconds that it took.
    """
    start = time.perf_counter()
    made, differs = prepare(workload, names)
    checked = time.perf_counter()
    results = {"title": workload.title, "sizes": asdict(workload.sizes), "differs": differs}
    results["operations"] = {
        mode: limits.operations(workload, mode == "training") for mode in ("training", "inference")
    }
    for mode, call in (("inference", "predict"), ("training", "train")):
        calls = {name: getattr(system, call) for name, system in made.items()}
        samples = timing.interleaved(calls, rounds, slice_seconds)
        results[mode] = {name: timing.summary(taken) for name, taken in samples.items()}
    results |= {"made": checked - start, "timed": time.perf_counter() - checked}
    made.clear()
    keras.utils.clear_session()
    gc.collect()
    return results


def prepare(workload: Workload, names: list[str] | None = None, eager: bool = False) -> tuple[dict, dict]:
    """The systems that agree with the reference, and why the others do not.

    Example:
        >>> made, differs = prepare(WORKLOADS["lstm_small"].tiny(), eager=True)
        >>> list(made), differs
        (['keras', 'rshop', 'torch', 'products'], {})
    """
    batch = data.batch(workload)
    made, differs, expected = {}, {}, None
    for entry in systems.entries(workload, batch, eager):
        if names is not None and entry.name not in [systems.REFERENCE, *names]:
            continue
        system = entry.make()
        if entry.name == systems.REFERENCE:
            weights = data.weights(workload, system.shapes)
            expected = equality.outcome(system, weights)
        elif entry.name not in systems.UNCOMPARED:
            why = equality.difference(equality.outcome(system, weights), expected, workload.draws)
            if why:
                differs[entry.name] = why
                continue
        made[entry.name] = system
    return made, differs
