"""The loop from the last timestep to the first: the gradients of one part of a batch in one block of time."""

from keras import ops

from rshop.backend import over_time, reader, vjp
from rshop.fast.loops.derivatives import has_gradient
from rshop.fast.loops.known_body import KnownBody
from rshop.fast.loops.loop_data import BlockGradients, LoopInputs, Part, batch_major, capacity_of
from rshop.fast.loops.operands import Operands, is_small
from rshop.fast.loops.time_blocks import Block
from rshop.structure import flat


class BackwardLoop:
    """The loop back through a block of time, as a function of tensors.

    Example:
        >>> found = BackwardLoop(body)(None, 7, None, part)  # all of 7 timesteps
        >>> found.sums[0].shape
        (7, 2, 40)

    Args:
        body: the body of the forward loop.
    """

    def __init__(self, body: KnownBody):
        self.body, self.taps = body, body.taps

    def __call__(self, start, length, capacity: int | None, part: Part) -> BlockGradients:
        """The gradients of a block.

        Args:
            start: its first timestep, a scalar tensor; None for all timesteps.
            length: its number of timesteps.
            capacity: the number of timesteps of the results, padding included; None for all timesteps.
            part: the part of the batch, at all timesteps; the cotangents of the last carry are those after
                the block.
        """
        inputs, is_whole = part.inputs, start is None
        capacity = capacity_of(inputs, length) if is_whole else capacity
        xs, shared = self.body.differentiated(inputs)
        likes = [inputs.xs[i][:, 0] for i in xs] + [tap.like for tap in self.taps]
        likes += self.body.computed.values()
        carry = [part.cotangents.last, [ops.zeros_like(inputs.shared[i]) for i in shared]]
        (d_first, d_shared), stacks = over_time(
            _Timestep(self.body, inputs),
            carry,
            self._reads(start, part),
            length,
            emits=likes,
            capacity=capacity,
            backwards=True,
        )
        found = iter(stacks)
        d_xs = [batch_major(next(found)) for _ in xs]
        d_sums, computed = [next(found) for _ in self.taps], list(found)
        d_shared = dict(zip(shared, d_shared, strict=True))
        if is_whole:
            operands = Operands(self.body, Block(), part, computed)
            operands.add_weight_gradients(d_shared, d_sums, lambda tap: is_small(tap, inputs.shared))
        return BlockGradients(d_first, d_xs, d_shared, d_sums, computed)

    def _reads(self, start, part):
        # Functions of a timestep of the block, for the sequences, the states, the sums and the cotangents.
        def at(x, axis):
            read = reader(x, axis)
            return read if start is None else lambda t: read(start + t)

        def state(i):
            if i not in self.body.repeated:
                return at(next(saved), axis=0)
            emitted = part.emitted[self.body.repeated[i]]
            return _previous(part.inputs.first[i], emitted, 0 if start is None else start)

        saved = iter(part.saved)
        states = [state(i) for i in self.body.read]
        xs, cotangents = part.inputs.xs, part.cotangents.emitted
        return [
            [at(x, axis=1) for x in xs],
            states,
            [at(z, axis=0) for z in saved],
            [at(d, axis=1) for d in cotangents],
        ]


class _Timestep:
    # One timestep back: `(d_carry, d_shared), (x, states, sums, cotangents) -> (d_carry, d_shared), emitted`.

    def __init__(self, body, inputs: LoopInputs):
        self.body, self.inputs = body, inputs
        self.xs, self.shared = body.differentiated(inputs)
        self.states = [i for i, value in enumerate(inputs.first) if has_gradient(value)]
        self.ready = [tap.ready(inputs.shared) for tap in body.taps]

    def __call__(self, after, now):
        d_carry, d_shared = after
        xs, states, sums, cotangents = now
        shared = self.inputs.shared
        # For a value that the body does not need, the first one will do.
        carry = _replaced(self.inputs.first, self.body.read, iter(states))

        def forward(points):
            return self._forward(carry, xs, iter(points))

        points = [carry[i] for i in self.states] + [xs[i] for i in self.xs]
        points += [shared[i] for i in self.shared] + sums
        found, operands = vjp(forward, points, [*d_carry, *cotangents])
        found = iter(found)
        d_carry = [next(found) for _ in self.states]
        d_xs = [next(found) for _ in self.xs]
        d_shared = [total + next(found) for total in d_shared]
        return [d_carry, d_shared], [*d_xs, *found, *(operands[key] for key in self.body.computed)]

    def _forward(self, carry, xs, points):
        # The body again, with the saved sums: what it returns, and what each product reads.
        memory = self.body.packed(_replaced(carry, self.states, points))
        x = _replaced(xs, self.xs, points)
        weights = _replaced(self.inputs.shared, self.shared, points)
        sums, operands = list(points), {}

        def tap(place, given, others, compute):
            operands.update({(place, j): a for j, a in enumerate(given)})
            return self.body.taps[place].known_sum(sums[place], given, self.ready[place], others)

        after, emitted = self.body.run(memory, x, weights, tap)
        return [value for value in [*flat(after), *emitted] if has_gradient(value)], operands


def _previous(first, emitted, start):
    # Reads the value of the timestep before; at the first timestep that is `first`.
    read = reader(emitted, axis=1)
    return lambda t: ops.where(start + t > 0, read(ops.maximum(start + t - 1, 0)), first)


def _replaced(values, places, new):
    # The values, with the next new ones at these places.
    result = list(values)
    for place in places:
        result[place] = next(new)
    return result
