"""What the products of a loop read, at all timesteps at once: for their late gradients."""

from keras import ops


class Operands:
    """The operands `(time, batch, ...)` of products, each made when it is first asked for.

    Example:
        >>> Operands(known, [0], first, xs, emitted, [c], {}).of(("x", 0)).shape  # xs[0] is (2, 7, 5)
        (7, 2, 5)

    Args:
        known: what is known of the body.
        kept: the numbers of the states that were saved.
        first: the states `(batch, ...)` before the first timestep.
        xs, emitted: `(batch, time, ...)`.
        saved: `(time, batch, ...)`, the states in `kept` first.
        computed: for `(tap, product)` what the body computed for it, `(time, batch, ...)`.
    """

    def __init__(self, known, kept, first, xs, emitted, saved, computed):
        self.known, self.first, self.xs, self.emitted = known, first, xs, emitted
        self.made = {**computed, **{("carry", i): value for i, value in zip(kept, saved, strict=False)}}

    def of(self, source):
        """What a `Product.source` names; of a product of the body, its `(tap, product)`."""
        if source not in self.made:
            self.made[source] = self._make(*source)
        return self.made[source]

    def _make(self, kind, i):
        if kind == "x":
            return ops.swapaxes(self.xs[i], 0, 1)
        # What was emitted too, one timestep late.
        before = ops.swapaxes(self.emitted[self.known.repeated[i]], 0, 1)[:-1]
        return ops.concatenate([ops.expand_dims(self.first[i], 0), before], axis=0)
