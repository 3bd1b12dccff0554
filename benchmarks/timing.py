"""Interleaved timing: in each round every system has its slice, so that a slow minute hits all alike."""

import time
from collections.abc import Callable

import numpy as np

#: The rounds and the seconds of a slice (a call longer than that is made once).
FULL = {"rounds": 7, "slice_seconds": 0.1}
QUICK = {"rounds": 5, "slice_seconds": 0.05}
#: rshop compiles a small loop when it has trained for 16 batches; a call of 150 ms is none of a small loop.
WARM_CALLS = 20
WARM_SECONDS = 3.0


def interleaved(calls: dict[str, Callable], rounds: int, slice_seconds: float) -> dict[str, list[float]]:
    """The seconds of each call, after warming up.

    Each round begins with another system, so that none always follows the same one.

    Example:
        >>> sorted(interleaved({"a": f, "b": g}, rounds=3, slice_seconds=0.01))
        ['a', 'b']

    Args:
        calls: name -> what is timed; it returns when its work is done.
        rounds: how often each has its slice.
        slice_seconds: how long it is repeated in a slice; at least once.
    """
    for call in calls.values():
        warm(call)
    names, samples = list(calls), {name: [] for name in calls}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            samples[name] += _slice(calls[name], slice_seconds)
    return samples


def warm(call: Callable):
    """Call until a system runs as it will go on: 20 times; where a call is long, 3 seconds and 3 times.

    Example:
        >>> warm(system.train)
    """
    end = time.perf_counter() + WARM_SECONDS
    for done in range(WARM_CALLS):
        if done >= 3 and time.perf_counter() > end:
            return
        call()


def summary(samples: list[float]) -> dict:
    """The median and the quartiles in milliseconds, and the number of calls.

    Example:
        >>> summary([0.001, 0.002, 0.003])
        {'median': 2.0, 'low': 1.5, 'high': 2.5, 'calls': 3}

    Raises:
        ValueError: no samples.
    """
    if not samples:
        raise ValueError(
            "There is nothing to summarise. Received: []. Expected: seconds. Fix: rounds=1 or more."
        )
    low, median, high = (1000 * float(q) for q in np.quantile(samples, [0.25, 0.5, 0.75]))
    return {"median": median, "low": low, "high": high, "calls": len(samples)}


def _slice(call, seconds):
    taken, end = [], time.perf_counter() + seconds
    while not taken or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return taken
