"""The loop back through time: gradients of a loop whose body is known, block by block."""

import math

import keras
from keras import ops

from rshop.backend import compiled, over_time, pull_back, reader
from rshop.fast.loops.known_sums import Known, no_second_derivative, wide
from rshop.fast.loops.operands import Operands, turned
from rshop.fast.loops.time_blocks import Block, blocks
from rshop.fast.plan.sums_of_products import FEW_WEIGHTS
from rshop.structure import flat, tree

# For a graph that is written for any batch.
ORDINARY_BATCH = 32


class WayBack:
    """The way back of a loop: on tensors `(batch, time, ...)`, and saved ones `(time, batch, ...)`.

    Example:
        >>> way_back = WayBack(body, carry, known, xla=True, hot=None, in_blocks=True)
        >>> [[d_first, d_xs, d_shared]] = way_back.gradients([part], values, done, wanted, length=7)

    Args:
        body, carry, known, xla, hot, in_blocks: as in `scan_known`.

    Attributes:
        kept: the places in the flat carry that the way there has to save.
    """

    def __init__(self, body, carry, known: Known, xla: bool, hot, in_blocks: bool):
        self.body, self.carry, self.known, self.taps = body, carry, known, known.taps
        self.in_blocks = in_blocks
        places = range(len(flat(carry)))
        self.read = [i for i in places if i not in known.unread]
        self.kept = [i for i in self.read if i not in known.repeated]
        parts = [(i, j, p.source) for i, tap in enumerate(self.taps) for j, p in enumerate(tap.products)]
        self.computed = {(i, j): like for i, j, (kind, like) in parts if kind == "body"}
        self.compiled = compiled(self._back, xla, hot)

    def gradients(self, parts: list, values: list, done: list, wanted: list, length) -> list:
        """For each part the gradients of `[first, xs, shared]`; None where there is none.

        Args:
            parts: parts of a batch, each `[first, xs, shared]` as in `scan_known`, as no tape sees them.
            values: the tensors that the parts were made of, as the tapes see them.
            done: what the way there made of each: the last carry, what was emitted, what was saved.
            wanted: for each part the gradients of its last carry and of what was emitted, where these
                are floating point numbers.
            length: as in `scan_known`.
        """
        after, d_emitted = ([w[which] for w in wanted] for which in (0, 1))
        totals = [_Totals() for _ in parts]
        in_time = blocks(length, self._waiting(parts[0][0])) if self.in_blocks else [Block()]
        for block in reversed(in_time):
            found = self._run(block, length, parts, values, done, after, d_emitted)
            for total, part, kept, one in zip(totals, parts, done, found, strict=True):
                self._collect(total, block, *part, *kept[1:], *one)
            after = [one[0] for one in found]
        return [total.of(*part) for total, part in zip(totals, parts, strict=True)]

    def _waiting(self, first):
        # How many numbers of a timestep wait for the late products, in one part of the batch.
        likes = [*(tap.like for tap in self.taps), *self.computed.values()]
        batch = (first[0].shape[0] if first else None) or ORDINARY_BATCH
        return batch * sum(math.prod(size or 1 for size in like.shape[1:]) for like in likes)

    def _run(self, block, length, parts, values, done, after, d_emitted):
        start = None
        if not block.is_whole:
            # Tensors, as numbers would be written, and compiled, anew for each block.
            start = ops.convert_to_tensor(block.start, "int32")
            length = ops.convert_to_tensor(block.stop - block.start, "int32")
        upstream, made = [after, d_emitted], []

        @ops.custom_gradient
        def back(*tensors):
            now = unseen_by_tapes(upstream, tensors[: len(flat(upstream))])
            calls = zip(parts, done, *now, strict=True)
            made.append(
                self.compiled([(start, length, block.room, *part, *kept[1:], *w) for part, kept, *w in calls])
            )
            return flat(made[-1]), no_second_derivative

        # The values take no part, but a second derivative by them has to come by here.
        found = back(*flat(upstream), *values)
        return tree.pack_sequence_as(made[-1], found)

    def _back(self, start, length, room, first, xs, shared, emitted, saved, d_last, d_emitted):
        whole = start is None
        room = room_for(xs, length) if whole else room

        def at(x, axis):
            read = reader(x, axis)
            return read if whole else lambda t: read(start + t)

        saves = iter(saved)
        # What was emitted too is there already, one timestep late.
        states = [
            _late_reader(first[i], emitted[self.known.repeated[i]], 0 if whole else start)
            if i in self.known.repeated
            else at(next(saves), axis=0)
            for i in self.read
        ]
        xs_at, d_at = ([at(value, axis=1) for value in values] for values in (xs, d_emitted))
        reads = [xs_at, states, [at(value, axis=0) for value in saves], d_at]
        d_first, d_shared, stacks = self._loop(length, room, first, xs, shared, reads, d_last)
        taped_xs, taped_shared = self._taped(xs, shared)
        found = iter(stacks)
        d_xs = [turned(next(found)) for _ in taped_xs]
        d_sums, computed = [next(found) for _ in self.taps], list(found)
        d_shared = dict(zip(taped_shared, d_shared, strict=True))
        if whole:
            operands = self._operands(Block(), first, xs, emitted, saved, computed)
            self._late(shared, operands, d_sums, d_shared, lambda tap: _is_small(tap, shared))
        return d_first, d_xs, d_shared, d_sums, computed

    def _operands(self, block, first, xs, emitted, saved, computed):
        made = dict(zip(self.computed, computed, strict=True))
        return Operands(self.known, self.kept, block, first, xs, emitted, saved, made)

    def _late(self, shared, operands, d_sums, d_shared, is_due):
        for i, (tap, dz) in enumerate(zip(self.taps, d_sums, strict=True)):
            if is_due(tap):
                sources = [(i, j) if p.source[0] == "body" else p.source for j, p in enumerate(tap.products)]
                for place, gradient in tap.late([operands.of(source) for source in sources], dz):
                    _add_to(d_shared, place, gradient)

    def _loop(self, length, room, first, xs, shared, reads, d_last):
        floating = [i for i, value in enumerate(first) if floats(value)]
        taped_xs, taped_shared = self._taped(xs, shared)
        ready = [tap.ready(shared) for tap in self.taps]

        def advance(after, now):
            d_carry, d_shared = after
            xs_t, states_t, sums_t, d_emitted_t = now
            # In place of what the body does not need, its first value does.
            carry = _replaced(first, self.read, iter(states_t))

            def step(points):
                values, operands = iter(points), {}

                def tap(place, given, others, compute):
                    operands.update({(place, j): a for j, a in enumerate(given)})
                    return self.taps[place].known_sum(sums[place], given, ready[place], others)

                memory = tree.pack_sequence_as(self.carry, _replaced(carry, floating, values))
                x, weights = _replaced(xs_t, taped_xs, values), _replaced(shared, taped_shared, values)
                sums = list(values)
                after, out = self.body(memory, x, weights, tap)
                return [v for v in [*flat(after), *out] if floats(v)], operands

            points = [carry[i] for i in floating] + [xs_t[i] for i in taped_xs]
            points += [shared[i] for i in taped_shared] + sums_t
            found, operands = pull_back(step, points, [*d_carry, *d_emitted_t])
            found = iter(found)
            d_carry = [next(found) for _ in floating]
            d_xs = [next(found) for _ in taped_xs]
            d_shared = [total + next(found) for total in d_shared]
            return [d_carry, d_shared], [*d_xs, *found, *(operands[key] for key in self.computed)]

        start = [d_last, [ops.zeros_like(shared[i]) for i in taped_shared]]
        likes = [xs[i][:, 0] for i in taped_xs] + [tap.like for tap in self.taps] + [*self.computed.values()]
        (d_first, d_shared), stacks = over_time(advance, start, reads, length, likes, room, backwards=True)
        return d_first, d_shared, stacks

    def _collect(
        self, total, block, first, xs, shared, emitted, saved, d_first, d_xs, d_shared, d_sums, computed
    ):
        d_xs = dict(zip(self._taped(xs, shared)[0], [block.trim(d, axis=1) for d in d_xs], strict=True))
        d_sums, computed = (list(map(block.trim, values)) for values in (d_sums, computed))
        operands = self._operands(block, first, xs, emitted, saved, computed)
        # In a block none was done within the loop, which sees the operands of all timesteps.
        due = (lambda tap: not _is_small(tap, shared)) if block.is_whole else (lambda tap: True)
        self._late(shared, operands, d_sums, d_shared, due)
        # The gradient of an input that products alone read stays outside: often nobody asks for it.
        for tap, dz in zip(self.taps, d_sums, strict=True):
            for product in tap.products:
                kind, place = product.source
                if kind == "x":
                    _add_to(d_xs, place, turned(product.back_over_time(dz, shared[product.kernel])))
        total.first = dict(zip([i for i, value in enumerate(first) if floats(value)], d_first, strict=True))
        total.add(d_xs, d_shared)

    def _taped(self, xs, shared):
        taped_xs = [i for i, x in enumerate(xs) if floats(x) and i not in self.known.late_xs]
        late = self.known.late_shared
        return taped_xs, [i for i, value in enumerate(shared) if floats(value) and i not in late]


