"""Deferred gradients: those of weights, from what products read at all timesteps at once."""

import math
from collections.abc import Callable

from keras import ops

from rshop.fast.loops.known_body import KnownBody
from rshop.fast.loops.known_sums import Tap
from rshop.fast.loops.loop_data import Part, batch_major, time_major
from rshop.fast.loops.time_blocks import Block
from rshop.fast.plan.sums_of_products import FEW_WEIGHTS
from rshop.step.masks import silence


class Operands:
    """What the products of a body read in a block of time, `(time, batch, ...)`, and the gradients from it.

    Example:
        >>> Operands(body, Block(0, 4), part, computed=[]).of(("x", 0)).shape
        (4, 2, 5)

    Args:
        body: the known body.
        block: the timesteps.
        part: the part of the batch.
        computed: the values of `body.computed` in the block, `(time, batch, ...)`.
    """

    def __init__(self, body: KnownBody, block: Block, part: Part, computed: list):
        self.body, self.block, self.part = body, block, part
        self.known = dict(zip(body.computed, computed, strict=True))
        self.saved = dict(zip(body.saved, part.saved, strict=False))

    def of(self, source: tuple):
        """The operand of a `Product.source`; if the body computes it, that of its `(tap, product)`."""
        if source not in self.known:
            self.known[source] = self._make(*source)
        return self.known[source]

    def add_weight_gradients(self, d_shared: dict, d_sums: list, is_due: Callable):
        """Add the deferred gradients of the weights of some taps.

        Args:
            d_shared: for the place of a shared tensor its gradient, to which they are added.
            d_sums: the gradient of each sum in the block, `(time, batch, ...)`.
            is_due: whether those of a tap are added now.
        """
        for i, (tap, dz) in enumerate(zip(self.body.taps, d_sums, strict=True)):
            if is_due(tap):
                sources = [(i, j) if p.source[0] == "body" else p.source for j, p in enumerate(tap.products)]
                operands = [self.of(source) for source in sources]
                for place, gradient in tap.weight_gradients(operands, dz):
                    add_to(d_shared, place, gradient)

    def add_input_gradients(self, d_xs: dict, d_sums: list):
        """Add the gradients of the sequences that products read, `(batch, time, ...)`."""
        shared = self.part.inputs.shared
        for tap, dz in zip(self.body.taps, d_sums, strict=True):
            for product in tap.products:
                kind, place = product.source
                if kind == "x":
                    gradient = product.gradient_over_time(dz, shared[product.kernel])
                    add_to(d_xs, place, batch_major(gradient))

    def _make(self, kind, i):
        if kind == "x":
            return self._input(i)
        if i in self.saved:
            return self.block.cut(self.saved[i])
        # The state was emitted at the timestep before.
        before = self.block.before().cut(self.part.emitted[self.body.repeated[i]], axis=1)
        if self.block.start:
            return time_major(before)
        return ops.concatenate([ops.expand_dims(self.part.inputs.first[i], 0), time_major(before)], axis=0)

    def _input(self, i):
        xs, mask = self.part.inputs.xs, self.body.mask
        x = time_major(self.block.cut(xs[i], axis=1))
        return x if mask is None else silence(time_major(self.block.cut(xs[mask], axis=1)), x)


def is_small(tap: Tap, shared: list) -> bool:
    """Whether the weights of a tap are few, so that their gradients are part of the compiled backward loop.

    Measured on a CPU: few deferred products run, and compile, faster with the backward loop. Many run faster
    after it, where their operands take memory once those of the loop are gone.

    Args:
        tap: a sum of products.
        shared: the shared tensors of the loop.
    """
    weights = [shared[p.kernel].shape for p in tap.products if p.letters is None]
    return len(weights) < len(tap.products) or sum(map(math.prod, weights)) < FEW_WEIGHTS


def add_to(totals: dict, key, value):
    """Add to a total, or begin it."""
    totals[key] = totals[key] + value if key in totals else value
