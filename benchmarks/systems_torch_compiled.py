"""What torch.nn has no layer for: one timestep by hand in `torch.compile`, in a Python loop over time."""

import numpy as np

from .data import Batch
from .torch_training import TorchTraining
from .workloads import Workload


class TorchCompiledSystem(TorchTraining):
    """A network with its batch; the counterpart of `KerasSystem`, with Keras's weights.

    Example:
        >>> TorchCompiledSystem(WORKLOADS["highway"], batch).predict().shape
        (32, 100, 128)

    Args:
        workload, batch: what it runs, and on what.
        compiled: without it the step runs as it is, for tests.
    """

    def __init__(self, workload: Workload, batch: Batch, compiled: bool = True):
        super().__init__(batch.target)
        torch, self._sizes = self.torch, workload.sizes
        step, self._states = NETWORKS[workload.kind]
        self._step = torch.compile(step, dynamic=False) if compiled else step
        self._x, *self._memory = map(torch.from_numpy, batch.inputs)
        self._weights: list = []

    def load(self, weights: list[np.ndarray]):
        """Start from these weights."""
        self._weights = [self.torch.from_numpy(w.copy()).requires_grad_() for w in weights]
        self.optimize(self._weights)

    def weights(self) -> list[np.ndarray]:
        """The weights as they are now."""
        return [weight.detach().numpy().copy() for weight in self._weights]

    def forward(self):
        """The outputs, as a tensor."""
        zeros, outputs = self.torch.zeros(self._sizes.batch, self._sizes.units), []
        states = [zeros] * self._states
        remembered = remember(self._weights[3:], *self._memory) if self._memory else []
        for x in self._x.unbind(1):
            states = self._step(self.torch, self._weights, x, [*states, *remembered])
            outputs.append(states[0])
        return self.torch.stack(outputs, 1)


def remember(weights: list, memory) -> list:
    """The memory and, for additive attention, its keys: once for all timesteps.

    Args:
        weights: those of the attention: none, or `W`, `b`, `U` and `v`.
        memory: `(batch, positions, units)`.
    """
    return [memory, memory @ weights[2]] if weights else [memory]


def attend(torch, weights: list, h, remembered: list):
    """What the state `(batch, units)` sees in the memory, `(batch, units)`: `weights` as in `remember`."""
    memory, *keys = remembered
    if keys:
        kernel, bias, _, energies = weights
        scores = (torch.tanh((h @ kernel + bias)[:, None] + keys[0]) @ energies)[:, :, 0]
    else:
        scores = (memory @ h[:, :, None])[:, :, 0] / h.shape[-1] ** 0.5
    return (torch.softmax(scores, -1)[:, None] @ memory)[:, 0]


def _attending(torch, weights, x, states):
    kernel, recurrent, bias, *others = weights
    h, c, *remembered = states
    x = torch.cat([x, attend(torch, others, h, remembered)], -1)
    i, f, g, o = (x @ kernel + h @ recurrent + bias).chunk(4, -1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return [torch.sigmoid(o) * torch.tanh(c), c]


def _highway(torch, weights, x, states):
    kernel, *inner = weights
    (h,) = states
    for place in range(0, len(inner), 2):
        z = h @ inner[place] + inner[place + 1]
        z = z if place else z + x @ kernel
        candidate, gate = z.chunk(2, -1)
        gate = torch.sigmoid(gate)
        h = gate * torch.tanh(candidate) + (1 - gate) * h
    return [h]


#: kind -> one timestep, and the number of states that it returns, of which the first is the output.
#: What is remembered of a memory follows them where it reads them.
NETWORKS = {"highway": (_highway, 1), "attention": (_attending, 2), "additive": (_attending, 2)}
