"""Run a step over time. The only file that knows TensorFlow; another backend replaces `scan` alone."""

import os
import platform
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from .fast.known import Known, no_second_derivative

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
    first = tree.map_structure(tf.convert_to_tensor, carry)
    room = _room(xs, length)
    reads = [_list(x.dtype, room, [x.shape[0], *x.shape[2:]]).unstack(_batch_major(x)).read for x in xs]
    last, emitted = _over_time(body, first, reads, length, room, emits)
    return last, [_batch_major(value) for value in emitted]


def _over_time(body, carry, reads, length, room, emits, backwards=False):
    # As `scan`, from either end, with functions of t in place of the xs; the emitted are (time, batch, ...).
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


def _room(xs, length):
    # What the xs have room for may be more than the length.
    return tf.shape(xs[0])[1] if xs else length


def _at(x, axis):
    # Reads one timestep where it lies: without a copy of all of them in another order.
    return lambda t: tf.gather(x, t, axis=axis)


def _list(dtype, length, shape):
    return tf.TensorArray(dtype, length, element_shape=shape)


def _batch_major(x):
    # Swapping the first two axes is its own inverse: (batch, time, ...) <-> (time, batch, ...).
    return tf.transpose(x, [1, 0, *range(2, x.shape.rank)])


def checked_batch(values, x, size: int, text: str):
    """`values`, unless the batch of `x` `(batch, ...)` turns out not to be `size`, as known only at run time.

    What is computed from them waits for the check, so its message comes before any other's.

    Example:
        >>> states = checked_batch(states, x, 3, "a stateful layer of batch 3")
    """
    check = tf.debugging.assert_equal(tf.shape(x)[0], size, message=text)
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


def writes_graph() -> bool:
    """Whether a graph is being written (in `fit`, `predict`, `tf.function`), to be run many times."""
    return tf.inside_function()


def has_xla() -> bool:
    """Whether XLA compiles for the devices of this machine; for Apple's graphics it does not."""
    return not (platform.system() == "Darwin" and tf.config.list_physical_devices("GPU"))


def cores() -> int:
    """How many parts of a graph run side by side; 1 where a GPU runs them or XLA compiles the whole.

    Example:
        >>> cores()  # on a laptop with two
        2

    TensorFlow marks a conditional to be taken apart, except where XLA compiles all that is written.
    """
    if tf.config.list_physical_devices("GPU"):
        return 1
    written = tf.cond(tf.constant(True), lambda: tf.constant(0), lambda: tf.constant(1)).op
    while "If" not in written.type:
        written = written.inputs[0].op
    if "_lower_using_switch_merge" not in written.node_def.attr:
        return 1
    threads = tf.config.threading
    limits = [threads.get_inter_op_parallelism_threads(), threads.get_intra_op_parallelism_threads()]
    return min([os.cpu_count() or 1, *(n for n in limits if n)])


def scan_known(
    body,
    carry,
    xs: list,
    shared: list,
    length,
    emits: list,
    known: Known,
    *,
    save: bool,
    xla: bool,
    parts: int = 1,
    batch=None,
):
    """As `scan`, for a body of which more is known: the loop back through time is written out here.

    The gradient of a weight is one product over all timesteps and samples, after the loop: in it
    each timestep would add to the whole matrix. And as no list crosses from the loop there to the
    loop back, both can be compiled.

    Args:
        body: `(carry, x_t, shared, tap) -> (carry, emitted)`; it calls
            `tap(place, operands, others, compute)` for the value of each sum of products.
        carry, xs, length, emits: as in `scan`; the length is an int where there are no `xs`.
        shared: tensors that every timestep sees whole: weights, constants.
        known: what is known of the body.
        save: keep what the way back needs; else it runs the loop again first.
        xla: compile both loops.
        parts: run this many loops side by side, each on a part of the batch.
        batch: the number of samples, an int or a scalar tensor.

    Returns:
        As `scan`. First derivatives only.
    """
    first = [tf.convert_to_tensor(value) for value in tree.flatten(carry)]
    xs = [tf.convert_to_tensor(x) for x in xs]
    open_ended = bool(xs) and xs[0].shape[1] is None
    if open_ended:
        length = tf.shape(xs[0])[1]
        xs = [_roomy(x, length) for x in xs] if xla else xs
    ways = _TwoWays(body, carry, emits, known, xla)
    length = tf.cast(length, "int32") if open_ended else length
    last, emitted = _side_by_side(ways, first, xs, shared, length, save, parts, batch)
    emitted = [value[:, :length] for value in emitted] if open_ended else emitted
    return tree.pack_sequence_as(carry, last), emitted


