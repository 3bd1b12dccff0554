"""Run a body over time: in a loop that XLA may compile, or unrolled, one timestep after the other."""

from collections.abc import Callable

import keras
import tensorflow as tf

tree = keras.tree


def scan(
    body: Callable,
    carry,
    xs: list,
    length,
    *,
    emits: list,
    unroll: bool = False,
):
    """Carry a memory through time: `carry, emitted = body(carry, x_t)` for each timestep.

    Example:
        A running sum of `x` of shape (batch 1, time 3, 1) holding 1, 2, 3::

            >>> def add(total, x_t):
            ...     return [total[0] + x_t[0]], [total[0] + x_t[0]]
            >>> like = keras.KerasTensor((1, 1))
            >>> last, sums = scan(add, [tf.zeros((1, 1))], [x], 3, emits=[like])
            >>> last[0], sums[0]  # 6, and [1, 3, 6] of shape (1, 3, 1)

    Args:
        body: a function `(carry, x_t) -> (carry, emitted)`, traced once in a graph.
        carry: the memory before the first timestep, any structure of tensors `(batch, ...)`.
        xs: a flat list of tensors `(batch, time, ...)`, sliced over time.
        length: the number of timesteps, an int or a scalar int tensor.
        emits: one tensor-like per emitted value, for its shape `(batch, ...)` and dtype.
        unroll: lay the timesteps out one after the other; needs an int `length`.

    Returns:
        The last carry, and a list of the emitted values as `(batch, time, ...)`.
    """
    if unroll:
        return _unrolled(body, carry, xs, length, count=len(emits))
    length = tf.cast(length, "int32")
    first = tree.map_structure(tf.convert_to_tensor, carry)
    xs = [tf.convert_to_tensor(x) for x in xs]
    capacity = tf.shape(xs[0])[1] if xs else length
    reads = [_reader_of_list(x, capacity) for x in xs]
    last, emitted = over_time(body, first, reads, length, emits=emits, capacity=capacity)
    return last, [_swap_batch_and_time(value) for value in emitted]


def _unrolled(body, carry, xs, length, *, count):
    emitted = []
    for t in range(length):
        carry, now = body(carry, [x[:, t] for x in xs])
        emitted.append(now)
    return carry, [tf.stack([now[i] for now in emitted], axis=1) for i in range(count)]


def over_time(
    body,
    carry,
    reads,
    length,
    *,
    emits: list,
    capacity,
    backwards: bool = False,
    until=None,
    differentiated: bool = True,
):
    """As `scan`, from either end, and with functions that read a timestep in place of sequences.

    Example:
        >>> last, sums = over_time(add, [tf.zeros((1, 1))], [reader(x, axis=1)], 3, emits=[like], capacity=3)
        >>> sums[0].shape
        (3, 1, 1)

    Args:
        body, carry, length, emits: as in `scan`.
        reads: a structure of functions of a timestep; the body gets what they return.
        capacity: the number of timesteps in the emitted values, at least `length`.
        backwards: begin with the last timestep.
        until: a function of the carry; where it returns True no other timestep runs, and what would have
            been emitted is 0.
        differentiated: a gradient may go through the loop. One without counts its timesteps once, not twice.

    Returns:
        The last carry, and a list of the emitted values as `(time, batch, ...)`.
    """
    stacks = [_list(like.dtype, capacity, tuple(like.shape)) for like in emits]
    shapes = [value.shape for value in tree.flatten(carry)]

    def advance(i, flat, stacks):
        t = length - 1 - i if backwards else i
        now = tree.map_structure(lambda read: read(t), reads)
        after, emitted = body(tree.pack_sequence_as(carry, flat), now)
        after = tree.flatten(after)
        for value, shape in zip(after, shapes, strict=True):
            value.set_shape(shape)
        return i + 1, after, [stack.write(t, value) for stack, value in zip(stacks, emitted, strict=True)]

    def goes_on(i, flat, _):
        if until is None:
            return i < length
        return tf.logical_and(i < length, tf.logical_not(until(tree.pack_sequence_as(carry, flat))))

    _, last, stacks = tf.while_loop(
        goes_on,
        advance,
        (tf.constant(0), tree.flatten(carry), stacks),
        shape_invariants=(tf.TensorShape([]), shapes, [tf.TensorShape(None)] * len(stacks)),
        # XLA has to know the most timesteps for a gradient.
        maximum_iterations=capacity if differentiated else None,
        swap_memory=True,
    )
    return tree.pack_sequence_as(carry, last), [stack.stack() for stack in stacks]


def reader(x, axis: int):
    """A function that reads one timestep of `x` in place, along this axis, for `over_time`.

    Unlike the lists of `scan` it copies nothing, but its gradient would be slow.

    Example:
        >>> reader(x, axis=1)(2)  # x[:, 2]
    """
    return lambda t: tf.gather(x, t, axis=axis)


def _reader_of_list(x, length):
    timesteps = _list(x.dtype, length, [x.shape[0], *x.shape[2:]])
    return timesteps.unstack(_swap_batch_and_time(x)).read


def _list(dtype, length, shape):
    return tf.TensorArray(dtype, length, element_shape=shape)


def _swap_batch_and_time(x):
    return tf.transpose(x, [1, 0, *range(2, x.shape.rank)])
