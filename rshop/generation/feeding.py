"""How a step reads what was generated: the number of a token, a one-hot, or the values as they are."""

from dataclasses import dataclass

import keras
from keras import ops

from rshop.errors import describe, message
from rshop.step.step import Step
from rshop.structure import flat


@dataclass(frozen=True)
class Feeding:
    """A readout that tokens are fed into, and the output that they are chosen from.

    Example:
        >>> Feeding(readout=0, output=0, vocabulary=3, whole=False, dtype="float32")([2])
        [[0.0, 0.0, 1.0]]

    Attributes:
        readout, output: their places among those of the step.
        vocabulary: the number of tokens.
        whole: whether the step reads the number of the token; else it reads a one-hot.
        dtype: of the readout.
    """

    readout: int
    output: int
    vocabulary: int
    whole: bool
    dtype: str

    def __call__(self, tokens):
        """Tokens `(...)` as the step reads them: whole numbers `(...)`, or one-hots `(..., vocabulary)`."""
        return (
            ops.cast(tokens, self.dtype)
            if self.whole
            else ops.one_hot(tokens, self.vocabulary, dtype=self.dtype)
        )

    def put(self, readouts: list, tokens) -> list:
        """The readouts with the tokens in their place."""
        return [self(tokens) if i == self.readout else value for i, value in enumerate(readouts)]


def check_readout(rnn, step: Step):
    """Refuse a layer without a readout.

    Raises:
        ValueError: the step does not read its own last output.
    """
    if step.readouts is None:
        raise ValueError(
            message(
                f"The layer {rnn.name!r} has no readout: nothing that it generates could be fed back.",
                received=f"a {type(rnn).__name__} whose step does not read its own last output",
                expected="a readout, an Input of the step that is fed with the last output",
                fix="give readout_input= (RecurrentModel) or readout= (RecurrentSequential)",
            )
        )


def feeding_of(step: Step) -> Feeding:
    """How tokens are chosen and fed back in this step; the vocabulary is 0 where the step does not know it.

    Raises:
        ValueError: no readout for tokens, or outputs that are no distribution over tokens.
    """
    places = _token_readouts(step)
    if len(places) != 1:
        raise ValueError(
            message(
                f"The step has {len(places)} readouts that could be fed with tokens.",
                received=", ".join(describe("readout", t) for t in flat(step.readouts)),
                expected="one readout, or one alone of whole numbers without the last axis of its output",
                fix="feed one output back: readout_input=[r, None]",
            )
        )
    (place,) = places
    output, whole = step.wiring[place]
    y, readout = flat(step.outputs)[output], flat(step.readouts)[place]
    if len(y.shape) != 2 or not keras.backend.is_float_dtype(y.dtype):
        raise ValueError(
            message(
                "Tokens are chosen from a number for each of them, and this output has none.",
                received=f"{describe('output', y)} and dtype {y.dtype}",
                expected="logits or probabilities of shape (batch, vocabulary)",
                fix="return the output of a Dense layer as large as the vocabulary; for a readout of numbers "
                "use strategy='greedy', or a function of the output",
            )
        )
    return Feeding(place, output, y.shape[-1] or 0, whole, readout.dtype)


def takes_token_numbers(step: Step) -> bool:
    """Whether one readout alone is fed with the argmax of its output."""
    return [whole for _, whole in step.wiring].count(True) == 1


def _token_readouts(step):
    chosen = [i for i, (_, whole) in enumerate(step.wiring) if whole]
    return chosen or list(range(len(step.wiring)))
