"""Values that are fed back, known inputs, masks and carried states: compared with calls of the layer."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from rshop import GRUCell, RecurrentModel, RecurrentSequential, generate, stream
from tests.support.generation import TOKENS, new_token_model, token_model


def forecaster(features=2, **options):
    """`y = Dense(GRU(readout))`, a closed loop."""
    keras.utils.set_random_seed(5)
    given = {"readout": "readout_only", "decode": True, "output_length": 6, "teacher_force": True, **options}
    rnn = RecurrentSequential(**given)
    rnn.add(GRUCell(7))
    rnn.add(layers.Dense(features, kernel_initializer="orthogonal", bias_initializer="normal"))
    rnn(np.zeros((1, 1) if rnn.decode else (1, 6, features), "float32"))
    return rnn


@pytest.mark.parametrize("features", [1, 2])
def test_a_readout_of_numbers_generates_what_the_layer_says_running_free(features):
    rnn = forecaster(features)
    states = np.random.default_rng(0).normal(size=(3, 7)).astype("float32")
    first = np.random.default_rng(1).normal(size=(3, features)).astype("float32")
    call = {"initial_state": states, "initial_readout": first}
    expected = np.asarray(rnn(np.zeros((3, 1), "float32"), **call, output_length=9))
    found = generate(rnn, 9, **call)
    np.testing.assert_allclose(found.values, expected, atol=1e-6)
    assert found.tokens is None and found.scores is None and found.lengths.tolist() == [9] * 3
    np.testing.assert_allclose(np.stack(list(stream(rnn, 9, **call)), 1), expected, atol=1e-6)
    (alone, *_) = stream(rnn, 2)
    assert alone.shape == (features,)


@pytest.mark.parametrize("time", [1, 4, 5])
def test_a_prompt_of_values_is_read_first(time):
    rnn = forecaster()
    series = np.random.default_rng(2).normal(size=(3, time, 2)).astype("float32")
    # The layer itself reads the prompt as truth, and says one value more.
    zeros = np.zeros((3, 1), "float32")
    truth = np.concatenate([series, np.zeros((3, 1, 2), "float32")], axis=1)
    following = np.asarray(rnn(zeros, ground_truth=truth, training=True, output_length=time + 1))[:, -1]
    expected = [following]
    for _ in range(3):
        truth = np.concatenate([truth[:, :-1], expected[-1][:, None], truth[:, -1:]], axis=1)
        y = rnn(zeros, ground_truth=truth, training=True, output_length=truth.shape[1])
        expected.append(np.asarray(y)[:, -1])
    found = generate(rnn, 4, warm_up=series)
    np.testing.assert_allclose(found.values, np.stack(expected, 1), atol=1e-5)
    np.testing.assert_allclose(generate(rnn, 4, warm_up=series[0]).values[0], found.values[0], atol=1e-6)


def test_states_and_readouts_of_any_rank_are_fed_back():
    keras.utils.set_random_seed(1)
    x, h, r = keras.Input((1,)), keras.Input((4, 4, 3), name="h"), keras.Input((4, 4, 2))
    n = ops.tanh(layers.Conv2D(3, 3, padding="same")(r) + layers.Conv2D(3, 3, padding="same")(h))
    y = layers.Conv2D(2, 1, bias_initializer="normal")(n)
    rnn = RecurrentModel(x, y, h, n, r, decode=True, output_length=5)
    first = np.random.default_rng(0).normal(size=(2, 4, 4, 2)).astype("float32")
    expected = np.asarray(rnn(np.zeros((2, 1), "float32"), initial_readout=first))
    np.testing.assert_allclose(generate(rnn, 5, initial_readout=first).values, expected, atol=1e-6)
    assert np.abs(expected).max() > 0.1


def test_several_readouts_come_in_their_structure():
    x, a, b = keras.Input((1,)), keras.Input((2,)), keras.Input((3,))
    y = {"a": 0.5 * a + 1.0, "b": ops.concatenate([a, b[:, :1]], axis=-1) - 1.0}
    rnn = RecurrentModel(x, y, readout_input={"a": a, "b": b}, decode=True, output_length=4)
    expected = rnn(np.zeros((2, 1), "float32"))
    found = generate(rnn, 4, batch=2).values
    for key in "ab":
        np.testing.assert_allclose(found[key], expected[key], atol=1e-6)
    np.testing.assert_allclose(
        np.stack([v["b"] for v in stream(rnn, 4, batch=2)], 1), expected["b"], atol=1e-6
    )


def test_an_output_of_which_another_is_fed_back_is_sampled_by_a_function():
    """A mixture: the outputs are a value to read and the parameters of two Gaussians, one is drawn."""
    keras.utils.set_random_seed(2)
    x, r, h = keras.Input((1,)), keras.Input((1,)), keras.Input((4,))
    n = layers.Dense(4, activation="tanh")(layers.Concatenate()([r, h]))
    parameters = layers.Dense(4, name="mixture", bias_initializer="normal")(n)
    mean = layers.Dense(1)(n)
    rnn = RecurrentModel(x, [mean, parameters], h, n, [r, None], decode=True, output_length=3)

    def draw(outputs, seed):
        logit, _, left, right = ops.split(outputs[1], 4, axis=-1)
        batch = ops.shape(logit)
        right_one = keras.random.uniform(batch, seed=seed) < ops.sigmoid(logit)
        noise = keras.random.normal(batch, seed=seed) * 0.1
        return ops.where(right_one, right + 5.0, left - 5.0) + noise

    found = generate(rnn, 6, strategy=draw, seed=1, batch=2000)
    assert found.values.shape == (2000, 6, 1)
    np.testing.assert_array_equal(found.values, generate(rnn, 6, strategy=draw, seed=1, batch=2000).values)
    streamed = np.stack(list(stream(rnn, 6, strategy=draw, seed=1, batch=2000)), 1)
    np.testing.assert_allclose(streamed, found.values, atol=1e-5)
    # The first timestep reads zeros, so its mixture is known.
    logit, _, left, right = np.asarray(rnn(np.zeros((1, 1), "float32"))[1])[0, 0]
    first = found.values[:, 0, 0]
    p = 1 / (1 + np.exp(-logit))
    assert abs((first > 0).mean() - p) < 4 * np.sqrt(p * (1 - p) / 2000)
    for part, centre in ((first[first > 0], right + 5), (first[first < 0], left - 5)):
        assert abs(part.mean() - centre) < 4 * 0.1 / np.sqrt(len(part))
        assert abs(part.std() - 0.1) < 0.02
    assert (found.values[:, 1] != found.values[:, 2]).any()


def test_a_function_may_choose_tokens_which_are_scored():
    rnn, _ = token_model(seed=3)

    def last_but_one(y):
        return ops.argsort(y, axis=-1)[:, -2]

    found = generate(rnn, 7, strategy=last_but_one, batch=2)
    second = generate(
        rnn, 1, strategy="sample", forbidden=[generate(rnn, 1, tokens=True).tokens[0, 0]], top_k=1
    )
    assert found.tokens[0, 0] == second.tokens[0, 0]
    np.testing.assert_allclose(generate(rnn, 1, strategy=last_but_one).scores, second.scores, rtol=1e-6)
    ended = generate(rnn, 7, strategy=last_but_one, end_token=int(found.tokens[0, 0]))
    assert ended.lengths.tolist() == [1]


def test_inputs_of_each_timestep_are_read_after_those_of_the_prompt():
    keras.utils.set_random_seed(3)
    x, r, h = keras.Input((2,)), keras.Input((), dtype="int32"), keras.Input((5,))
    seen = layers.Embedding(TOKENS, 5, embeddings_initializer="orthogonal")(r)
    n = ops.tanh(seen + 2.0 * layers.Dense(5)(x) + layers.Dense(5, use_bias=False)(h))
    y = layers.Dense(TOKENS, kernel_initializer="orthogonal")(n)
    rnn = RecurrentModel(x, y, h, n, r, return_sequences=True, teacher_force=True)
    series = np.random.default_rng(0).normal(size=(3, 12, 2)).astype("float32")
    free = np.asarray(rnn(series)).argmax(-1)
    np.testing.assert_array_equal(generate(rnn, 12, x=series).tokens, free)
    np.testing.assert_array_equal(generate(rnn, 8, x=series, warm_up=free[:, :4]).tokens, free[:, 4:])
    streamed = np.stack(list(stream(rnn, 8, x=series, warm_up=free[:, :4])), 1)
    np.testing.assert_array_equal(streamed, free[:, 4:])
    beams = generate(rnn, 12, x=series, strategy="beam", beam_width=4)
    for i in range(4):
        y = np.asarray(rnn(series, ground_truth=beams.beams[:, i], training=True))
        log_p = np.asarray(ops.log_softmax(y))
        again = np.take_along_axis(log_p, beams.beams[:, i, :, None], axis=-1).sum((1, 2))
        np.testing.assert_allclose(beams.beam_scores[:, i], again, rtol=1e-5)
    # A masked timestep changes nothing, so the tokens after it are those of the shorter series.
    mask = np.ones((3, 12), bool)
    mask[0, 9:] = mask[1, 4:6] = False
    found = generate(rnn, 12, x=series, mask=mask, pad_token=3)
    assert found.tokens[0].tolist() == [*free[0, :9], 3, 3, 3]
    shorter = np.delete(series[1:2], [4, 5], axis=1)
    without = np.asarray(rnn(shorter)).argmax(-1)[0]
    assert found.tokens[1].tolist() == [*without[:4], 3, 3, *without[4:]]
    assert found.tokens[2].tolist() == free[2].tolist()
    assert found.lengths.tolist() == [9, 10, 12]
    beam = generate(rnn, 12, x=series, mask=mask, pad_token=3, strategy="beam", beam_width=1)
    np.testing.assert_array_equal(beam.tokens, found.tokens)
    np.testing.assert_allclose(beam.scores, found.scores)


def test_a_mask_of_numbers_holds_the_value():
    rnn = forecaster(decode=False, return_sequences=True)
    x, mask = np.zeros((1, 5, 2), "float32"), np.array([[1, 1, 0, 1, 1]], bool)
    expected = np.asarray(rnn(x, mask=mask))
    np.testing.assert_allclose(generate(rnn, 5, x=x, mask=mask).values, expected, atol=1e-6)


@pytest.mark.parametrize("strategy", ["greedy", "sample", "beam"])
def test_a_stateful_layer_goes_on_where_it_was_and_stays_as_it_was(strategy):
    rnn, _ = new_token_model(seed=3, stateful=True)
    plain, _ = token_model(seed=3)
    rng = np.random.default_rng(0)
    rnn.reset_states({"h": rng.normal(size=(2, 6))})
    rnn(np.zeros((2, 1), "float32"))
    before = [np.array(v) for v in rnn.non_trainable_variables]
    found = generate(rnn, 6, strategy=strategy, tokens=True, seed=0)
    assert found.tokens.shape == (2, 6)
    for variable, value in zip(rnn.non_trainable_variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    states, readouts = (np.array(v[0]) for v in (rnn.carried.states, rnn.carried.readouts))
    again = generate(
        plain, 6, strategy=strategy, tokens=True, seed=0, initial_state=states, initial_readout=readouts
    )
    np.testing.assert_array_equal(found.tokens, again.tokens)
