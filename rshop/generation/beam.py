"""Beam search: the likeliest sequences side by side, and of their continuations the likeliest again."""

import math

from keras import KerasTensor, ops

from rshop.generation.probabilities import length_norm, likeliest_tokens, log_probabilities
from rshop.generation.strategies import Tokens, resting_samples


class Beams(Tokens):
    """The likeliest continuations of several sequences a sample, `(batch, width)` (Reddy, 1977).

    A sequence that has ended stays as it is, and keeps its place as long as no others are likelier. What is
    compared is the sum of the log-probabilities, divided as `length_norm` says. Takes and gives what `Tokens`
    does; samples of the step are `batch * width`, the beams of a sample beside each other.
    """

    def __init__(self, *args):
        super().__init__(*args)
        self.width = self.options.beam_width
        self.count = min(self.width, self.feeding.vocabulary)
        self.can_end = True  # also where no continuation is possible

    def emits(self, batch: int) -> list:
        """The tokens, the beams that they continue, the scores so far, whether they have ended."""
        shape = (batch, self.width)
        return [KerasTensor(shape, dtype) for dtype in ("int32", "int32", "float64", "bool")]

    def start(self, batch: int) -> dict:
        """One empty sequence a sample; the other beams are impossible."""
        first = ops.cast(ops.arange(self.width) == 0, "float64")
        none = ops.where(first > 0, ops.zeros_like(first), -math.inf * ops.ones_like(first))
        shape = (batch, self.width)
        return {
            "ended": ops.zeros(shape, "bool"),
            "rank": ops.broadcast_to(none, shape),
            "score": ops.broadcast_to(none, shape),
            "length": ops.zeros(shape, "int32"),
            **self.start_seen(batch * self.width),
        }

    def all_ended(self, state: dict):
        """Whether every possible beam has ended, a boolean tensor."""
        return ops.all(ops.logical_or(state["ended"], ops.isinf(state["rank"])))

    def __call__(self, state: dict, outputs: list, readouts: list, now: dict, numbers: dict) -> tuple:
        """One timestep; see `Tokens`."""
        gained, chosen, token = self._continuations(outputs[self.feeding.output], state, now, numbers)
        resting = resting_samples(state["ended"], now)
        moving = ops.cast(ops.logical_not(resting), "int32")
        rank = state["rank"][..., None] + self._or_stay(resting, chosen)
        length = state["length"] + moving
        compared = rank
        if self.options.length_penalty:
            compared = rank / length_norm(length, numbers["length_penalty"])[..., None]
        place = ops.cast(ops.top_k(self._flat(compared), self.width)[1], "int32")
        parent = place // self.count

        def of_parent(values):
            return ops.take_along_axis(values, parent, axis=1)

        def of_place(values):
            return ops.take_along_axis(self._flat(values), place, axis=1)

        resting, token, gained, rank = of_parent(resting), *map(of_place, (token, gained, rank))
        score = of_parent(state["score"]) + ops.where(resting, ops.zeros_like(gained), gained)
        after = {
            "ended": of_parent(state["ended"]),
            "rank": rank,
            "score": ops.where(ops.isinf(rank), rank, score),
            "length": of_parent(length),
        }
        tokens = ops.where(resting, numbers["pad"], token)
        if self.options.end_token is not None:
            ends = ops.logical_and(ops.logical_not(resting), token == numbers["end"])
            after["ended"] = ops.logical_or(after["ended"], ends)
        first = ops.arange(ops.shape(parent)[0], dtype="int32")[:, None] * self.width
        samples = ops.reshape(first + parent, (-1,))
        if self.penalised:
            seen = {"seen": ops.take(state["seen"], samples, axis=0)}
            after |= self.see(seen, ops.reshape(token, (-1,)), ops.logical_not(ops.reshape(resting, (-1,))))
        kept = [ops.take(value, samples, axis=0) for value in readouts]
        fed = self.feeding.put(kept, ops.reshape(tokens, (-1,)))
        return after, fed, samples, [tokens, parent, after["score"], after["ended"]]

    def _continuations(self, y, state, now, numbers):
        # The likeliest tokens of each beam: what they add to the scores and to the ranks, and which they are.
        # No sequence can be followed by more than `width` of the best.
        if self.is_limited:
            log_p = log_probabilities(y, self.from_logits)
            chosen, token = ops.top_k(self.shaped(log_p, state, now, numbers), self.count)
            gained = ops.take_along_axis(log_p, token, axis=-1)
        else:
            gained, token = likeliest_tokens(y, self.from_logits, self.count)
            chosen = gained
        found = gained, chosen, ops.cast(token, "int32")
        return [ops.reshape(values, (-1, self.width, self.count)) for values in found]

    def _flat(self, values):
        return ops.reshape(values, (-1, self.width * self.count))

    def _or_stay(self, resting, chosen):
        # A sequence that rests has one continuation, itself, at no cost.
        one = ops.arange(self.count) == 0
        stay = ops.where(one, ops.zeros((), "float64"), ops.convert_to_tensor(-math.inf, "float64"))
        return ops.where(resting[..., None], stay, chosen)
