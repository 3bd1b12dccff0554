"""What an attention says to a call that does not fit."""

import keras
import numpy as np

from rshop.attention import (
    AdditiveAttention,
    DotAttention,
    GeneralAttention,
    LocationAttention,
    MultiHeadAttention,
    WindowAttention,
)
from tests.support.errors import check, named, ones

Q, M = ones(2, 4), ones(2, 5, 4)


def eyes(kind=DotAttention, *args):
    return kind(*args, name="eyes")


# fmt: off
CASES = {
    "memory of rank two": (lambda: eyes()(Q, ones(2, 4)), ["'eyes'", "(2, 4)", "return_sequences"]),
    "memory of rank four": (lambda: eyes(GeneralAttention)(Q, ones(2, 5, 4, 3)), ["'eyes'", "(2, 5, 4, 3)"]),
    "query with time": (lambda: eyes()(ones(2, 7, 4), M), ["'eyes'", "(2, 7, 4)", "query[:, t]"]),
    "unknown features": (lambda: eyes()(Q, keras.Input((5, None))), ["(None, 5, None)"]),
    "other batch": (lambda: eyes()(Q, ones(3, 5, 4)), ["(3, 5, 4)", "axis 0"]),
    "other features": (lambda: eyes()(Q, ones(2, 5, 3)), ["GeneralAttention", "4", "3"]),
    "mask of other length": (lambda: AdditiveAttention(3)(Q, M, ones(2, 4)), ["mask", "(2, 4)", "(2, 5)"]),
    "mask of rank three": (lambda: MultiHeadAttention(1, 2)(Q, M, ones(2, 5, 1)), ["mask", "(2, 5, 1)"]),
    "state of none": (lambda: eyes()(Q, M, state=ones(2, 5)), ["'eyes'", "WindowAttention"]),
    "other alignment": (lambda: LocationAttention(3)(Q, M, state=ones(2, 4)), ["alignment", "(2, 4)"]),
    "other centres": (lambda: eyes(WindowAttention, 3)(Q, M, state=ones(2, 2)), ["kappa", "(2, 2)"]),
    "no numbers": (lambda: eyes()("look", M), ["query", "'look'"]),
    "no memory": (lambda: eyes()(Q, None), ["memory", "None"]),
    "mask of words": (lambda: eyes()(Q, M, "all"), ["mask", "'all'"]),
    "no units": (lambda: AdditiveAttention(0), ["units=0"]),
    "half a head": (lambda: MultiHeadAttention(0.5, 3), ["num_heads=0.5"]),
    "no key": (lambda: MultiHeadAttention(2, 0), ["key_dim=0"]),
    "no value": (lambda: MultiHeadAttention(2, 3, value_dim=0), ["value_dim=0"]),
    "no size": (lambda: MultiHeadAttention(2, 3, units=0), ["units=0"]),
    "no filters": (lambda: LocationAttention(3, filters=0), ["filters=0"]),
    "no kernel": (lambda: LocationAttention(3, kernel_size=None), ["kernel_size=None"]),
    "no curves": (lambda: WindowAttention(-1), ["components=-1"]),
    "scale of two": (lambda: DotAttention(scale=2), ["scale=2"]),
    "bias of text": (lambda: AdditiveAttention(3, use_bias="yes"), ["use_bias='yes'"]),
    "normal of text": (lambda: WindowAttention(3, normalize="no"), ["normalize='no'"]),
}
# fmt: on


@named(CASES)
def test_a_wrong_call_says_what_came_what_was_due_and_the_fix(do, words):
    check(do, words)


def test_a_layer_that_refused_a_call_takes_the_next_one():
    layer = GeneralAttention()
    check(lambda: layer(Q, ones(2, 4)), ["memory"])
    assert not layer.built and layer.weights == []
    context, weights = layer(Q, M)
    assert np.shape(context) == (2, 4) and np.shape(weights) == (2, 5)
