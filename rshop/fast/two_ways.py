"""The loop there and the loop back through time, for a body of which more is known than `loop.scan` asks."""

import math

import keras
from keras import ops

from ..loop import compiled, deal, over_time, pull_back, reader, roomy
from ..structure import flat, tree
from .groups import FEW_WEIGHTS
from .known import Known, no_second_derivative
from .operands import Operands


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
    hot=None,
    parts: int = 1,
    batch=None,
):
    """As `loop.scan`, for a body of which more is known: the loop back is written out here.

    The gradient of a weight is one product over all timesteps and samples, after the loop: in it
    each timestep would add to the whole matrix. And as no list crosses from the loop there to the
    loop back, both can be compiled.

    Example:
        >>> last, emitted = scan_known(body, [h], [x], [kernel], 7, [like], known, save=True, xla=True)
        >>> emitted[0].shape
        (2, 7, 10)

    Args:
        body: `(carry, x_t, shared, tap) -> (carry, emitted)`; it calls
            `tap(place, operands, others, compute)` for the value of each sum of products.
        carry, xs, length, emits: as in `scan`; the length is an int where there are no `xs`.
        shared: tensors that every timestep sees whole: weights, constants.
        known: what is known of the body.
        save: keep what the way back needs; else it runs the loop again first.
        xla: compile both loops.
        hot: a boolean tensor: XLA waits as long as it is False.
        parts: run this many loops side by side, each on a part of the batch.
        batch: the number of samples, an int or a scalar tensor.

    Returns:
        As `scan`. First derivatives only.
    """
    first = [ops.convert_to_tensor(value) for value in flat(carry)]
    xs = [ops.convert_to_tensor(x) for x in xs]
    open_ended = bool(xs) and xs[0].shape[1] is None
    if open_ended:
        length = ops.cast(ops.shape(xs[0])[1], "int32")
        xs = [roomy(x, length) for x in xs] if xla else xs
    ways = _TwoWays(body, carry, emits, known, xla, hot)
    last, emitted = _side_by_side(ways, first, xs, shared, length, save, parts, batch)
    emitted = [value[:, :length] for value in emitted] if open_ended else emitted
    return tree.pack_sequence_as(carry, last), emitted


