"""The arrays of a workload: one batch, its targets, and the weights that every system starts from."""

from dataclasses import dataclass

import numpy as np

from .workloads import Workload


@dataclass(frozen=True)
class Batch:
    """One batch.

    Attributes:
        inputs: arrays `(batch, ...)`, in the order in which every system takes them; a system that
            needs fewer takes the first ones.
        target: `(batch, ...)`, what the loss compares with.
    """

    inputs: list[np.ndarray]
    target: np.ndarray


def batch(workload: Workload) -> Batch:
    """The batch of a workload, the same in each run.

    Example:
        >>> [a.shape for a in batch(WORKLOADS["lstm_small"]).inputs]
        [(16, 50, 16)]
    """
    s, rng = workload.sizes, np.random.default_rng(1)
    x = _normal(rng, s.batch, s.time, s.features)
    sequence = _normal(rng, s.batch, s.time, s.units)
    last = sequence[:, -1]
    match workload.kind:
        case "stack":
            return Batch([x], last)
        case "mask":
            return Batch([x, _mask(rng, s.batch, s.time)], last)
        case "readout":
            return Batch([x[:, 0]], rng.integers(0, s.tokens, (s.batch, s.time)).astype("int32"))
        case "attention" | "additive":
            return Batch([x, _normal(rng, s.batch, s.positions, s.units)], sequence)
        case "nested_loops":
            return Batch([_normal(rng, s.batch, s.time, s.words, s.features)], sequence)
        case "bidirectional":
            return Batch([x], _normal(rng, s.batch, s.time, 2 * s.units))
        case "forcing":
            truth = _normal(rng, s.batch, s.time, s.features)
            return Batch([x, truth], truth)
        case _:
            return Batch([x], sequence)


def weights(workload: Workload, shapes: list[tuple]) -> list[np.ndarray]:
    """First weights of these shapes: normal, the deviation `gain / sqrt(rows)`, the gain mostly 1.

    Drawn here, and not by a system's initializer, so that all start equal.

    Example:
        >>> [w.shape for w in weights(WORKLOADS["lstm_small"], [(16, 128), (128,)])]
        [(16, 128), (128,)]
    """
    rng = np.random.default_rng(2)
    drawn = [
        _normal(rng, *shape) / np.float32(np.sqrt(shape[0] if len(shape) > 1 else 10)) for shape in shapes
    ]
    return [np.float32(workload.gains.get(i, 1.0)) * w for i, w in enumerate(drawn)]


def _normal(rng, *shape):
    return rng.normal(size=shape).astype("float32")


def _mask(rng, size, time):
    lengths = rng.integers(max(1, time // 4), time + 1, size)
    lengths[0] = time
    return np.arange(time)[None] < lengths[:, None]
