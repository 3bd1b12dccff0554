"""Beam search: the likeliest sequences side by side, and of their continuations the likeliest again."""

import math

from keras import KerasTensor, ops

from rshop.generation.probabilities import length_norm, log_probabilities
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
        log_p = log_probabilities(outputs[self.feeding.output], self.from_logits)
        shaped = self._apart(self.shaped(log_p, state, now, numbers))
        resting = resting_samples(state["ended"], now)
        moving = ops.cast(ops.logical_not(resting), "int32")
        rank = state["rank"][..., None] + self._or_stay(resting, shaped)
        length = state["length"] + moving
        compared = rank
        if self.options.length_penalty:
            compared = rank / length_norm(length, numbers["length_penalty"])[..., None]
        place = self._best(compared)
        parent, token = place // self.feeding.vocabulary, place % self.feeding.vocabulary

        def of_parent(values):
            return ops.take_along_axis(values, parent, axis=1)

        resting = of_parent(resting)
        gained = ops.take_along_axis(self._flat(self._apart(log_p)), place, axis=1)
        score = of_parent(state["score"]) + ops.where(resting, ops.zeros_like(gained), gained)
        rank = ops.take_along_axis(self._flat(rank), place, axis=1)
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

    def _apart(self, values):
        return ops.reshape(values, (-1, self.width, self.feeding.vocabulary))

    def _flat(self, values):
        return ops.reshape(values, (-1, self.width * self.feeding.vocabulary))

    def _or_stay(self, resting, shaped):
        # A sequence that rests has one continuation, itself, at no cost.
        one = ops.arange(self.feeding.vocabulary) == 0
        stay = ops.where(one, ops.zeros((), "float64"), ops.convert_to_tensor(-math.inf, "float64"))
        return ops.where(resting[..., None], stay, shaped)

    def _best(self, values):
        return ops.cast(ops.top_k(self._flat(values), self.width)[1], "int32")