def _side_by_side(ways, first, xs, shared, length, save, parts, batch):
    if parts == 1:
        return ways.run([[first, xs, shared]], length, save)[0]
    sizes = [(batch + i) // parts for i in range(parts)]
    # What each sample has of its own goes with it, the weights go to each part.
    mine = sorted(ways.known.by_sample)
    own = [dict(zip(mine, values, strict=True)) for values in deal([shared[i] for i in mine], sizes)]
    given = [
        [first, xs, [own.get(i, value) for i, value in enumerate(shared)]]
        for first, xs, own in zip(deal(first, sizes), deal(xs, sizes), own, strict=True)
    ]
    done = ways.run(given, length, save)
    return [[ops.concatenate(same, axis=0) for same in zip(*p, strict=True)] for p in zip(*done, strict=True)]


class _TwoWays:
    # On tensors (batch, time, ...); what is saved from there to back is (time, batch, ...).
    def __init__(self, body, carry, emits, known, xla, hot):
        self.body, self.carry, self.emits, self.known, self.taps = body, carry, emits, known, known.taps
        places = range(len(flat(carry)))
        self.read = [i for i in places if i not in known.unread]
        self.kept = [i for i in self.read if i not in known.repeated]
        parts = [(i, j, p.source) for i, tap in enumerate(self.taps) for j, p in enumerate(tap.products)]
        self.computed = {(i, j): like for i, j, (kind, like) in parts if kind == "body"}
        self.there = compiled(self._there, xla, hot)
        self.back = compiled(self._back, xla, hot)

    def run(self, given, length, save):
        # Parts of a batch, each [first, xs, shared]: for each the last carry, and what was emitted.
        made = []

        @ops.custom_gradient
        def run(*values):
            unseen = _unseen(given, values)

            def there(save):
                return self.there([(*part, length, save) for part in unseen])

            done = there(save)
            made.append([part[:2] for part in done])

            def gradient(*wanted, upstream=None):
                wanted = wanted if upstream is None else upstream
                kept = done if save else there(True)
                return self._gradient(given, values, unseen, kept, wanted, length)

            return flat(made[-1]), gradient

        results = run(*flat(given))
        return tree.pack_sequence_as(made[-1], results)

    def _there(self, first, xs, shared, length, save):
        def advance(carry, now):
            sums = [None] * len(self.taps)

            def tap(place, operands, others, compute):
                sums[place] = compute()
                return sums[place]

            after, emitted = self.body(tree.pack_sequence_as(self.carry, carry), now, shared, tap)
            kept = [*(carry[i] for i in self.kept), *sums] if save else []
            return flat(after), [*emitted, *kept]

        kept = [*(first[i] for i in self.kept), *(tap.like for tap in self.taps)] if save else []
        reads = [reader(x, axis=1) for x in xs]
        last, stacks = over_time(advance, first, reads, length, [*self.emits, *kept], _room(xs, length))
        return last, [_turned(s) for s in stacks[: len(self.emits)]], stacks[len(self.emits) :]

    def _back(self, length, first, xs, shared, emitted, saved, d_last, d_emitted):
        saves = iter(saved)
        # What was emitted too is there already, one timestep late.
        states = [
            _late_reader(first[i], emitted[self.known.repeated[i]])
            if i in self.known.repeated
            else reader(next(saves), axis=0)
            for i in self.read
        ]
        xs_at, d_at = ([reader(value, axis=1) for value in values] for values in (xs, d_emitted))
        reads = [xs_at, states, [reader(value, axis=0) for value in saves], d_at]
        d_first, d_shared, stacks = self._loop_back(length, first, xs, shared, reads, d_last)
        taped_xs, taped_shared = self._taped(xs, shared)
        found = iter(stacks)
        d_xs = [_turned(next(found)) for _ in taped_xs]
        d_sums, computed = [next(found) for _ in self.taps], list(found)
        d_shared = dict(zip(taped_shared, d_shared, strict=True))
        operands = self._operands(first, xs, emitted, saved, computed)
        self._late(True, shared, operands, d_sums, d_shared)
        return d_first, d_xs, d_shared, d_sums, computed

    def _operands(self, first, xs, emitted, saved, computed):
        made = dict(zip(self.computed, computed, strict=True))
        return Operands(self.known, self.kept, first, xs, emitted, saved, made)

    def _late(self, small, shared, operands, d_sums, d_shared):
        for i, (tap, dz) in enumerate(zip(self.taps, d_sums, strict=True)):
            if _is_small(tap, shared) == small:
                sources = [(i, j) if p.source[0] == "body" else p.source for j, p in enumerate(tap.products)]
                for place, gradient in tap.late([operands.of(source) for source in sources], dz):
                    _add_to(d_shared, place, gradient)

    def _loop_back(self, length, first, xs, shared, reads, d_last):
        floating = [i for i, value in enumerate(first) if _floats(value)]
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
                return [v for v in [*flat(after), *out] if _floats(v)], operands

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
        room = _room(xs, length)
        (d_first, d_shared), stacks = over_time(advance, start, reads, length, likes, room, backwards=True)
        return d_first, d_shared, stacks

    def _gradient(self, given, values, unseen, done, wanted, length):
        # Of the values in `given`; wanted is the gradient of each last carry, and of each emitted value.
        results = [part[:2] for part in done]
        wanted = [
            [_floating(*pair) for pair in zip(*both, strict=True)]
            for both in zip(tree.pack_sequence_as(results, wanted), results, strict=True)
        ]
        made = []

        @ops.custom_gradient
        def back(*wanted_and_values):
            wanted_now = _unseen(wanted, wanted_and_values[: len(flat(wanted))])
            calls = zip(unseen, done, wanted_now, strict=True)
            made.append(self.back([(length, *part, *kept[1:], *w) for part, kept, w in calls]))
            return flat(made[-1]), no_second_derivative

        found = back(*flat(wanted), *values)
        found = tree.pack_sequence_as(made[-1], found)
        parts = zip(tree.pack_sequence_as(given, values), done, found, strict=True)
        return [d for part, kept, found in parts for d in self._after_back(*part, *kept[1:], *found)]

    def _after_back(self, first, xs, shared, emitted, saved, d_first, d_xs, d_shared, d_sums, computed):
        d_first = dict(zip([i for i, value in enumerate(first) if _floats(value)], d_first, strict=True))
        d_xs = dict(zip(self._taped(xs, shared)[0], d_xs, strict=True))
        operands = self._operands(first, xs, emitted, saved, computed)
        self._late(False, shared, operands, d_sums, d_shared)
        # The gradient of an input that products alone read stays outside: often nobody asks for it.
        for tap, dz in zip(self.taps, d_sums, strict=True):
            for product in tap.products:
                kind, place = product.source
                if kind == "x":
                    _add_to(d_xs, place, _turned(product.back_over_time(dz, shared[product.kernel])))
        found = (first, d_first), (xs, d_xs), (shared, d_shared)
        return [d.get(i) for part, d in found for i in range(len(part))]

    def _taped(self, xs, shared):
        taped_xs = [i for i, x in enumerate(xs) if _floats(x) and i not in self.known.late_xs]
        late = self.known.late_shared
        return taped_xs, [i for i, value in enumerate(shared) if _floats(value) and i not in late]


def _unseen(given, values):
    # No tape looks into what is compiled: a persistent one, or a second one, would take out all lists.
    return tree.pack_sequence_as(given, [ops.stop_gradient(value) for value in values])


def _is_small(tap, shared):
    # Measured on a CPU: few late products are sooner done, and compiled, with the loop back. Many are
    # sooner done after it, where their operands take room once its own are gone.
    weights = [shared[p.kernel].shape for p in tap.products if p.letters is None]
    return len(weights) < len(tap.products) or sum(map(math.prod, weights)) < FEW_WEIGHTS


def _late_reader(first, emitted):
    # Reads the value of the timestep before, which at the first one is `first`.
    read = reader(emitted, axis=1)
    return lambda t: ops.where(t > 0, read(ops.maximum(t - 1, 0)), first)


def _room(xs, length):
    # The xs may have room for more than the length.
    return ops.shape(xs[0])[1] if xs else length


def _floats(value) -> bool:
    return keras.backend.is_float_dtype(keras.backend.standardize_dtype(value.dtype))


def _floating(values, likes):
    return [value for value, like in zip(values, likes, strict=True) if _floats(like)]


def _turned(x):
    return ops.swapaxes(x, 0, 1)


def _replaced(values, places, new):
    # At these places the next new values.
    result = list(values)
    for place in places:
        result[place] = next(new)
    return result


def _add_to(totals, key, value):
    totals[key] = totals[key] + value if key in totals else value
