"""Run one task: make each way, check that it generates the same, time those that do."""

import gc
from dataclasses import asdict, replace
from functools import partial

import keras
import numpy as np

from benchmarks import systems_torch, timing

from .by_keras import PredictLoop, WhileLoop
from .by_rshop import Rshop
from .by_torch import TorchLoop
from .tasks import Found, Task, start

#: Whose tokens and scores the others' are compared with.
REFERENCE = "while loop"
#: The largest difference of a score, as a part of it.
SCORES = 1e-4


def run(task: Task, rounds: int, slice_seconds: float) -> dict:
    """The results of a task, as plain JSON values.

    Example:
        >>> run(TASKS["greedy"], rounds=3, slice_seconds=0.05)["times"]["rshop"]["median"]
        95.0

    Args:
        task: what is generated.
        rounds, slice_seconds: see `timing.interleaved`.

    Returns:
        `times`: name -> median, quartiles and number of calls, for all tokens; `scaled`: name -> how many
        tokens were timed in place of all; `differs`: name -> why a way was not timed.
    """
    made, differs = prepare(task)
    calls = {name: way.run for name, way in made.items()}
    samples = timing.interleaved(calls, rounds, slice_seconds)
    times, scaled = {}, {}
    for name, taken in samples.items():
        part = made[name].length
        times[name] = timing.summary([seconds * task.length / part for seconds in taken])
        if part < task.length:
            scaled[name] = part
    sizes = {name: value for name, value in asdict(task).items() if isinstance(value, int)}
    made.clear()
    keras.utils.clear_session()
    gc.collect()
    return {"title": task.title, "sizes": sizes, "times": times, "scaled": scaled, "differs": differs}


def prepare(task: Task, ways: dict | None = None) -> tuple[dict, dict]:
    """The ways that generate what the reference does, and why the others do not.

    Example:
        >>> made, differs = prepare(TASKS["greedy"].tiny())
        >>> list(made), differs
        (['while loop', 'while loop jit', 'predict loop', 'rshop', 'rshop jit', 'torch'], {})
    """
    given, made, differs, expected = start(task), {}, {}, {}
    for name, make in (ways or ways_of(task)).items():
        way = make(task, given)
        found = way.run()
        if way.length not in expected:
            reference = way if name == REFERENCE else WhileLoop(replace(task, length=way.length), given)
            expected[way.length] = reference.run()
        why = difference(found, expected[way.length])
        if why:
            differs[name] = why
        else:
            made[name] = way
    return made, differs


def ways_of(task: Task) -> dict:
    """The ways to do a task by the names of their columns, each `way(task, start)`, the reference first."""
    found = {REFERENCE: WhileLoop, "while loop jit": partial(WhileLoop, jit=True)}
    if task.width == 1:
        found["predict loop"] = PredictLoop
    found["rshop"], found["rshop jit"] = Rshop, partial(Rshop, jit=True)
    return found | ({"torch": TorchLoop} if systems_torch.installed() else {})


def difference(found: Found, expected: Found) -> str | None:
    """In what one way differs from the reference, None where it does not.

    Example:
        >>> difference(found, expected)
        'tokens differ from place 3 on, in 1 of 32 sequences'
    """
    for name in ("tokens", "scores"):
        shapes = [getattr(one, name).shape for one in (found, expected)]
        if shapes[0] != shapes[1]:
            return f"{name} of shape {shapes[0]}, expected {shapes[1]}"
    other = found.tokens != expected.tokens
    if other.any():
        place = int(other.any(axis=0).argmax())
        return f"tokens differ from place {place} on, in {other.any(axis=1).sum()} of {len(other)} sequences"
    gap = float(np.max(np.abs(found.scores / expected.scores - 1)))
    return None if gap <= SCORES else f"scores differ by {gap:.1e} of themselves (at most {SCORES:.1e})"
