"""What the outputs of a step are: logits or probabilities of tokens, or the numbers that it reads next.

Where nothing else says so, the step is run once and its outputs are looked at; the answer is kept.
"""

from collections.abc import Callable
from dataclasses import replace

import keras
import numpy as np
from keras import ops

from rshop.errors import message, shapes, told
from rshop.generation.feeding import Feeding, feeding_of
from rshop.generation.options import Options
from rshop.generation.program import kept_for
from rshop.generation.strategies import Own
from rshop.step.step import Step
from rshop.structure import agree, flat, shape_of


def read_outputs(rnn, options: Options, meant: bool | None, batch: int, first: Callable) -> tuple:
    """How tokens are fed back (None for values), and whether the outputs are logits (None for values).

    Args:
        rnn: the built layer.
        options: the checked options.
        meant: whether tokens are meant, None where only the outputs can say.
        batch: the number of samples.
        first: a function that returns the outputs of a first timestep, a flat list `(batch, ...)`.

    Raises:
        ValueError: outputs that are no distribution, or a strategy whose result cannot be fed back.
    """
    step, own = rnn.description, options.own
    if own is not None:
        chooses = kept_for(rnn, ("own", own, batch), lambda: _chooses_tokens(step, own, first()))
        meant = _agreed(meant, chooses, own)
    elif meant is None:
        meant = kept_for(rnn, "distribution", lambda: is_distribution(_fed_output(step, first())))
    if not meant:
        return None, None
    feeding = feeding_of(step)
    if not feeding.vocabulary:
        size = kept_for(rnn, "vocabulary", lambda: shape_of(first()[feeding.output])[-1])
        feeding = replace(feeding, vocabulary=size)
    return feeding, _from_logits(rnn, options.from_logits, feeding, first)


def is_distribution(y) -> bool:
    """Whether each row of an output holds probabilities of two tokens or more.

    Example:
        >>> is_distribution([[0.5, 0.5]]), is_distribution([[0.5, 0.7]])
        (True, False)
    """
    narrow = "16" in keras.backend.standardize_dtype(getattr(y, "dtype", "float32"))
    y = ops.convert_to_numpy(ops.cast(y, "float32"))
    if y.ndim != 2 or y.shape[-1] < 2:
        return False
    return bool((y >= 0).all() and (np.abs(y.sum(axis=-1) - 1) < (0.02 if narrow else 1e-4)).all())


def _fed_output(step, outputs):
    return outputs[step.wiring[0][0]]


def _from_logits(rnn, given, feeding: Feeding, first):
    if given is True:
        return True
    found = kept_for(rnn, ("distribution", feeding.output), lambda: is_distribution(first()[feeding.output]))
    if given is False and not found:
        raise ValueError(
            message(
                "The outputs are no distribution over the tokens.",
                received="from_logits=False, and outputs that are negative or do not sum to 1",
                expected="probabilities",
                fix="leave from_logits out, which takes them as logits; or end the step with a softmax",
            )
        )
    return not found


def _chooses_tokens(step: Step, own, outputs) -> bool:
    """Whether the result of a strategy is tokens `(batch,)`; else it has to be the next readout."""
    batch = shape_of(outputs[0])[0]
    generator = Own(step, own)
    result = generator(outputs, generator.generator.state)
    try:
        found = [ops.convert_to_tensor(part) for part in flat(result)]
    except Exception as error:  # noqa: BLE001  (a function of the caller's returns anything)
        raise _not_fed(step, own, told(result), batch) from error
    likes = flat(step.readouts)
    whole = [not keras.backend.is_float_dtype(part.dtype) and "int" in str(part.dtype) for part in found]
    if (
        len(found) == 1
        and whole[0]
        and shape_of(found[0]) == (batch,)
        and len(_fed_output(step, outputs).shape) == 2
    ):
        return True
    expected = [(batch, *like.shape[1:]) for like in likes]
    if len(found) != len(likes) or not all(map(agree, map(shape_of, found), expected)):
        raise _not_fed(step, own, f"a result of shapes {shapes(found)}", batch)
    return False


def _not_fed(step, own, received, batch):
    wanted = ", ".join(str((batch, *like.shape[1:])) for like in flat(step.readouts))
    return ValueError(
        message(
            "What the strategy returns cannot be fed back.",
            received=f"{received} from strategy={told(own)}",
            expected=f"tokens, whole numbers of shape {(batch,)}, or the next readout of shape {wanted}",
            fix="return a tensor of this shape",
        )
    )


def _agreed(meant, chooses, own):
    if meant is None or meant == chooses:
        return chooses
    kinds = {True: "tokens, whole numbers (batch,)", False: "the next readout"}
    raise ValueError(
        message(
            "The strategy returns something else than is generated.",
            received=f"{kinds[chooses]} from strategy={told(own)}",
            expected=kinds[meant],
            fix=f"tokens={chooses}, without options that only {'values' if chooses else 'tokens'} have",
        )
    )
