"""The same networks in JAX: one timestep by hand, `jax.lax.scan` over time, one jitted step of SGD.

JAX is imported when the first system is made, so that the benchmark runs without it.
"""

from collections.abc import Callable

import numpy as np

from . import environment
from .data import Batch
from .keras_system import TIMED_RATE
from .workloads import Workload

HOW_TO_INSTALL = (
    "jax is not installed, so its columns are missing: "
    "pip install -c constraints.txt -e '.[bench]' (or make bench)."
)


def installed() -> bool:
    """Whether JAX can be timed."""
    return environment.version("jax") is not None


class JaxSystem:
    """A network in JAX with its batch; the counterpart of `KerasSystem`, with Keras's weights.

    Example:
        >>> JaxSystem(WORKLOADS["lstm_small"], batch).predict().shape
        (16, 50, 32)

    Raises:
        ValueError: a workload that is not written out here.
    """

    def __init__(self, workload: Workload, batch: Batch):
        if workload.kind not in NETWORKS:
            raise ValueError(
                f"This workload is not written out in JAX. Received: {workload.name}. "
                f"Expected: a workload of kind {', '.join(NETWORKS)}. Fix: leave JAX out."
            )
        import jax

        network = NETWORKS[workload.kind]

        def forward(weights, inputs):
            return network(jax, weights, inputs, workload.sizes)

        def loss(weights, inputs, target):
            return ((forward(weights, inputs) - target) ** 2).mean()

        def step(weights, inputs, target, rate):
            value, slopes = jax.value_and_grad(loss)(weights, inputs, target)
            return value, [weight - rate * slope for weight, slope in zip(weights, slopes, strict=True)]

        self._jax, self._rate = jax, TIMED_RATE
        self._forward, self._step = jax.jit(forward), jax.jit(step)
        self._inputs, self._target = (
            [jax.numpy.asarray(a) for a in batch.inputs],
            jax.numpy.asarray(batch.target),
        )
        self._weights: list = []

    def load(self, weights: list[np.ndarray]):
        """Start from these weights."""
        self._weights = [self._jax.numpy.asarray(weight) for weight in weights]

    def weights(self) -> list[np.ndarray]:
        """The weights as they are now."""
        return [np.asarray(weight) for weight in self._weights]

    def set_rate(self, rate: float):
        """Another learning rate, without compiling anew."""
        self._rate = rate

    def train(self):
        """One training step."""
        loss, self._weights = self._step(self._weights, self._inputs, self._target, self._rate)
        loss.block_until_ready()

    def predict(self) -> np.ndarray:
        """One prediction."""
        return np.asarray(self._forward(self._weights, self._inputs))


def _lstm(jax, weights, x, states):
    kernel, recurrent, bias = weights
    h, c = states
    i, f, g, o = jax.numpy.split(x @ kernel + h @ recurrent + bias, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jax.numpy.tanh(g)
    h = jax.nn.sigmoid(o) * jax.numpy.tanh(c)
    return h, (h, c)


def _gru(jax, weights, x, states):
    kernel, recurrent, bias = weights
    (h,) = states
    z, r, n = jax.numpy.split(x @ kernel + bias[0], 3, axis=-1)
    hz, hr, hn = jax.numpy.split(h @ recurrent + bias[1], 3, axis=-1)
    z, r = jax.nn.sigmoid(z + hz), jax.nn.sigmoid(r + hr)
    h = z * h + (1 - z) * jax.numpy.tanh(n + r * hn)
    return h, (h,)


def _simple(jax, weights, x, states):
    kernel, recurrent, bias = weights
    h = jax.numpy.tanh(x @ kernel + states[0] @ recurrent + bias)
    return h, (h,)


def _highway(jax, weights, x, states):
    kernel, *inner = weights
    (h,) = states
    for place in range(0, len(inner), 2):
        z = h @ inner[place] + inner[place + 1]
        z = z if place else z + x @ kernel
        candidate, gate = jax.numpy.split(z, 2, axis=-1)
        gate = jax.nn.sigmoid(gate)
        h = gate * jax.numpy.tanh(candidate) + (1 - gate) * h
    return h, (h,)


def _over_time(step: Callable, states: int) -> Callable:
    def network(jax, weights, inputs, sizes):
        return _scan(jax, step, weights, inputs[0], states, sizes)[0]

    return network


def _stack(jax, weights, inputs, sizes):
    y = inputs[0]
    for level in range(sizes.depth):
        y = _scan(jax, _lstm, weights[3 * level : 3 * level + 3], y, 2, sizes)[0]
    return y[:, -1]


def _masked(jax, weights, inputs, sizes):
    x, mask = inputs

    def step(jax, weights, now, states):
        x, is_there = now
        _, after = _lstm(jax, weights, x, states)
        after = tuple(jax.numpy.where(is_there[:, None], a, b) for a, b in zip(after, states, strict=True))
        return after[0], after

    return _scan(jax, step, weights, (x, mask), 2, sizes)[1][0]


def _scan(jax, step, weights, xs, states, sizes):
    def body(before, x):
        y, after = step(jax, weights, x, before)
        return after, y

    first = tuple(jax.numpy.zeros((sizes.batch, sizes.units)) for _ in range(states))
    swap = lambda a: jax.numpy.swapaxes(a, 0, 1)  # noqa: E731
    last, y = jax.lax.scan(body, first, jax.tree.map(swap, xs))
    return swap(y), last


#: kind -> `network(jax, weights, inputs, sizes) -> outputs`.
NETWORKS = {
    "lstm": _over_time(_lstm, 2),
    "gru": _over_time(_gru, 1),
    "simple": _over_time(_simple, 1),
    "stack": _stack,
    "mask": _masked,
    "highway": _over_time(_highway, 1),
}
