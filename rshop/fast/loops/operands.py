"""What the products of a loop read, at all timesteps at once: for their late gradients."""

from keras import ops

from rshop.step.masks import silence


class Operands:
    """The operands `(time, batch, ...)` of products, each made when it is first asked for.

    Example:
        >>> Operands(known, [0], Block(0, 4), first, xs, emitted, [c], {}).of(("x", 0)).shape
        (4, 2, 5)

    Args:
        known: what is known of the body.
        kept: the numbers of the states that were saved.
        block: of these timesteps.
        first: the states `(batch, ...)` before the first timestep.
        xs, emitted: `(batch, time, ...)`.
        saved: `(time, batch, ...)`, the states in `kept` first.
        computed: for `(tap, product)` what the body computed for it in the block, `(time, batch, ...)`.
    """

    def __init__(self, known, kept, block, first, xs, emitted, saved, computed):
        self.known, self.block, self.first, self.xs, self.emitted = known, block, first, xs, emitted
        self.made = dict(computed)
        self.saved = dict(zip(kept, saved, strict=False))

    def of(self, source):
        """What a `Product.source` names; of a product of the body, its `(tap, product)`."""
        if source not in self.made:
            self.made[source] = self._make(*source)
        return self.made[source]

    def _make(self, kind, i):
        if kind == "x":
            x, mask = turned(self.block.cut(self.xs[i], axis=1)), self.known.mask
            return x if mask is None else silence(turned(self.block.cut(self.xs[mask], axis=1)), x)
        if i in self.saved:
            return self.block.cut(self.saved[i])
        # What was emitted too, one timestep late.
        before = turned(self.block.before().cut(self.emitted[self.known.repeated[i]], axis=1))
        if self.block.start:
            return before
        return ops.concatenate([ops.expand_dims(self.first[i], 0), before], axis=0)


def turned(x):
    """`(batch, time, ...)` from `(time, batch, ...)`, and back."""
    return ops.swapaxes(x, 0, 1)
