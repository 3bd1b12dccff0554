"""What torch.nn has a cell for, but no layer: `nn.LSTMCell` in a Python loop over time, run eagerly."""

import numpy as np

from .data import Batch
from .systems_torch_compiled import attend, remember
from .torch_training import TorchTraining
from .workloads import Workload

#: The kinds of workload that are written out.
KINDS = ("attention", "additive")


class TorchLoopSystem(TorchTraining):
    """A decoder that attends over a memory, with its batch; the counterpart of `KerasSystem`.

    Keras's one bias is torch's first; the second starts at zero and is trained too, as torch does by itself.

    Example:
        >>> TorchLoopSystem(WORKLOADS["attention"], batch).predict().shape
        (32, 50, 128)
    """

    def __init__(self, workload: Workload, batch: Batch):
        super().__init__(batch.target)
        torch, s = self.torch, workload.sizes
        self._cell = torch.nn.LSTMCell(s.features + s.units, s.units)
        self._x, self._memory = map(torch.from_numpy, batch.inputs)
        self._zeros = torch.zeros(s.batch, s.units)
        self._others: list = []

    def load(self, weights: list[np.ndarray]):
        """Start from Keras's weights: kernel, recurrent kernel and bias of the LSTM, then the attention's."""
        kernel, recurrent, bias, *others = (self.torch.from_numpy(w.copy()) for w in weights)
        cell, zeros = self._cell, self.torch.zeros_like(bias)
        with self.torch.no_grad():
            for name, value in zip(_PLACES, (kernel.T, recurrent.T, bias, zeros), strict=True):
                getattr(cell, name).copy_(value)
        self._others = [value.requires_grad_() for value in others]
        self.optimize([*cell.parameters(), *self._others])

    def weights(self) -> list[np.ndarray]:
        """The weights as they are now, as Keras orders them."""
        cell = self._cell
        found = (cell.weight_ih.T, cell.weight_hh.T, cell.bias_ih, *self._others)
        return [value.detach().numpy().copy() for value in found]

    def forward(self):
        """The outputs, as a tensor."""
        torch, h, c, outputs = self.torch, self._zeros, self._zeros, []
        remembered = remember(self._others, self._memory)
        for x in self._x.unbind(1):
            seen = attend(torch, self._others, h, remembered)
            h, c = self._cell(torch.cat([x, seen], -1), (h, c))
            outputs.append(h)
        return torch.stack(outputs, 1)


_PLACES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
