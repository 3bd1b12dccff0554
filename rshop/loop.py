"""Run a step over time. The only file that knows TensorFlow; another backend replaces `scan` alone."""

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
    last, emitted = _over_time(body, first, [_batch_major(x) for x in xs], length, emits)
    return last, [_batch_major(value) for value in emitted]


def _over_time(body, carry, xs, length, emits, backwards=False):
    # As `scan`, on structures of tensors (time, batch, ...), from either end.
    flat = tree.flatten(xs)
    room = tf.shape(flat[0])[0] if flat else length  # the xs may be longer
    sources = [_list(x.dtype, room, x.shape[1:]).unstack(x) for x in flat]
    sinks = [_list(like.dtype, room, tuple(like.shape)) for like in emits]
    shapes = [value.shape for value in tree.flatten(carry)]

    def advance(i, flat, sinks):
        t = length - 1 - i if backwards else i
        now = tree.pack_sequence_as(xs, [source.read(t) for source in sources])
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


def _list(dtype, length, shape):
    return tf.TensorArray(dtype, length, element_shape=shape)


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


def writes_graph() -> bool:
    """Whether a graph is being written (in `fit`, `predict`, `tf.function`), to be run many times."""
    return tf.inside_function()


def has_xla() -> bool:
    """Whether XLA compiles for the devices of this machine; for Apple's graphics it does not."""
    return not (platform.system() == "Darwin" and tf.config.list_physical_devices("GPU"))


def scan_known(
    body, carry, xs: list, shared: list, length, emits: list, known: Known, *, save: bool, xla: bool
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

    Returns:
        As `scan`. First derivatives only.
    """
    first = [tf.convert_to_tensor(value) for value in tree.flatten(carry)]
    xs = [_batch_major(x) for x in xs]
    open_ended = bool(xs) and xs[0].shape[0] is None
    if open_ended:
        length = tf.shape(xs[0])[0]
        xs = [_roomy(x, length) for x in xs] if xla else xs
    ways = _TwoWays(body, carry, emits, known, xla)
    last, emitted = ways.run(first, xs, shared, tf.cast(length, "int32") if open_ended else length, save)
    emitted = [value[:length] for value in emitted] if open_ended else emitted
    return tree.pack_sequence_as(carry, last), [_batch_major(value) for value in emitted]


def _roomy(x, length):
    # XLA compiles anew for each length that it meets: padded to 4, 6, 8, 12, 16, 24 ... it meets few.
    some = tf.cast(tf.maximum(length, 1), "float64")
    power = 2 ** tf.cast(tf.math.ceil(tf.math.log(some) / np.log(2) - 1e-9), "int32")
    room = tf.where(length <= power // 4 * 3, power // 4 * 3, power)
    return tf.pad(x, [[0, room - length], *[[0, 0]] * (x.shape.rank - 1)])


class _TwoWays:
    # The loop there and the loop back, on tensors (time, batch, ...).
    def __init__(self, body, carry, emits, known, xla):
        self.body, self.carry, self.emits = body, carry, emits
        self.taps, self.repeated, self.only_tapped = known.taps, known.repeated, known.only_tapped
        places = range(len(tree.flatten(carry)))
        self.read = [i for i in places if i not in known.unread]
        self.kept = [i for i in self.read if i not in known.repeated]
        self.late = {place for tap in self.taps for place in (*tap.kernels, *tap.biases)}
        parts = [(i, j, s) for i, tap in enumerate(self.taps) for j, s in enumerate(tap.sources)]
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
        last, stacks = _over_time(advance, first, xs, length, [*self.emits, *kept])
        return last, stacks[: len(self.emits)], stacks[len(self.emits) :]

    def _back(self, length, first, xs, shared, states, sums, d_last, d_emitted):
        floating = [i for i, value in enumerate(first) if _floats(value)]
        taped_xs, taped_shared = self._taped(xs, shared)
        transposed = [[tf.transpose(shared[place]) for place in tap.kernels] for tap in self.taps]

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
                # The gradient of an input waits as well: `d_x = dz W^T` for all timesteps at once.
                live = [j for j, (kind, _) in enumerate(self.taps[place].sources) if kind != "x"]
                kernels = [transposed[place][j] for j in live]
                return _known_sum(sums_t[place], [given[j] for j in live], kernels, others)

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
        likes = [xs[i][0] for i in taped_xs] + [tap.like for tap in self.taps] + [*self.computed.values()]
        now = [xs, states, sums, d_emitted]
        (d_first, d_shared), stacks = _over_time(advance, start, now, length, likes, backwards=True)
        return d_first, d_shared, stacks

    def _gradient(self, first, xs, shared, length, emitted, saved, wanted):
        # The carry before each timestep. What was emitted too is there already, one timestep late.
        states = dict(zip(self.kept, saved, strict=False))
        for i, place in self.repeated.items():
            states[i] = tf.concat([first[i][None], emitted[place][:-1]], axis=0)
        wanted = [w for w, result in zip(wanted, [*first, *emitted], strict=True) if _floats(result)]
        count = sum(map(_floats, first))
        given = [first, xs, shared, [states[i] for i in self.read], saved[len(self.kept) :]]
        given += [wanted[:count], wanted[count:]]

        @tf.custom_gradient
        def back(*values):
            results = self.back(length, *tree.pack_sequence_as(given, values))
            return tree.flatten(results), no_second_derivative

        found = iter(back(*tree.flatten(given)))
        taped_xs, taped_shared = self._taped(xs, shared)
        d_first = [next(found) if _floats(value) else None for value in first]
        d_shared = {i: next(found) for i in taped_shared}
        d_xs = {i: next(found) for i in taped_xs}
        d_sums = [next(found) for _ in self.taps]
        operands = {key: next(found) for key in self.computed}
        operands |= {("carry", i): value for i, value in states.items()}
        operands |= {("x", i): value for i, value in enumerate(xs)}
        for i, (tap, dz) in enumerate(zip(self.taps, d_sums, strict=True)):
            for place in tap.biases:
                _add_to(d_shared, place, _total(dz))
            for j, (source, place) in enumerate(zip(tap.sources, tap.kernels, strict=True)):
                a = operands[(i, j) if source[0] == "body" else source]
                _add_to(d_shared, place, tf.matmul(_rows(a), _rows(dz), transpose_a=True))
                if source[0] == "x":
                    _add_to(d_xs, source[1], tf.matmul(dz, shared[place], transpose_b=True))
        return [*d_first, *map(d_xs.get, range(len(xs))), *map(d_shared.get, range(len(shared)))]

    def _taped(self, xs, shared):
        taped_xs = [i for i, x in enumerate(xs) if _floats(x) and i not in self.only_tapped]
        return taped_xs, [i for i, value in enumerate(shared) if _floats(value) and i not in self.late]


def _known_sum(z, operands, transposed, others):
    # The sum is known: only its gradient is left to do.
    @tf.custom_gradient
    def run(z, *parts):
        def gradient(dz):
            return [dz, *(tf.matmul(dz, kernel) for kernel in transposed), *(dz for _ in others)]

        return tf.identity(z), gradient

    return run(z, *operands, *others)


def _floats(value) -> bool:
    return value.dtype.is_floating


def _rows(value):
    return tf.reshape(value, [-1, value.shape[-1]])


def _total(dz):
    # A sum of many numbers of 16 bits needs more than 16.
    wide = tf.cast(dz, "float32") if dz.dtype.size < 4 else dz
    return tf.cast(tf.reduce_sum(_rows(wide), axis=0), dz.dtype)


def _add_to(totals, key, value):
    totals[key] = totals[key] + value if key in totals else value
