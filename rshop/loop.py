"""Run a body over time, and what else asks the backend: the only file that knows TensorFlow."""

import os
import platform
from collections.abc import Callable
from contextvars import ContextVar

import keras
import numpy as np
import tensorflow as tf

tree = keras.tree

# Whether the body of a loop is being written that is compiled, or not, as a whole.
_inside = ContextVar("inside a loop", default=False)


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
    first = tree.map_structure(tf.convert_to_tensor, carry)
    room = tf.shape(xs[0])[1] if xs else length
    reads = [_list(x.dtype, room, [x.shape[0], *x.shape[2:]]).unstack(_turned(x)).read for x in xs]
    last, emitted = over_time(body, first, reads, length, emits, room)
    return last, [_turned(value) for value in emitted]


def over_time(body, carry, reads, length, emits: list, room, backwards: bool = False):
    """As `scan`, from either end, and with functions that read a timestep in place of sequences.

    Example:
        >>> last, sums = over_time(add, [tf.zeros((1, 1))], [reader(x, axis=1)], 3, [like], room=3)
        >>> sums[0].shape
        (3, 1, 1)

    Args:
        body, carry, length, emits: as in `scan`.
        reads: a structure of functions of a timestep; the body gets what they return.
        room: the number of timesteps that what is emitted has room for, at least `length`.
        backwards: begin with the last timestep.

    Returns:
        The last carry, and a list of the emitted values as `(time, batch, ...)`.
    """
    sinks = [_list(like.dtype, room, tuple(like.shape)) for like in emits]
    shapes = [value.shape for value in tree.flatten(carry)]

    def advance(i, flat, sinks):
        t = length - 1 - i if backwards else i
        now = tree.map_structure(lambda read: read(t), reads)
        after, emitted = body(tree.pack_sequence_as(carry, flat), now)
        after = tree.flatten(after)
        for value, shape in zip(after, shapes, strict=True):
            value.set_shape(shape)
        return i + 1, after, [sink.write(t, value) for sink, value in zip(sinks, emitted, strict=True)]

    _, last, sinks = tf.while_loop(
        lambda i, *_: i < length,
        advance,
        (tf.constant(0), tree.flatten(carry), sinks),
        shape_invariants=(tf.TensorShape([]), shapes, [tf.TensorShape(None)] * len(sinks)),
        maximum_iterations=room,
        swap_memory=True,
    )
    return tree.pack_sequence_as(carry, last), [sink.stack() for sink in sinks]


def reader(x, axis: int):
    """A function that reads one timestep of `x` where it lies, along this axis, for `over_time`.

    Unlike the lists of `scan` it copies nothing, and its way back would be slow.

    Example:
        >>> reader(x, axis=1)(2)  # x[:, 2]
    """
    return lambda t: tf.gather(x, t, axis=axis)


def _list(dtype, length, shape):
    return tf.TensorArray(dtype, length, element_shape=shape)


def _turned(x):
    # Swapping the first two axes is its own inverse: (batch, time, ...) <-> (time, batch, ...).
    return tf.transpose(x, [1, 0, *range(2, x.shape.rank)])


def checked_size(values, found, size, text: str):
    """`values`, unless a size turns out to be another one, as known only at run time.

    What is computed from them waits for the check, so its message comes before any other's.

    Example:
        >>> states = checked_size(states, tf.shape(x)[0], 3, "a stateful layer of batch 3")
    """
    check = tf.debugging.assert_equal(found, size, message=text)
    with tf.control_dependencies([check]):
        return tree.map_structure(tf.identity, values)


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


