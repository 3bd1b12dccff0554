"""What torch.nn has no layer for: one timestep by hand in `torch.compile`, in a Python loop over time."""

import numpy as np

from . import environment
from .data import Batch
from .keras_system import TIMED_RATE
from .workloads import Workload

#: The kinds of workload that are written out.
KINDS = ("highway",)


class TorchCompiledSystem:
    """A recurrent highway network with its batch; the counterpart of `KerasSystem`, with Keras's weights.

    Example:
        >>> TorchCompiledSystem(WORKLOADS["highway"], batch).predict().shape
        (32, 100, 128)

    Args:
        workload, batch: what it runs, and on what.
        compiled: without it the step runs as it is, for tests.
    """

    def __init__(self, workload: Workload, batch: Batch, compiled: bool = True):
        import torch

        torch.set_num_threads(environment.threads())
        self.torch, self._sizes = torch, workload.sizes
        self._step = torch.compile(_step, dynamic=False) if compiled else _step
        self._x, self._y = torch.from_numpy(batch.inputs[0]), torch.from_numpy(batch.target)
        self._weights, self._rate = [], TIMED_RATE

    def load(self, weights: list[np.ndarray]):
        """Start from these weights."""
        self._weights = [self.torch.from_numpy(w.copy()).requires_grad_() for w in weights]

    def weights(self) -> list[np.ndarray]:
        """The weights as they are now."""
        return [weight.detach().numpy().copy() for weight in self._weights]

    def set_rate(self, rate: float):
        """Another learning rate."""
        self._rate = rate

    def train(self):
        """One training step of SGD."""
        loss = self.torch.nn.functional.mse_loss(self._forward(), self._y)
        loss.backward()
        with self.torch.no_grad():
            for weight in self._weights:
                weight -= self._rate * weight.grad
                weight.grad = None
        loss.item()

    def predict(self) -> np.ndarray:
        """One prediction."""
        with self.torch.no_grad():
            return self._forward().numpy()

    def _forward(self):
        h, outputs = self.torch.zeros(self._sizes.batch, self._sizes.units), []
        for x in self._x.unbind(1):
            h = self._step(self.torch, self._weights, x, h)
            outputs.append(h)
        return self.torch.stack(outputs, 1)


def _step(torch, weights, x, h):
    kernel, *inner = weights
    for place in range(0, len(inner), 2):
        z = h @ inner[place] + inner[place + 1]
        z = z if place else z + x @ kernel
        candidate, gate = z.chunk(2, -1)
        gate = torch.sigmoid(gate)
        h = gate * torch.tanh(candidate) + (1 - gate) * h
    return h