def _side_by_side(ways, first, xs, shared, length, save, parts, batch):
    if parts == 1:
        return ways.run(first, xs, shared, length, save)
    sizes = [(batch + i) // parts for i in range(parts)]
    first, xs = ([tf.split(value, sizes) for value in values] for values in (first, xs))
    mine = ways.known.by_sample
    shared = [tf.split(v, sizes) if i in mine else [v] * parts for i, v in enumerate(shared)]
    given = [[[value[k] for value in values] for values in (first, xs, shared)] for k in range(parts)]
    done = [ways.run(*values, length, save) for values in given]
    return [[tf.concat(same, axis=0) for same in zip(*part, strict=True)] for part in zip(*done, strict=True)]


def _roomy(x, length):
    # XLA compiles anew for each length that it meets: padded to 4, 6, 8, 12, 16, 24 ... it meets few.
    some = tf.cast(tf.maximum(length, 1), "float64")
    power = 2 ** tf.cast(tf.math.ceil(tf.math.log(some) / np.log(2) - 1e-9), "int32")
    room = tf.where(length <= power // 4 * 3, power // 4 * 3, power)
    return tf.pad(x, [[0, 0], [0, room - length], *[[0, 0]] * (x.shape.rank - 2)])


class _TwoWays:
    # The loop there and the loop back, on tensors (batch, time, ...); what is saved is (time, batch, ...).
    def __init__(self, body, carry, emits, known, xla):
        self.body, self.carry, self.emits, self.known, self.taps = body, carry, emits, known, known.taps
        places = range(len(tree.flatten(carry)))
        self.read = [i for i in places if i not in known.unread]
        self.kept = [i for i in self.read if i not in known.repeated]
        parts = [(i, j, p.source) for i, tap in enumerate(self.taps) for j, p in enumerate(tap.products)]
        self.computed = {(i, j): like for i, j, (kind, like) in parts if kind == "body"}
        self.there = tf.function(self._there, jit_compile=xla, autograph=False)
        self.back = tf.function(self._back, jit_compile=xla, autograph=False)

    def run(self, first, xs, shared, length, save):
        given = [first, xs, shared]

        @tf.custom_gradient
        def run(*values):
            first, xs, shared = tree.pack_sequence_as(given, values)
            last, emitted, saved = self.there(first, xs, shared, length, save)

            def gradient(*wanted):
                kept = saved if save else self.there(first, xs, shared, length, True)[2]
                return self._gradient(first, xs, shared, length, emitted, kept, wanted)

            return [*last, *emitted], gradient

        results = run(*tree.flatten(given))
        return results[: len(first)], results[len(first) :]

    def _there(self, first, xs, shared, length, save):
        def advance(flat, now):
            sums = [None] * len(self.taps)

            def tap(place, operands, others, compute):
                sums[place] = compute()
                return sums[place]

            after, emitted = self.body(tree.pack_sequence_as(self.carry, flat), now, shared, tap)
            kept = [*(flat[i] for i in self.kept), *sums] if save else []
            return tree.flatten(after), [*emitted, *kept]

        kept = [*(first[i] for i in self.kept), *(tap.like for tap in self.taps)] if save else []
        reads = [_at(x, 1) for x in xs]
        last, stacks = _over_time(advance, first, reads, length, _room(xs, length), [*self.emits, *kept])
        return last, _swapped(stacks[: len(self.emits)]), stacks[len(self.emits) :]

    def _back(self, length, first, xs, shared, emitted, saved, d_last, d_emitted):
        # The carry before each timestep. What was emitted too is there already, one timestep late.
        states = dict(zip(self.kept, saved, strict=False))
        for i, place in self.known.repeated.items():
            states[i] = tf.concat([first[i][None], _batch_major(emitted[place])[:-1]], axis=0)
        parts = (1, xs), (0, [states[i] for i in self.read]), (0, saved[len(self.kept) :]), (1, d_emitted)
        reads = [[_at(value, axis) for value in values] for axis, values in parts]
        d_first, d_shared, stacks = self._loop_back(length, first, xs, shared, reads, d_last)
        found = iter(stacks)
        taped_xs, taped_shared = self._taped(xs, shared)
        d_xs = [_batch_major(next(found)) for _ in taped_xs]
        d_sums = [next(found) for _ in self.taps]
        operands = {key: next(found) for key in self.computed}
        operands |= {("carry", i): value for i, value in states.items()}
        operands |= {("x", i): _batch_major(value) for i, value in enumerate(xs)}
        d_shared = dict(zip(taped_shared, d_shared, strict=True))
        for i, (tap, dz) in enumerate(zip(self.taps, d_sums, strict=True)):
            sources = [(i, j) if p.source[0] == "body" else p.source for j, p in enumerate(tap.products)]
            for place, gradient in tap.late([operands[source] for source in sources], dz):
                _add_to(d_shared, place, gradient)
        return d_first, d_xs, d_shared, d_sums

    def _loop_back(self, length, first, xs, shared, reads, d_last):
        floating = [i for i, value in enumerate(first) if _floats(value)]
        taped_xs, taped_shared = self._taped(xs, shared)
        ready = [tap.ready(shared) for tap in self.taps]

        def advance(after, now):
            d_carry, d_shared = after
            xs_t, states_t, sums_t, d_emitted_t = now
            # In place of what the body does not need, its first value does.
            flat = list(first)
            for i, value in zip(self.read, states_t, strict=True):
                flat[i] = value
            operands = {}

            def tap(place, given, others, compute):
                operands.update({(place, j): a for j, a in enumerate(given)})
                return self.taps[place].known_sum(sums_t[place], given, ready[place], others)

            points = [flat[i] for i in floating] + [xs_t[i] for i in taped_xs]
            points += [shared[i] for i in taped_shared] + sums_t
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(points)
                memory, out = self.body(tree.pack_sequence_as(self.carry, flat), xs_t, shared, tap)
            ends = [v for v in [*tree.flatten(memory), *out] if _floats(v)]
            found = iter(tape.gradient(ends, points, [*d_carry, *d_emitted_t], unconnected_gradients="zero"))
            d_carry = [next(found) for _ in floating]
            d_xs = [next(found) for _ in taped_xs]
            d_shared = [total + next(found) for total in d_shared]
            return [d_carry, d_shared], [*d_xs, *found, *(operands[key] for key in self.computed)]

        start = [d_last, [tf.zeros_like(shared[i]) for i in taped_shared]]
        likes = [xs[i][:, 0] for i in taped_xs] + [tap.like for tap in self.taps]
        likes += self.computed.values()
        room = _room(xs, length)
        (d_first, d_shared), stacks = _over_time(advance, start, reads, length, room, likes, backwards=True)
        return d_first, d_shared, stacks

    def _gradient(self, first, xs, shared, length, emitted, saved, wanted):
        wanted = [w for w, result in zip(wanted, [*first, *emitted], strict=True) if _floats(result)]
        count = sum(map(_floats, first))
        given = [first, xs, shared, emitted, saved, wanted[:count], wanted[count:]]
        likes = []

        @tf.custom_gradient
        def back(*values):
            results = self.back(length, *tree.pack_sequence_as(given, values))
            likes.append(tree.map_structure(lambda _: 0, results))
            return tree.flatten(results), no_second_derivative

        results = back(*tree.flatten(given))
        d_first, d_xs, d_shared, d_sums = tree.pack_sequence_as(likes[0], results)
        d_first = dict(zip([i for i, value in enumerate(first) if _floats(value)], d_first, strict=True))
        d_xs = dict(zip(self._taped(xs, shared)[0], d_xs, strict=True))
        # The gradient of an input that products alone read stays outside: often nobody asks for it.
        for tap, dz in zip(self.taps, d_sums, strict=True):
            for kind, i, kernel in [(*p.source, p.kernel) for p in tap.products]:
                if kind == "x":
                    _add_to(d_xs, i, _batch_major(tf.matmul(dz, shared[kernel], transpose_b=True)))
        parts = (first, d_first), (xs, d_xs), (shared, d_shared)
        return [found.get(i) for part, found in parts for i in range(len(part))]

    def _taped(self, xs, shared):
        taped_xs = [i for i, x in enumerate(xs) if _floats(x) and i not in self.known.late_xs]
        late = self.known.late_shared
        return taped_xs, [i for i, value in enumerate(shared) if _floats(value) and i not in late]


def _floats(value) -> bool:
    return value.dtype.is_floating


def _swapped(values):
    return [_batch_major(value) for value in values]


def _add_to(totals, key, value):
    totals[key] = totals[key] + value if key in totals else value
