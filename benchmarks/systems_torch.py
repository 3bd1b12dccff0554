"""What torch.nn has a layer for, run eagerly: forward, backward and one step of SGD.

Torch is imported when the first system is made, so that the benchmark runs without it.
"""

import numpy as np

from . import environment
from .data import Batch
from .torch_training import TorchTraining
from .workloads import Sizes, Workload

#: kind -> (name of the torch layer, gates in the order of Keras at their places in torch).
LAYERS = {
    "lstm": ("LSTM", [0, 1, 2, 3]),
    "gru": ("GRU", [1, 0, 2]),  # Keras: update, reset, candidate; torch: reset, update, candidate
    "simple": ("RNN", [0]),
    "stack": ("LSTM", [0, 1, 2, 3]),
    "mask": ("LSTM", [0, 1, 2, 3]),
}
HOW_TO_INSTALL = (
    "torch is not installed, so its columns are missing: "
    "pip install -c constraints.txt -e '.[bench]' (or make bench)."
)


def installed() -> bool:
    """Whether torch can be timed."""
    return environment.version("torch") is not None


class TorchSystem(TorchTraining):
    """A torch.nn layer with its batch; the counterpart of `KerasSystem`.

    Keras's one bias is torch's first; the second starts at zero and is trained too, as torch does by
    itself. A GRU has both in Keras as well.

    Example:
        >>> TorchSystem(WORKLOADS["lstm_small"], batch).predict().shape
        (16, 50, 32)

    Raises:
        ValueError: a workload that torch.nn has no layer for.
    """

    def __init__(self, workload: Workload, batch: Batch):
        if workload.kind not in LAYERS:
            raise ValueError(
                f"torch.nn has no layer for this workload. Received: {workload.name}. "
                f"Expected: a workload of kind {', '.join(LAYERS)}. Fix: leave torch out."
            )
        super().__init__(batch.target)
        self.kind = workload.kind
        layer, self.gates = LAYERS[workload.kind]
        self.layer = _layer(getattr(self.torch.nn, layer), workload.sizes)
        self.optimize(self.layer.parameters())
        self.x = self.torch.from_numpy(batch.inputs[0])
        if self.kind == "mask":
            self.lengths = self.torch.from_numpy(batch.inputs[1].sum(axis=1))

    def load(self, weights: list[np.ndarray]):
        """Start from Keras's weights: kernel, recurrent kernel and bias of each layer."""
        with self.torch.no_grad():
            for level, kernel, recurrent, bias in _levels(weights):
                self._assign(f"weight_ih_l{level}", self._to_torch(kernel).T)
                self._assign(f"weight_hh_l{level}", self._to_torch(recurrent).T)
                first, second = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
                self._assign(f"bias_ih_l{level}", self._to_torch(first))
                self._assign(f"bias_hh_l{level}", self._to_torch(second))

    def weights(self) -> list[np.ndarray]:
        """The weights as they are now, as Keras orders them."""
        found = []
        for level in range(self.layer.num_layers):
            found += [self._to_keras(self._get(f"weight_{part}_l{level}").T) for part in ("ih", "hh")]
            biases = [self._to_keras(self._get(f"bias_{part}_l{level}")) for part in ("ih", "hh")]
            found.append(np.stack(biases) if self.kind == "gru" else biases[0])
        return found

    def forward(self):
        """The outputs, as a tensor."""
        if self.kind == "mask":
            pack = self.torch.nn.utils.rnn.pack_padded_sequence
            packed = pack(self.x, self.lengths, batch_first=True, enforce_sorted=False)
            return self.layer(packed)[1][0][-1]
        y = self.layer(self.x)[0]
        return y[:, -1] if self.kind == "stack" else y

    def _assign(self, name, value):
        getattr(self.layer, name).copy_(self.torch.from_numpy(np.ascontiguousarray(value)))

    def _get(self, name):
        return getattr(self.layer, name).detach().numpy()

    def _to_torch(self, value):
        return _reorder(value, np.argsort(self.gates))

    def _to_keras(self, value):
        return _reorder(value, self.gates)


def _layer(layer, s: Sizes):
    return layer(s.features, s.units, num_layers=s.depth, batch_first=True)


def _levels(weights):
    for level in range(len(weights) // 3):
        yield level, *weights[3 * level : 3 * level + 3]


def _reorder(value, gates):
    blocks = np.split(value, len(gates), axis=-1)
    return np.concatenate([blocks[gate] for gate in gates], axis=-1)
