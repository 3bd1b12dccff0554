"""Windows of time: a loop of any length as runs of one short loop, which XLA compiles once."""

import keras
from keras import ops

from rshop.backend import over_time, reader

# Measured on a CPU: to start a compiled loop takes as long as one or two timesteps of a small LSTM, and the
# products of a shorter window are too small.
WINDOW = 32


class Windows:
    """The windows of a loop whose length is known only when it runs, each of `WINDOW` timesteps.

    XLA compiles a loop for sequences of one length. Batches that are padded to their own longest sequence
    have many; in windows, all of them run in one program.

    Example:
        >>> windows = Windows(length=ops.convert_to_tensor(70))  # 32, 32 and 6 timesteps
        >>> windows.count, windows.capacity, windows.length_of(2)
        (3, 96, 6)

    Args:
        length: the number of timesteps, a scalar int tensor.

    Attributes:
        count: the number of windows, at least one.
        capacity: the number of timesteps of all windows, padding included.
    """

    def __init__(self, length):
        self.length = length
        self.count = ops.maximum((length + WINDOW - 1) // WINDOW, 1)
        self.capacity = self.count * WINDOW

    def length_of(self, k):
        """How many timesteps window `k` has before the padding."""
        return ops.minimum(self.length - k * WINDOW, WINDOW)

    def run(self, body, carry, reads, *, emits: list, axes: list[int], backwards: bool = False):
        """Run a body on one window after the other, as `over_time` does on timesteps.

        Example:
            >>> last, [sums] = windows.run(
            ...     add_window, [start], [batch_major_window(x)], emits=[x[:, 0]], axes=[1]
            ... )

        Args:
            body: `(carry, (values, k)) -> (carry, emitted)`, for window `k`.
            carry: the memory before the first window.
            reads: a structure of functions of the number of a window; the body gets what they return.
            emits: one tensor-like per emitted value, for its shape at one timestep, `(batch, ...)`.
            axes: the axis of time of each emitted value, 0 or 1.
            backwards: begin with the last window.

        Returns:
            The last carry, and a list of the emitted values at all timesteps, padding included.
        """
        likes = [_of_window(like, axis) for like, axis in zip(emits, axes, strict=True)]
        whole = [reads, lambda k: k]
        last, stacks = over_time(
            body, carry, whole, self.count, emits=likes, capacity=self.count, backwards=backwards
        )
        return last, [_in_a_row(stack, axis) for stack, axis in zip(stacks, axes, strict=True)]


def batch_major_window(x):
    """A function that reads window `k` of `x` `(batch, capacity, ...)`: `(batch, WINDOW, ...)`."""
    return reader(ops.reshape(x, (ops.shape(x)[0], -1, WINDOW, *ops.shape(x)[2:])), axis=1)


def time_major_window(x):
    """A function that reads window `k` of `x` `(capacity, batch, ...)`: `(WINDOW, batch, ...)`."""
    return reader(ops.reshape(x, (-1, WINDOW, *ops.shape(x)[1:])), axis=0)


def each_window(value):
    """A function that gives every window the same value."""
    return lambda k: value


def before_window(x, first):
    """A function that reads the timestep before window `k` of `x` `(batch, capacity, ...)`.

    Args:
        x: a sequence.
        first: what comes before the first timestep, `(batch, ...)`.
    """
    read = reader(x, axis=1)
    return lambda k: ops.where(k > 0, read(ops.maximum(k * WINDOW - 1, 0)), first)


def _of_window(like, axis):
    shape = (None, *like.shape[1:])
    return keras.KerasTensor((*shape[:axis], WINDOW, *shape[axis:]), like.dtype)


def _in_a_row(stack, axis):
    # `(capacity, batch, ...)` or `(batch, capacity, ...)` from a stack of windows.
    if axis == 0:
        return ops.reshape(stack, (-1, *ops.shape(stack)[2:]))
    stack = ops.swapaxes(stack, 0, 1)
    return ops.reshape(stack, (ops.shape(stack)[0], -1, *ops.shape(stack)[3:]))
