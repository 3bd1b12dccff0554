"""The tensors that a loop over time reads and returns, forwards and backwards, as structures with names."""

from typing import NamedTuple

from keras import ops


class LoopInputs(NamedTuple):
    """What a loop reads, for a batch or a part of one; in a backward pass, the gradients of these.

    Attributes:
        first: the carry before the first timestep, `(batch, ...)`.
        xs: the sequences, `(batch, time, ...)`.
        shared: what every timestep sees whole: weights, constants.
    """

    first: list
    xs: list
    shared: list


class LoopResults(NamedTuple):
    """What a forward loop returns.

    Attributes:
        last: the carry after the last timestep, `(batch, ...)`.
        emitted: the emitted values, `(batch, time, ...)`.
        saved: what the backward pass needs of the loop, `(time, batch, ...)`: the states that were not
            emitted, then the sums of products.
    """

    last: list
    emitted: list
    saved: list


class Cotangents(NamedTuple):
    """The gradients of what a loop returns, where that is floating point numbers.

    Attributes:
        last: of the last carry, `(batch, ...)`.
        emitted: of the emitted values, `(batch, time, ...)`.
    """

    last: list
    emitted: list


class Part(NamedTuple):
    """A part of a batch in the backward pass: what the loop read and returned, and the gradients of that.

    Attributes:
        inputs: what the loop read.
        emitted, saved: see `LoopResults`.
        cotangents: the gradients of what it returned.
    """

    inputs: LoopInputs
    emitted: list
    saved: list
    cotangents: Cotangents


class BlockGradients(NamedTuple):
    """What a loop back through a block of time returns, for one part of a batch.

    Attributes:
        first: the gradients of the carry before the block, where it is floating point numbers.
        xs: those of the sequences that get theirs within the loop, `(batch, time, ...)`.
        shared: for the place of a shared tensor, the gradient so far.
        sums: those of the sums of products, `(time, batch, ...)`.
        computed: the operands of products that the body computed, `(time, batch, ...)`.
    """

    first: list
    xs: list
    shared: dict[int, object]
    sums: list
    computed: list


def time_major(x):
    """`(time, batch, ...)` from `(batch, time, ...)`."""
    return ops.swapaxes(x, 0, 1)


def batch_major(x):
    """`(batch, time, ...)` from `(time, batch, ...)`."""
    return ops.swapaxes(x, 0, 1)


def capacity_of(inputs: LoopInputs, length):
    """The number of timesteps of the sequences, padding included; without sequences, the length."""
    return ops.shape(inputs.xs[0])[1] if inputs.xs else length
