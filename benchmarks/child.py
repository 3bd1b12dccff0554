"""One figure of a fresh process, printed as JSON: `python -m benchmarks.child TASK SYSTEM`.

Only the library of the system is imported, so that its memory and its first seconds are its own.
"""

import importlib
import json
import sys
import time

from . import data, environment, memory, timing
from .workloads import WORKLOADS, Sizes, Workload

SYSTEMS = {"rshop": "benchmarks.systems_rshop", "keras": "benchmarks.systems_keras"}
FIRST = WORKLOADS["lstm_medium"]
LONG = Workload("long", "lstm", "LSTM, 1000 steps", Sizes(32, 1000, 128, 128))
LENGTHS = (100, 1000, 10_000)
OUTSIDE = Workload("outside", "lstm", "LSTM, 500 steps", Sizes(32, 500, 32, 64))


def growing(time_steps: int) -> Workload:
    """The workload whose time and memory are followed as it gets longer."""
    return Workload("growth", "lstm", f"LSTM, {time_steps} steps", Sizes(32, time_steps, 32, 64))


def first_step(system: str) -> dict:
    """Seconds from the imports to the end of the first training step, and of the 100th; of the second alone.

    In the hundred is all that a system compiles late.
    """
    start = time.perf_counter()
    made, found = _first(system, "train")
    for _ in range(98):
        made.train()
    return {**found, "hundred": time.perf_counter() - start}


def first_prediction(system: str) -> dict:
    """Seconds from nothing but imports to the first prediction, and for the second."""
    return _first(system, "predict")[1]


def peak_memory(system: str) -> dict:
    """The largest memory of the process in MB, after the imports and after three training steps."""
    before = memory.peak()
    made = _make(system, LONG)
    for _ in range(3):
        made.train()
    return {"imports": before, "peak": memory.peak()}


def growth(system: str) -> dict:
    """For each length: milliseconds of a training step (the best of several), and the peak memory in MB."""
    found = {}
    for length in LENGTHS:
        made = _make(system, growing(length))
        timing.warm(made.train)
        found[str(length)] = {"milliseconds": 1000 * _best(made.train), "peak": memory.peak()}
    return found


def outside(system: str) -> dict:
    """Seconds of the first and of a later call outside of a graph, alone and with a gradient."""
    import tensorflow as tf

    model = _make(system, OUTSIDE).model
    x = tf.constant(data.batch(OUTSIDE).inputs[0])

    def call():
        model(x).numpy()

    def gradient():
        with tf.GradientTape() as tape:
            y = model(x)
        tape.gradient(y, model.trainable_variables)[0].numpy()

    return {
        name: {"first": _seconds(run), "second": min(_seconds(run) for _ in range(3))}
        for name, run in (("call", call), ("gradient", gradient))
    }


def lengths_fit(system: str) -> dict:
    """Seconds until `fit` has passed so many batches of changing lengths."""
    return _lengths(system, lambda lengths, rnn: lengths.by_fit(rnn, 500))


def lengths_buckets(system: str) -> dict:
    """The same for batches of a few lengths."""
    return _lengths(system, lambda lengths, rnn: lengths.by_fit(rnn, 200, buckets=True))


def lengths_by_hand(system: str) -> dict:
    """The same for `train_on_batch` and lengths of every kind."""
    return _lengths(system, lambda lengths, rnn: lengths.by_hand(rnn, 200))


TASKS = {
    task.__name__: task
    for task in (
        *(first_step, first_prediction, peak_memory, growth, outside),
        *(lengths_fit, lengths_buckets, lengths_by_hand),
    )
}


def main():
    """Run the task that the command line names."""
    task, system = _checked(sys.argv[1:])
    environment.prepare(environment.threads())
    start = time.perf_counter()
    _imports(system)
    imports = time.perf_counter() - start
    print(json.dumps({"import": imports, **TASKS[task](system)}))


def _checked(words):
    if len(words) == 2 and words[0] in TASKS and words[1] in SYSTEMS:
        return words
    raise SystemExit(
        f"This is no figure of a fresh process. Received: {' '.join(words)}. "
        f"Expected: one of {', '.join(TASKS)}, then one of {', '.join(SYSTEMS)}. Fix: first_step rshop."
    )


def _imports(system):
    return importlib.import_module("benchmarks.keras_system"), importlib.import_module(SYSTEMS[system])


def _lengths(system, run):
    lengths = importlib.import_module("benchmarks.changing_lengths")
    rnn = _imports(system)[1].whole_layer
    return {"seconds": run(lengths, lambda: rnn(lengths.UNITS))}


def _make(system, workload):
    keras_system, systems = _imports(system)
    return keras_system.KerasSystem(systems.lstm, workload, data.batch(workload))


def _first(system, call):
    start = time.perf_counter()
    made = _make(system, FIRST)
    getattr(made, call)()
    first = time.perf_counter() - start
    return made, {"first": first, "second": _seconds(getattr(made, call))}


def _best(call):
    taken = []
    while len(taken) < 3 or sum(taken) < 1:
        taken.append(_seconds(call))
    return min(taken)


def _seconds(call):
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
