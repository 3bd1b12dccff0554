"""What torch.nn has a cell for, but no layer: `nn.LSTMCell` in a Python loop over time, run eagerly."""

import numpy as np

from . import environment
from .data import Batch
from .keras_system import TIMED_RATE
from .systems_torch_compiled import attend, remember
from .workloads import Workload

#: The kinds of workload that are written out.
KINDS = ("attention", "additive")


class TorchLoopSystem:
    """A decoder that attends over a memory, with its batch; the counterpart of `KerasSystem`.

    Keras's one bias is torch's first; the second starts at zero and is trained too, as torch does by itself.

    Example:
        >>> TorchLoopSystem(WORKLOADS["attention"], batch).predict().shape
        (32, 50, 128)
    """

    def __init__(self, workload: Workload, batch: Batch):
        import torch

        torch.set_num_threads(environment.threads())
        s = workload.sizes
        self.torch, self._rate = torch, TIMED_RATE
        self._cell = torch.nn.LSTMCell(s.features + s.units, s.units)
        self._x, self._memory = map(torch.from_numpy, batch.inputs)
        self._y, self._zeros = torch.from_numpy(batch.target), torch.zeros(s.batch, s.units)
        self._others: list = []

    def load(self, weights: list[np.ndarray]):
        """Start from Keras's weights: kernel, recurrent kernel and bias of the LSTM, then the attention's."""
        kernel, recurrent, bias, *others = (self.torch.from_numpy(w.copy()) for w in weights)
        cell, zeros = self._cell, self.torch.zeros_like(bias)
        with self.torch.no_grad():
            for name, value in zip(_PLACES, (kernel.T, recurrent.T, bias, zeros), strict=True):
                getattr(cell, name).copy_(value)
        self._others = [value.requires_grad_() for value in others]
        self.optimizer = self.torch.optim.SGD([*cell.parameters(), *self._others], self._rate)

    def weights(self) -> list[np.ndarray]:
        """The weights as they are now, as Keras orders them."""
        cell = self._cell
        found = (cell.weight_ih.T, cell.weight_hh.T, cell.bias_ih, *self._others)
        return [value.detach().numpy().copy() for value in found]

    def set_rate(self, rate: float):
        """Another learning rate."""
        self._rate = rate
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def train(self):
        """One training step."""
        self.optimizer.zero_grad()
        loss = self.torch.nn.functional.mse_loss(self._forward(), self._y)
        loss.backward()
        self.optimizer.step()
        loss.item()

    def predict(self) -> np.ndarray:
        """One prediction."""
        with self.torch.no_grad():
            return self._forward().numpy()

    def _forward(self):
        torch, h, c, outputs = self.torch, self._zeros, self._zeros, []
        remembered = remember(self._others, self._memory)
        for x in self._x.unbind(1):
            seen = attend(torch, self._others, h, remembered)
            h, c = self._cell(torch.cat([x, seen], -1), (h, c))
            outputs.append(h)
        return torch.stack(outputs, 1)


_PLACES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
