"""A Keras model that is timed: rshop's and Keras's own ways are run by the same code."""

from collections.abc import Callable

import keras
import numpy as np

from .data import Batch
from .workloads import Workload

TIMED_RATE = 1e-4


class KerasSystem:
    """A compiled Keras model with its batch.

    Timed are `train_on_batch` and `predict_on_batch` on tensors that are already in memory: what `fit`
    and `predict` do for each batch, on the same compiled functions (an empty model takes 0.5 ms a batch
    in either), without the data pipeline and the conversion from NumPy, which are no part of any layer.

    Example:
        >>> system = KerasSystem(systems_keras.lstm, WORKLOADS["lstm_small"], batch)
        >>> system.load(weights)
        >>> system.predict().shape
        (16, 50, 32)

    Args:
        build: `Sizes -> (model, variables)`, the variables in the order that all systems share.
        workload: its sizes and its loss.
        batch: the arrays.
        jit: `compile(jit_compile=True)`; otherwise what `compile()` does when it is not told.
        eager: run without a graph, for tests.
    """

    def __init__(self, build: Callable, workload: Workload, batch: Batch, jit=False, eager=False):
        self.model, self.variables = build(workload.sizes)
        options = {"jit_compile": True} if jit else {}
        self.model.compile(keras.optimizers.SGD(TIMED_RATE), workload.loss, run_eagerly=eager, **options)
        tensors = [keras.ops.convert_to_tensor(a) for a in batch.inputs[: len(self.model.inputs)]]
        self._x = tensors if len(tensors) > 1 else tensors[0]
        self._y = keras.ops.convert_to_tensor(batch.target)

    @property
    def shapes(self) -> list[tuple]:
        """The shapes of the weights, in the shared order."""
        return [tuple(variable.shape) for variable in self.variables]

    def load(self, weights: list[np.ndarray]):
        """Start from these weights."""
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)

    def weights(self) -> list[np.ndarray]:
        """The weights as they are now."""
        return [keras.ops.convert_to_numpy(variable) for variable in self.variables]

    def set_rate(self, rate: float):
        """Another learning rate, without compiling anew."""
        self.model.optimizer.learning_rate = rate

    def train(self):
        """One training step."""
        self.model.train_on_batch(self._x, self._y)

    def predict(self) -> np.ndarray:
        """One prediction."""
        return self.model.predict_on_batch(self._x)