def pull_back(function: Callable, points: list, upstream: list) -> tuple[list, object]:
    """The gradients of the points, from those of what a function makes of them.

    Example:
        >>> pull_back(lambda points: ([points[0] ** 2], "more"), [tf.constant(2.0)], [tf.constant(10.0)])
        ([40.0], 'more')

    Args:
        function: takes the points, returns a list of tensors, and anything else.
        points: tensors; where nothing depends on one its gradient is 0.
        upstream: the gradient of each tensor that the function returns.

    Returns:
        The gradients, and what else the function returned.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        made, more = function(points)
    return tape.gradient(made, points, upstream, unconnected_gradients="zero"), more


def compiled(function: Callable, xla: bool, hot=None) -> Callable:
    """A function of a list of tuples of arguments, which returns what each gives: written as a graph once.

    Example:
        >>> compiled(lambda a, b: a + b, xla=True)([(x, y), (z, w)])  # [x + y, z + w]

    Args:
        function: what to write.
        xla: compile it by XLA; within the body of a compiled loop, that does.
        hot: a boolean tensor: XLA waits as long as it is False, and the graph runs as it is.
    """

    def written(*given):
        token = _inside.set(True)
        try:
            return function(*given)
        finally:
            _inside.reset(token)

    def each(way, calls):
        return [way(*given) for given in calls]

    at_once = xla and hot is None and not _inside.get()
    plain = tf.function(written, jit_compile=at_once or None, autograph=False)
    if hot is None:
        return lambda calls: each(plain, calls)
    # The graph is written once, XLA compiles a call of it.
    fast = tf.function(lambda *given: plain(*given), jit_compile=True, autograph=False)
    return lambda calls: tf.cond(hot, lambda: each(fast, calls), lambda: each(plain, calls))


def counter():
    """A number that a graph counts up when it runs; TensorFlow's checkpoints hold it, Keras's files do not.

    Example:
        >>> counter().assign_add(1) > 16  # at the 17th time
    """
    one_each = {
        "synchronization": tf.VariableSynchronization.ON_READ,
        "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,
    }
    with tf.init_scope():
        return tf.Variable(0, dtype="int64", trainable=False, **one_each)


def deal(values: list, sizes: list) -> list[list]:
    """Tensors `(batch, ...)` cut along the batch: for each size a list of the values.

    Example:
        >>> deal([tf.zeros((3, 4)), tf.zeros((3, 5))], [1, 2])[1][0].shape
        (2, 4)
    """
    if all(isinstance(size, int) for size in sizes) and len(set(sizes)) == 1:
        cut = [tf.split(x, len(sizes)) for x in values]
    else:
        # Not split by sizes: with a loop in a conditional behind it TensorFlow takes its axis for another.
        starts = [sum(sizes[:k]) for k in range(len(sizes))]
        cut = [[x[i : i + size] for i, size in zip(starts, sizes, strict=True)] for x in values]
    return [[parts[k] for parts in cut] for k in range(len(sizes))]


def roomy(x, length):
    """`x` `(batch, time, ...)`, padded with timesteps of 0: to 4, 6, 8, 12, 16, 24, ... of them.

    XLA compiles anew for each length that it meets; so it meets few.

    Example:
        >>> roomy(tf.ones((1, 5, 2)), tf.constant(5)).shape
        (1, 6, 2)
    """
    some = tf.cast(tf.maximum(length, 1), "float64")
    power = 2 ** tf.cast(tf.math.ceil(tf.math.log(some) / np.log(2) - 1e-9), "int32")
    room = tf.where(length <= power // 4 * 3, power // 4 * 3, power)
    return tf.pad(x, [[0, 0], [0, room - length], *[[0, 0]] * (x.shape.rank - 2)])


def writes_graph() -> bool:
    """Whether a graph is being written (in `fit`, `predict`, `tf.function`), to be run many times."""
    return tf.inside_function()


def has_xla() -> bool:
    """Whether XLA compiles for this machine's devices; for Apple's graphics it does not."""
    return not (platform.system() == "Darwin" and has_gpu())


def has_gpu() -> bool:
    """Whether TensorFlow sees a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))


def is_compiled_outside() -> bool:
    """Whether what is being written is part of something that is compiled, or not, as a whole.

    It is the body of a loop, or the model was compiled with `jit_compile=True`: TensorFlow marks a
    conditional to be taken apart, except where XLA compiles all that is written.
    """
    if _inside.get():
        return True
    written = tf.cond(tf.constant(True), lambda: tf.constant(0), lambda: tf.constant(1)).op
    while "If" not in written.type:
        written = written.inputs[0].op
    return "_lower_using_switch_merge" not in written.node_def.attr


def cores() -> int:
    """How many parts of a graph run side by side; 1 where a GPU runs them.

    Example:
        >>> cores()  # on a laptop with two
        2
    """
    if has_gpu():
        return 1
    threads = tf.config.threading
    limits = [threads.get_inter_op_parallelism_threads(), threads.get_intra_op_parallelism_threads()]
    return min([os.cpu_count() or 1, *(n for n in limits if n)])
