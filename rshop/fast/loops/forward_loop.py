"""The loop from the first timestep to the last one, for one part of a batch."""

from rshop.backend import over_time, reader
from rshop.fast.loops.known_body import KnownBody
from rshop.fast.loops.loop_data import LoopInputs, LoopResults, batch_major, capacity_of
from rshop.structure import flat


class ForwardLoop:
    """The loop over all timesteps, as a function of tensors.

    Example:
        >>> found = ForwardLoop(body)(inputs, 7, True)
        >>> found.emitted[0].shape
        (2, 7, 10)

    Args:
        body: the body of the loop.
    """

    def __init__(self, body: KnownBody):
        self.body = body

    def __call__(self, inputs: LoopInputs, length, save: bool) -> LoopResults:
        """The results of the loop.

        Args:
            inputs: what it reads.
            length: the number of timesteps, an int or a scalar tensor.
            save: whether to return what the backward pass needs.
        """
        body = self.body

        def advance(carry, xs):
            sums = [None] * len(body.taps)

            def tap(place, operands, others, compute):
                sums[place] = compute()
                return sums[place]

            after, emitted = body.run(body.packed(carry), xs, inputs.shared, tap)
            saved = [*(carry[i] for i in body.saved), *sums] if save else []
            return flat(after), [*emitted, *saved]

        saved = [*(inputs.first[i] for i in body.saved), *(tap.like for tap in body.taps)] if save else []
        last, stacks = over_time(
            advance,
            inputs.first,
            [reader(x, axis=1) for x in inputs.xs],
            length,
            emits=[*body.emits, *saved],
            capacity=capacity_of(inputs, length),
        )
        emitted, saved = stacks[: len(body.emits)], stacks[len(body.emits) :]
        return LoopResults(last, [batch_major(values) for values in emitted], saved)
