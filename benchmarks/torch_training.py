"""What every way to run a network in torch does alike: one training step of SGD, and one prediction."""

from abc import ABC, abstractmethod

import numpy as np

from . import environment
from .keras_system import TIMED_RATE


class TorchTraining(ABC):
    """A network in torch; the counterpart of `KerasSystem`.

    Torch is imported when the first one is made, so that the benchmark runs without it.

    Args:
        target: what its outputs are compared with.

    Attributes:
        optimizer: of its weights, made by `optimize`.
    """

    def __init__(self, target: np.ndarray):
        import torch

        torch.set_num_threads(environment.threads())
        self.torch, self.y = torch, torch.from_numpy(target)
        self.optimizer, self._rate = None, TIMED_RATE

    @abstractmethod
    def forward(self):
        """The outputs, as a tensor."""

    def optimize(self, weights):
        """Train these tensors from now on."""
        self.optimizer = self.torch.optim.SGD(weights, self._rate)

    def set_rate(self, rate: float):
        """Another learning rate."""
        self._rate = rate
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def train(self):
        """One training step."""
        self.optimizer.zero_grad()
        loss = self.torch.nn.functional.mse_loss(self.forward(), self.y)
        loss.backward()
        self.optimizer.step()
        loss.item()

    def predict(self) -> np.ndarray:
        """One prediction."""
        with self.torch.no_grad():
            return self.forward().numpy()