class _Totals:
    # The gradients of one part of a batch, put together from its blocks of time, the last one first:
    # of the first carry by place, of the inputs in each block, the sum of those of what all timesteps see.

    def __init__(self):
        self.first, self.xs, self.shared = {}, {}, {}

    def add(self, d_xs: dict, d_shared: dict):
        for i, d in d_xs.items():
            self.xs.setdefault(i, []).insert(0, d)
        for i, d in d_shared.items():
            self.shared[i] = wide(self.shared[i]) + wide(d) if i in self.shared else d

    def of(self, first: list, xs: list, shared: list) -> list:
        # The gradient of each tensor of the part; None where there is none.
        d_xs = {i: d[0] if len(d) == 1 else ops.concatenate(d, axis=1) for i, d in self.xs.items()}
        d_shared = {i: ops.cast(d, shared[i].dtype) for i, d in self.shared.items()}
        found = (first, self.first), (xs, d_xs), (shared, d_shared)
        return [[d.get(i) for i in range(len(part))] for part, d in found]


def unseen_by_tapes(like, values):
    """The values, packed, so that no tape looks into what is compiled, from either side.

    A persistent one, or a second one, would take out all that the loop computes.
    """
    return tree.pack_sequence_as(like, [ops.stop_gradient(value) for value in values])


def room_for(xs, length):
    """The number of timesteps that there is room for: the xs may have more of it than the length."""
    return ops.shape(xs[0])[1] if xs else length


def _is_small(tap, shared):
    # Measured on a CPU: few late products are sooner done, and compiled, with the loop back. Many are
    # sooner done after it, where their operands take room once its own are gone.
    weights = [shared[p.kernel].shape for p in tap.products if p.letters is None]
    return len(weights) < len(tap.products) or sum(map(math.prod, weights)) < FEW_WEIGHTS


def _late_reader(first, emitted, start):
    # Reads the value of the timestep before, which at the first one of all is `first`.
    read = reader(emitted, axis=1)
    return lambda t: ops.where(start + t > 0, read(ops.maximum(start + t - 1, 0)), first)


def floats(value) -> bool:
    """Whether these are floating point numbers, which have gradients."""
    return keras.backend.is_float_dtype(keras.backend.standardize_dtype(value.dtype))


def _replaced(values, places, new):
    # At these places the next new values.
    result = list(values)
    for place in places:
        result[place] = next(new)
    return result


def _add_to(totals, key, value):
    totals[key] = totals[key] + value if key in totals else value
