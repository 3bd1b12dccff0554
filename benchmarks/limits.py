"""The machine's own limit: the matrix products of a workload, with nothing else around them.

A product that reads the data alone is one for all timesteps; one that reads a state comes once a timestep.
Training adds, for each, the gradient of the weight (one product over all timesteps) and, where a state was
read, the gradient of the state (once a timestep). Only products with weights count: no attention scores.
"""

from dataclasses import dataclass

import numpy as np

from .workloads import Sizes, Workload


@dataclass(frozen=True)
class Product:
    """`(rows, inner) @ (inner, columns)`, at `times` timesteps; `chained` if it reads a state."""

    rows: int
    inner: int
    columns: int
    times: int
    chained: bool = True


def products(workload: Workload) -> list[Product]:
    """The products of one forward pass.

    Example:
        >>> products(WORKLOADS["lstm_small"])[1]
        Product(rows=16, inner=32, columns=128, times=50, chained=True)
    """
    s = workload.sizes
    gates = {"lstm": 4, "gru": 3, "simple": 1, "stack": 4, "mask": 4, "dropout": 4}.get(workload.kind)
    if gates:
        return [
            p
            for level in range(s.depth)
            for p in _cell(s, gates, s.units if level else s.features, level > 0)
        ]
    return _BY_HAND[workload.kind](s)


def operations(workload: Workload, training: bool) -> int:
    """Multiplications and additions of all products.

    Example:
        >>> operations(WORKLOADS["lstm_small"], training=False)
        9830400
    """
    total = 0
    for p in products(workload):
        forward = 2 * p.rows * p.inner * p.columns * p.times
        total += forward * (1 if not training else 3 if p.chained else 2)
    return total


class Products:
    """The products of a workload as a system that is timed; it computes no result.

    Example:
        >>> Products(WORKLOADS["lstm_small"]).train()
    """

    def __init__(self, workload: Workload):
        listed = products(workload)
        self._forward = [job for p in listed for job in _forward(p)]
        self._training = self._forward + [job for p in listed for job in _backward(p)]

    def predict(self):
        """The products of one prediction."""
        _run(self._forward)

    def train(self):
        """The products of one training step."""
        _run(self._training)


def _cell(s: Sizes, gates: int, features: int, chained=False, times=None):
    times = times or s.time
    return [
        Product(s.batch, features, gates * s.units, times, chained),
        Product(s.batch, s.units, gates * s.units, times),
    ]


def _highway(s):
    inner = [Product(s.batch, s.units, 2 * s.units, s.time) for _ in range(s.depth)]
    return [Product(s.batch, s.features, 2 * s.units, s.time, chained=False), *inner]


def _readout(s):
    fed = Product(s.batch, s.tokens, s.features, s.time)
    chosen = Product(s.batch, s.units, s.tokens, s.time)
    return [fed, *_cell(s, 4, s.features, chained=True), chosen]


def _attention(s):
    return [*_cell(s, 4, s.features), Product(s.batch, s.units, 4 * s.units, s.time)]


def _additive(s):
    places = s.batch * s.positions
    query = Product(s.batch, s.units, s.units, s.time)
    keys = Product(places, s.units, s.units, 1, chained=False)
    return [*_attention(s), query, keys, Product(places, s.units, 1, s.time)]


def _bidirectional(s):
    return _cell(s, 4, s.features) * 2


def _sequential(s):
    top = Product(s.batch, s.units, s.units, s.time, chained=False)
    return [*_cell(s, 4, s.features), *_cell(s, 4, s.units, True), top]


def _one_state(s):
    return _cell(s, 1, s.features)


def _nested_cells(s):
    return [*_cell(s, 4, s.features), *_cell(s, 3, s.units, True), *_cell(s, 1, s.units, True)]


def _nested_loops(s):
    outer = [Product(s.batch, s.units, s.units, s.time) for _ in range(2)]
    return [*_cell(s, 3, s.features, times=s.time * s.words), *outer]


def _forcing(s):
    return [
        *_cell(s, 4, s.features),
        Product(s.batch, s.features, 4 * s.units, s.time),
        Product(s.batch, s.units, s.features, s.time),
    ]


_BY_HAND = {
    "highway": _highway,
    "readout": _readout,
    "attention": _attention,
    "additive": _additive,
    "nested_cells": _nested_cells,
    "nested_loops": _nested_loops,
    "forcing": _forcing,
    "bidirectional": _bidirectional,
    "sequential": _sequential,
    "normalised": _one_state,
    "own_layer": _one_state,
}


def _forward(p):
    if p.chained:
        return [_job(p.times, p.rows, p.inner, p.columns)]
    return [_job(1, p.times * p.rows, p.inner, p.columns)]


def _backward(p):
    weight = _job(1, p.inner, p.times * p.rows, p.columns)
    return [weight, _job(p.times, p.rows, p.columns, p.inner)] if p.chained else [weight]


def _job(times, rows, inner, columns):
    left, right = np.ones((rows, inner), "float32"), np.ones((inner, columns), "float32")
    return times, left, right, np.empty((rows, columns), "float32")


def _run(jobs):
    for times, left, right, out in jobs:
        for _ in range(times):
            np.matmul(left, right, out=out)
