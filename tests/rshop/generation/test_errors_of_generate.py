"""What cannot be generated: one clear line each, and nothing has changed."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from rshop import LSTMCell, RecurrentModel, RecurrentSequential, generate, stream
from tests.support.generation import TOKENS, new_token_model, token_model

RNN = token_model(seed=3)[0]

WRONG = {
    "unknown strategy": ({"strategy": "beem"}, "strategy='beem'.*'greedy', 'sample', 'beam'"),
    "strategy no text": ({"strategy": 3}, "This is no strategy. Received: strategy=3"),
    "a function of no output": ({"strategy": lambda: 1}, "This is no strategy"),
    "a mask of nothing": ({"mask": np.ones((1, 4), bool)}, "`mask` belongs to `x`"),
    "width 0": ({"strategy": "beam", "beam_width": 0}, "`beam_width`.*beam_width=0.*at least 1"),
    "length 0": ({"length": 0}, "`length`.*length=0.*at least 1"),
    "length a fraction": ({"length": 2.5}, "length=2.5"),
    "end token outside": ({"end_token": TOKENS}, "`end_token` is outside the vocabulary.*from 0 to 3"),
    "end token below": ({"end_token": -1}, "`end_token`.*end_token=-1"),
    "pad token outside": ({"pad_token": 7}, "`pad_token` is outside"),
    "forbidden outside": ({"forbidden": [1, 9]}, "`forbidden` is outside"),
    "all forbidden": ({"forbidden": range(TOKENS)}, "No token is left"),
    "nothing but the end": ({"forbidden": [0, 1, 2], "end_token": 3, "min_length": 1}, "No token is left"),
    "forbidden no list": ({"forbidden": 3}, "`forbidden` is a list"),
    "temperature 0": ({"strategy": "sample", "temperature": 0}, "`temperature`.*a number above 0"),
    "top_k 0": ({"strategy": "sample", "top_k": 0}, "`top_k`.*at least 1"),
    "top_p above 1": ({"strategy": "sample", "top_p": 1.5}, "`top_p`.*above 0 and at most 1"),
    "min_length without end": ({"min_length": 2}, "`min_length`.*no"),
    "length_penalty a text": ({"length_penalty": "long"}, "`length_penalty`"),
    "repetition_penalty 0": ({"repetition_penalty": 0.0}, "`repetition_penalty`"),
    "seed a fraction": ({"seed": 0.5}, "seed=0.5"),
    "batch 0": ({"batch": 0}, "`batch`"),
    "two batches": ({"batch": 3, "initial_state": np.zeros((2, 6))}, "batch=3, and 2 samples"),
    "prompt of fractions": ({"warm_up": np.array([0.5, 1.0]), "end_token": 0}, "not made of tokens"),
    "prompt outside": ({"warm_up": [1, 4]}, "`warm_up` is outside the vocabulary"),
    "prompt of rank 3": ({"warm_up": np.zeros((1, 2, 3), int), "end_token": 0}, "not made of tokens"),
    "first token outside": ({"initial_readout": 4, "tokens": True}, "`initial_readout` is outside"),
    "values with an end": ({"tokens": False, "strategy": "sample"}, "tokens=False"),
    "no probabilities": ({"from_logits": False}, "no distribution over the tokens"),
    "a function with top_k": ({"strategy": lambda y: y, "top_k": 3}, "`top_k` has no effect"),
    "a function of another shape": ({"strategy": lambda y: y[:, :2]}, r"cannot be fed back.*\(1, 4\)"),
    "a function of nothing": ({"strategy": lambda y: None}, "cannot be fed back"),
    "a function of values": ({"strategy": lambda y: y, "end_token": 0}, "something else than is generated"),
    "tokens outright no bool": ({"tokens": "yes"}, "`tokens` is on or off"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_named(case):
    given, text = WRONG[case]
    for call in (generate, stream):
        with pytest.raises((ValueError, TypeError), match=f"(?s){text}") as caught:
            call(RNN, **{"length": 4, **given})
        for word in ("Received:", "Expected:", "Fix:"):
            assert str(caught.value).count(word) == 1


def test_a_stream_knows_no_beams():
    with pytest.raises(ValueError, match="strategy='beam'"):
        stream(RNN, 4, strategy="beam")


def test_a_layer_without_readout_feeds_nothing_back():
    rnn = LSTMCell(4, input_dim=3).get_layer()
    with pytest.raises(ValueError, match="has no readout.*readout_input="):
        generate(rnn, 4, x=np.zeros((1, 4, 3), "float32"))


def test_an_output_of_another_rank_is_no_distribution():
    x, r = keras.Input((1,)), keras.Input((3, 3))
    rnn = RecurrentModel(x, layers.Dense(3)(r), readout_input=r, decode=True, output_length=2)
    with pytest.raises(ValueError, match=r"output.*shape \(None, 3, 3\).*\(batch, vocabulary\)"):
        generate(rnn, 3, strategy="sample")
    assert generate(rnn, 3).values.shape == (1, 3, 3, 3)


def test_of_several_readouts_none_is_that_of_tokens():
    x, a, b = keras.Input((1,)), keras.Input((2,)), keras.Input((3,))
    y = [layers.Dense(2)(a), layers.Dense(3)(b)]
    rnn = RecurrentModel(x, y, readout_input=[a, b], decode=True, output_length=2)
    with pytest.raises(ValueError, match="2 readouts that could be fed with tokens"):
        generate(rnn, 3, strategy="sample")


def test_whole_numbers_are_no_distribution():
    x, r = keras.Input((1,)), keras.Input((3,), dtype="int32")
    rnn = RecurrentModel(x, r + 1, readout_input=r, decode=True, output_length=2)
    with pytest.raises(ValueError, match="dtype int32.*logits or probabilities"):
        generate(rnn, 3, strategy="beam")
    np.testing.assert_array_equal(generate(rnn, 2).values, [[[1, 1, 1], [2, 2, 2]]])


def test_inputs_that_are_read_have_to_be_there_and_long_enough():
    rnn = RecurrentSequential(readout=True, return_sequences=True)
    rnn.add(layers.Dense(3))
    x = np.zeros((2, 5, 3), "float32")
    rnn(x)
    with pytest.raises(ValueError, match="reads an input at each timestep, and none was given"):
        generate(rnn, 4)
    with pytest.raises(ValueError, match="Expected: 6 timesteps"):
        generate(rnn, 6, x=x)
    with pytest.raises(ValueError, match="Expected: 6 timesteps"):
        generate(rnn, 3, x=x, warm_up=np.zeros((3, 3), "float32"))
    assert generate(rnn, 5, x=x).values.shape == (2, 5, 3)


@pytest.mark.parametrize("wrong", [None, "rnn", layers.LSTM(3), keras.Sequential([layers.Dense(2)])])
def test_what_is_no_recurrent_layer_cannot_generate(wrong):
    with pytest.raises(TypeError, match="Only a recurrent layer of rshop can generate. Received"):
        generate(wrong, 3)


def test_a_wrong_call_changes_nothing():
    rnn, _ = new_token_model(seed=3, stateful=True)
    rnn.reset_states(0.5)
    before = [np.array(v) for v in [*rnn.weights, *rnn.non_trainable_variables]]
    right = generate(rnn, 5, tokens=True)
    with pytest.raises(ValueError):
        generate(rnn, 5, strategy=lambda y: ops.zeros((7,)))
    with pytest.raises(ValueError, match="a batch of 2"):
        generate(rnn, 5, initial_state=np.zeros((3, 6)), tokens=True)
    for variable, value in zip([*rnn.weights, *rnn.non_trainable_variables], before, strict=True):
        np.testing.assert_array_equal(variable, value)
    np.testing.assert_array_equal(generate(rnn, 5, tokens=True).tokens, right.tokens)
