"""Run a step over time. The only file that knows TensorFlow; another backend replaces `scan` alone."""

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
        return _unrolled(body, carry, xs, length, len(emits))
    return _looped(body, carry, xs, length, emits)


def _unrolled(body, carry, xs, length, count):
    emitted = []
    for t in range(length):
        carry, now = body(carry, [x[:, t] for x in xs])
        emitted.append(now)
    return carry, [tf.stack([now[i] for now in emitted], axis=1) for i in range(count)]


def _looped(body, carry, xs, length, emits):
    length = tf.cast(length, "int32")
    sources = [_source(x, length) for x in xs]
    sinks = [tf.TensorArray(like.dtype, size=length, element_shape=tuple(like.shape)) for like in emits]
    flat = [tf.convert_to_tensor(value) for value in tree.flatten(carry)]
    shapes = [value.shape for value in flat]

    def advance(t, flat, sinks):
        after, now = body(tree.pack_sequence_as(carry, flat), [source.read(t) for source in sources])
        after = tree.flatten(after)
        for value, shape in zip(after, shapes, strict=True):
            value.set_shape(shape)
        sinks = [sink.write(t, value) for sink, value in zip(sinks, now, strict=True)]
        return t + 1, after, sinks

    _, flat, sinks = tf.while_loop(
        lambda t, *_: t < length,
        advance,
        (tf.constant(0), flat, sinks),
        shape_invariants=(tf.TensorShape([]), shapes, [tf.TensorShape(None)] * len(sinks)),
        maximum_iterations=length,
        swap_memory=True,
    )
    return tree.pack_sequence_as(carry, flat), [_batch_major(sink.stack()) for sink in sinks]


def _source(x, length):
    x = _batch_major(x)
    return tf.TensorArray(x.dtype, size=length, element_shape=x.shape[1:]).unstack(x)


def _batch_major(x):
    # Swapping the first two axes is its own inverse: (batch, time, ...) <-> (time, batch, ...).
    return tf.transpose(x, [1, 0, *range(2, x.shape.rank)])


def check_batch(x, size: int, text: str):
    """Fail when the batch of `x` `(batch, ...)` turns out not to be `size`, as known only at run time.

    Example:
        >>> check_batch(x, 3, "a stateful layer of batch 3")
    """
    return tf.debugging.assert_equal(tf.shape(x)[0], size, message=text)


def gradients(function: Callable, points: list) -> list[list]:
    """The gradient of each scalar that a function returns, with respect to each of its points.

    Example:
        >>> gradients(lambda points: [points[0] ** 2, 3 * points[0]], [tf.constant(2.0)])
        [[4.0], [3.0]]

    Args:
        function: takes the points, returns a list of scalars.
        points: tensors; a scalar that does not depend on one has gradient 0 there.
    """
    with tf.GradientTape(persistent=True) as tape:
        for point in points:
            tape.watch(point)
        scalars = function(points)
    return [tape.gradient(s, points, unconnected_gradients="zero") for s in scalars]
