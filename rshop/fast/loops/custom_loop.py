"""The loop there and the loop back through time, for a body of which more is known than `loop.scan` asks."""

from keras import ops

from rshop.backend import compiled, deal, over_time, reader, roomy
from rshop.fast.loops.backward import WayBack, floats, room_for, unseen_by_tapes
from rshop.fast.loops.known_sums import Known
from rshop.fast.loops.operands import turned
from rshop.structure import flat, tree


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
    in_blocks: bool = True,
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
        in_blocks: a long loop goes back in blocks of time.
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
    sizes = [(batch + i) // parts for i in range(parts)] if parts > 1 else None
    ways = _TwoWays(body, carry, emits, known, xla, hot, in_blocks)
    last, emitted = ways.run([first, xs, shared], length, save, sizes)
    emitted = [value[:, :length] for value in emitted] if open_ended else emitted
    return tree.pack_sequence_as(carry, last), emitted


class _TwoWays:
    # On tensors (batch, time, ...); what is saved from there to back is (time, batch, ...).
    def __init__(self, body, carry, emits, known, xla, hot, in_blocks):
        self.body, self.carry, self.emits, self.known, self.taps = body, carry, emits, known, known.taps
        self.there = compiled(self._there, xla, hot)
        self.back = WayBack(body, carry, known, xla, hot, in_blocks)

    def run(self, given, length, save, sizes):
        # From [first, xs, shared] the last carry and what was emitted, by parts of the batch of these sizes.
        made = []

        @ops.custom_gradient
        def run(*values):
            parts = self._dealt(*unseen_by_tapes(given, values), sizes)

            def there(save):
                done = self.there([(*part, length, save) for part in parts])
                return unseen_by_tapes(done, flat(done))

            done = there(save)
            made.append([_joined([part[which] for part in done]) for which in (0, 1)])

            def gradient(*wanted, upstream=None):
                wanted = tree.pack_sequence_as(made[-1], wanted if upstream is None else upstream)
                floating = [_only_floating(*pair) for pair in zip(wanted, made[-1], strict=True)]
                wanted = list(zip(*(_cut(w, sizes) for w in floating), strict=True))
                found = self.back.gradients(parts, values, done if save else there(True), wanted, length)
                return self._whole(found)

            return flat(made[-1]), gradient

        results = run(*flat(given))
        return tree.pack_sequence_as(made[-1], results)

    def _dealt(self, first, xs, shared, sizes):
        # What each sample has of its own goes with it, the weights go to each part.
        mine = sorted(self.known.by_sample)
        own = [dict(zip(mine, values, strict=True)) for values in _cut([shared[i] for i in mine], sizes)]
        return [
            [first, xs, [own.get(i, value) for i, value in enumerate(shared)]]
            for first, xs, own in zip(_cut(first, sizes), _cut(xs, sizes), own, strict=True)
        ]

    def _whole(self, found):
        # From the gradients of the parts, of each [first, xs, shared], those of the whole batch.
        d_first, d_xs, d_shared = zip(*found, strict=True)
        whole = [*_joined(d_first), *_joined(d_xs)]
        for i, same in enumerate(zip(*d_shared, strict=True)):
            if i in self.known.by_sample or same[0] is None:
                whole += _joined([[d] for d in same])
            else:
                whole.append(sum(same[1:], same[0]))
        return whole

    def _there(self, first, xs, shared, length, save):
        def advance(carry, now):
            sums = [None] * len(self.taps)

            def tap(place, operands, others, compute):
                sums[place] = compute()
                return sums[place]

            after, emitted = self.body(tree.pack_sequence_as(self.carry, carry), now, shared, tap)
            kept = [*(carry[i] for i in self.back.kept), *sums] if save else []
            return flat(after), [*emitted, *kept]

        kept = [*(first[i] for i in self.back.kept), *(tap.like for tap in self.taps)] if save else []
        reads = [reader(x, axis=1) for x in xs]
        last, stacks = over_time(advance, first, reads, length, [*self.emits, *kept], room_for(xs, length))
        return last, [turned(s) for s in stacks[: len(self.emits)]], stacks[len(self.emits) :]


def _cut(values, sizes):
    return [values] if sizes is None else deal(values, sizes)


def _joined(parts):
    # Of lists of tensors, one for each part of a batch, the list for the whole of it.
    if len(parts) == 1:
        return parts[0]
    return [None if same[0] is None else ops.concatenate(same, axis=0) for same in zip(*parts, strict=True)]


def _only_floating(wanted, results):
    return [w for w, result in zip(wanted, results, strict=True) if floats(result)]
