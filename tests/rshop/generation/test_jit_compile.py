"""`jit_compile=True`: XLA compiles the loop, and generates what the references say, as the plain one does."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from rshop import GRUCell, RecurrentModel, RecurrentSequential, generate, stream
from rshop.cells import VariationalDropoutCell
from rshop.generation import SoftEmbedding
from tests.support.generation import KINDS, forced_scores, new_token_model, scores_until, token_model

COMPILED = {"jit_compile": True}
#: Options of every kind that changes what is traced.
WAYS = {
    "greedy": {},
    "sample": {"strategy": "sample", "seed": 4, "temperature": 1.5},
    "limited": {"strategy": "sample", "seed": 4, "top_k": 3, "top_p": 0.9, "forbidden": [2]},
    "penalty": {"strategy": "sample", "seed": 4, "repetition_penalty": 1.5, "warm_up": [1, 0, 3]},
    "end": {"strategy": "sample", "seed": 5, "end_token": 3, "min_length": 2, "pad_token": 1},
    "beam": {"strategy": "beam", "beam_width": 3},
    "beam to an end": {"strategy": "beam", "beam_width": 4, "end_token": 3, "length_penalty": 0.8},
    "beam with a prompt": {"strategy": "beam", "end_token": 0, "repetition_penalty": 1.2, "warm_up": [1, 2]},
}


def same(found, expected):
    """Check that two results are the same, but for the last bits of scores."""
    for name in ("tokens", "lengths", "beams", "beam_lengths", "values"):
        one, other = getattr(found, name), getattr(expected, name)
        if one is None or one.dtype.kind in "iu":
            np.testing.assert_array_equal(one, other)
        else:
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    for name in ("scores", "beam_scores"):
        if getattr(expected, name) is not None:
            np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_greedy_takes_the_likeliest_token_of_the_oracle(kind):
    rnn, oracle = token_model(kind, seed=3)
    h, token = oracle.first()
    expected, score = [], 0.0
    for _ in range(9):
        h, log_p = oracle.step(h, token)
        token = int(np.argmax(log_p))
        expected, score = [*expected, token], score + log_p[token]
    found = generate(rnn, 9, tokens=True, **COMPILED)
    assert found.tokens[0].tolist() == expected
    np.testing.assert_allclose(found.scores, [score], rtol=1e-5)


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_choose_finds_what_it_finds_without_xla(way):
    rnn, _ = token_model("number to logits", seed=3)
    given = {"batch": 3, "initial_readout": np.array([0, 1, 2]), **WAYS[way]}
    found = generate(rnn, 9, **given, **COMPILED)
    same(found, generate(rnn, 9, **given))
    if "warm_up" not in given and way.startswith("beam"):
        # The oracle of both: the tokens scored again by teacher forcing.
        log_p = forced_scores(rnn, found.tokens, initial_readout=given["initial_readout"])
        np.testing.assert_allclose(scores_until(log_p, found.lengths), found.scores, rtol=1e-5)
    elif not way.startswith("beam"):
        steps = found.lengths.max()
        said = np.stack(list(stream(rnn, 9, **given, **COMPILED)), axis=1)
        np.testing.assert_array_equal(said, found.tokens[:, :steps])


def test_values_are_fed_back_as_the_layer_itself_does():
    keras.utils.set_random_seed(5)
    rnn = RecurrentSequential(readout="readout_only", decode=True, output_length=6, teacher_force=True)
    rnn.add(GRUCell(7))
    rnn.add(layers.Dense(2, bias_initializer="normal"))
    first = np.random.default_rng(1).normal(size=(3, 2)).astype("float32")
    expected = np.asarray(rnn(np.zeros((3, 1), "float32"), initial_readout=first, output_length=9))
    found = generate(rnn, 9, initial_readout=first, **COMPILED)
    np.testing.assert_allclose(found.values, expected, atol=1e-6)
    series = np.random.default_rng(2).normal(size=(3, 40, 2)).astype("float32")
    same(generate(rnn, 5, warm_up=series, **COMPILED), generate(rnn, 5, warm_up=series))


def test_what_a_function_draws_has_its_distribution_and_depends_on_the_seed_alone():
    """XLA draws other numbers for the same seed, so they are not those of the plain loop."""
    x, r = keras.Input((1,)), keras.Input((1,))
    rnn = RecurrentModel(x, [0.5 * r + 1, 0 * r - 2.0], readout_input=[r, None], decode=True, output_length=3)

    def draw(outputs, seed):
        mean, log_scale = outputs
        return mean + ops.exp(log_scale) * keras.random.normal(ops.shape(mean), seed=seed)

    given = {"strategy": draw, "batch": 4000, "seed": 7, **COMPILED}
    values = generate(rnn, 3, **given).values[..., 0]
    noise = np.stack([values[:, 0] - 1, values[:, 1] - 0.5 * values[:, 0] - 1], axis=1) / np.exp(-2.0)
    assert np.abs(noise.mean(axis=0)).max() < 0.06 and np.abs(noise.std(axis=0) - 1).max() < 0.05
    assert abs(np.corrcoef(noise.T)[0, 1]) < 0.06
    np.testing.assert_allclose(generate(rnn, 3, **given).values[..., 0], values, rtol=1e-6)
    said = np.stack(list(stream(rnn, 3, **given)), axis=1)[..., 0]
    np.testing.assert_allclose(said, values, rtol=1e-5, atol=1e-6)
    assert np.abs(generate(rnn, 3, **{**given, "seed": 8}).values[..., 0] - values).max() > 0.1


def test_inputs_with_masks_give_the_same():
    keras.utils.set_random_seed(3)
    x, last = keras.Input((2,), name="x"), keras.Input((5,), name="last")
    h = keras.Input((4,), name="h")
    read = SoftEmbedding(4)(last)
    y, after = VariationalDropoutCell(GRUCell(4), 0.3)([ops.concatenate([x, read], axis=-1), h])
    rnn = RecurrentModel(x, layers.Dense(5)(y), h, after, readout_input=last, return_sequences=True)
    values = np.random.default_rng(0).normal(size=(3, 7, 2)).astype("float32")
    mask = np.array([[1] * 7, [1] * 5 + [0] * 2, [1, 0, 1, 0, 1, 0, 1]], bool)
    given = {"x": values, "mask": mask, "tokens": True, "pad_token": 0}
    found = generate(rnn, 7, **given, **COMPILED)
    same(found, generate(rnn, 7, **given))
    assert found.lengths.tolist() == [7, 5, 4]


class Counted(layers.Layer):
    """Passes its input on, and counts how often it is traced."""

    times = 0

    def call(self, x):
        Counted.times += 1
        return x


def test_lengths_of_one_room_share_a_compiled_loop_and_weights_are_those_of_now():
    x, r, h = keras.Input((1,)), keras.Input((2,)), keras.Input((3,))
    after = layers.Dense(3, activation="tanh")(layers.Concatenate()([Counted()(r), h]))
    y = layers.Dense(2)(after)
    rnn = RecurrentModel(x, y, h, after, r, decode=True, output_length=3)
    generate(rnn, 20, initial_readout=[[1.0, 2.0]], **COMPILED)
    traced = Counted.times
    for length in (1, 7, 32):
        rnn.set_weights([1.1 * value for value in rnn.get_weights()])
        found = generate(rnn, length, initial_readout=[[1.0, 2.0]], **COMPILED)
        assert found.values.shape == (1, length, 2)
    assert Counted.times - traced <= 3, "a step is looked at once a call, and not traced for each length"
    expected = rnn(np.zeros((1, 1), "float32"), initial_readout=[[1.0, 2.0]], output_length=32)
    np.testing.assert_allclose(found.values, expected, atol=1e-5)
    more = generate(rnn, 33, initial_readout=[[1.0, 2.0]], **COMPILED)
    np.testing.assert_allclose(more.values[:, :32], found.values, atol=1e-5)


def test_the_switch_is_checked():
    rnn, _ = new_token_model()
    with pytest.raises(TypeError, match="jit_compile"):
        generate(rnn, 3, jit_compile="yes")
