"""The states that a language model carries from window to window in training."""

import keras
import numpy as np
from keras import ops

from rshop.errors import message


class CarriedStates:
    """The last states of each stream, in variables that belong to no layer: each `fit` has its own.

    Example:
        >>> carried = CarriedStates([keras.KerasTensor((None, 8))], streams=32, windows=10)
        >>> [state.shape for state in carried.start(fresh)]
        [(32, 8)]

    Args:
        likes: the states of the step, Keras tensors `(batch, ...)`.
        streams: the number of streams.
        windows: the number of windows of an epoch.
    """

    def __init__(self, likes: list, *, streams: int, windows: int):
        self.streams, self.windows = streams, windows
        self.states = [
            keras.Variable(
                np.zeros((streams, *like.shape[1:])), dtype=like.dtype, trainable=False, autocast=False
            )
            for like in likes
        ]
        #: How many windows of this epoch were read.
        self.done = keras.Variable(0, dtype="int32", trainable=False)

    def start(self, fresh) -> list:
        """The states that a window begins with: zeros for fresh streams `(streams,)`."""
        return [
            ops.where(ops.reshape(fresh, (-1, *[1] * (len(v.shape) - 1))), ops.zeros_like(v), v)
            for v in self.states
        ]

    def keep(self, states: list, fresh):
        """Keep the states after a window."""
        for variable, value in zip(self.states, states, strict=True):
            variable.assign(value)
        self.done.assign(ops.where(ops.any(fresh), 0, self.done) + 1)

    def write_to(self, store):
        """Write states and place into a store of weights, in the middle of an epoch."""
        if int(self.done) % self.windows == 0:
            return
        store["done"] = np.array(int(self.done))
        for i, variable in enumerate(self.states):
            store[f"state_{i}"] = ops.convert_to_numpy(ops.cast(variable, "float32"))

    def read_from(self, store):
        """Take states and place from a store; an epoch begins where it has none.

        Raises:
            ValueError: states of another number of streams.
        """
        if "done" not in store.keys():  # noqa: SIM118  (a store is no dict)
            self.done.assign(0)
            return
        found = [np.array(store[f"state_{i}"]) for i in range(len(store.keys()) - 1)]
        if [a.shape for a in found] != [tuple(v.shape) for v in self.states]:
            raise ValueError(
                message(
                    "The backup belongs to another training: its states are not those of these streams.",
                    received=f"states of shapes {', '.join(str(a.shape) for a in found)}",
                    expected=", ".join(str(tuple(v.shape)) for v in self.states),
                    fix="resume with the text, length and batch_size of the training that was interrupted, "
                    "or remove the backup",
                )
            )
        for variable, value in zip(self.states, found, strict=True):
            variable.assign(value)
        self.done.assign(int(np.array(store["done"])))


def carried_by(windows, likes: list, before: CarriedStates | None) -> CarriedStates:
    """The states that are carried through these windows.

    Args:
        windows: the `TextWindows`.
        likes: as in `CarriedStates`.
        before: those of an earlier run, which are used again where the streams are as many: what was traced
            with them stays.
    """
    if before is None or before.streams != windows.streams:
        return CarriedStates(likes, streams=windows.streams, windows=windows.windows)
    before.windows = windows.windows
    before.done.assign(0)
    return before


class GoOnInEpoch(keras.callbacks.Callback):
    """Begin with the window that comes next, where a training was resumed in the middle of an epoch.

    Args:
        windows: the `TextWindows` that are trained on.
        carried: their states.
    """

    def __init__(self, windows, carried: CarriedStates):
        super().__init__()
        self.windows, self.carried = windows, carried

    def on_train_begin(self, logs=None):
        """Look how far the epoch had come: a backup is loaded by now."""
        self.windows.first = int(self.carried.done) % self.windows.windows

    def on_train_batch_begin(self, batch, logs=None):
        """End such an epoch with the last window of the text: Keras counts on as many as in the others.

        To run out of data is no way out: Keras would count one more step of the optimizer.
        """
        if batch >= self.windows.num_batches:
            raise StopIteration

    def on_epoch_end(self, epoch, logs=None):
        """Each other epoch begins with the first window."""
        self.windows.first = 0

    def on_train_end(self, logs=None):
        """What is carried ends with the training."""
        self.carried.done.assign(0)
