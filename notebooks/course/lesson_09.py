"""Lesson 09, Turn a vector into a sequence: its predictions, its exercises and their answers."""

import keras
import numpy as np
from keras import Input, ops
from keras.layers import Dense, Dot

from rshop import GRUCell, RecurrentModel, RecurrentSequential

from .exercises import register_exercise
from .outcome import expect
from .predictions import register_prediction
from .properties import expect_layer

register_prediction(
    "09.shapes",
    {
        "outputs for c = 2 and three timesteps": (20, 40, 60),
        "x of shape (5, 8), a step with 3 outputs, output_length=4: shape of the outputs": (5, 4, 3),
        "the same with output_length=6 at the call": (5, 6, 3),
        "six timesteps need more weights than four": "no",
        "y = sum of the sequence + readout, sequence 1, 2, 3, three timesteps": (6, 12, 18),
    },
)
register_prediction(
    "09.race",
    {
        "numbers of three digits: which decoder writes more of them, state or vector": "vector",
        "numbers of one digit: the state decoder writes most of them too": "yes",
        "state decoder: influence of the vector seen at timestep 5 on the third word": 0,
    },
)


# Solutions. Each is also the source of its empty cell in the lesson.


def repeat(length, features):
    """A decoder without weights that says its vector at each timestep.

    (batch, features) -> (batch, length, features)
    """
    x = Input((features,), name="x")
    return RecurrentModel(x, 1 * x, decode=True, output_length=length)


def countdown(length):
    """A decoder without weights: from its first state down, by x at each timestep.

    x (batch, 1) and initial_state (batch, 1) -> (batch, length, 1). From 10 by 2: 8, 6, 4, ...
    """
    x = Input((1,), name="x")
    left_tm1 = Input((1,), name="left_tm1")
    left_t = left_tm1 - x
    return RecurrentModel(
        x, left_t, initial_states=left_tm1, final_states=left_t, decode=True, output_length=length
    )


def attend(query, memory, valid):
    """Weights of attention: query (batch, n), memory (batch, places, n), valid (batch, places) of True and
    False -> (batch, places). Positive, in sum 1, larger where the dot product is, and 0 where not valid."""
    scores = np.einsum("bn,bpn->bp", query, memory)
    scores = np.where(valid, scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def backwards(length, features):
    """A decoder without weights that sees a whole sequence at each timestep, and says it from its end:
    (batch, length, features) -> the same shape. From 1, 2, 3 it makes 3, 2, 1."""
    sequence = Input((length, features), name="sequence")
    said = Input((1,), name="said")  # how many timesteps have passed
    place = ops.cast(length - 1 - said[:, 0], "int32")
    item_t = Dot(axes=(1, 1))([ops.one_hot(place, length), sequence])
    return RecurrentModel(
        sequence, item_t, initial_states=said, final_states=said + 1, decode=True, output_length=length
    )


def write(encoder, decoder, x):
    """What a state decoder writes for x (batch, places, n), alone: (batch, time, letters).

    encoder(x) gives [memory, vector]; the decoder was trained to start from the vector.
    """
    _, vector = encoder(x)
    return decoder(vector, initial_state=vector)


# Plausible wrong answers.


def reads_a_sequence(length, features):
    x = Input((features,), name="x")
    return RecurrentModel(x, 1 * x, return_sequences=True)


def always_four(length, features):
    x = Input((features,), name="x")
    return RecurrentModel(x, 1 * x, decode=True, output_length=4)


def grows(length, features):
    x, readout = Input((features,), name="x"), Input((features,), name="readout")
    return RecurrentModel(x, x + readout, readout_input=readout, decode=True, output_length=length)


def counts_from_zero(length):
    x, readout = Input((1,)), Input((1,), name="readout")
    return RecurrentModel(x, readout - x, readout_input=readout, decode=True, output_length=length)


def counts_up(length):
    x, left = Input((1,)), Input((1,), name="left")
    return RecurrentModel(x, left + x, left, left + x, decode=True, output_length=length)


def says_the_old_one(length):
    x, left = Input((1,)), Input((1,), name="left")
    return RecurrentModel(x, 1 * left, left, left - x, decode=True, output_length=length)


def without_the_mask(query, memory, valid):
    return attend(query, memory, np.ones_like(valid))


def masked_afterwards(query, memory, valid):
    return attend(query, memory, np.ones_like(valid)) * valid


def masked_with_zero_scores(query, memory, valid):
    scores = np.where(valid, np.einsum("bn,bpn->bp", query, memory), 0)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def exp_of_large_scores(query, memory, valid):
    weights = np.exp(np.einsum("bn,bpn->bp", query, memory)) * valid
    return weights / weights.sum(axis=1, keepdims=True)


def softmax_over_the_batch(query, memory, valid):
    weights = np.exp(np.einsum("bn,bpn->bp", query, memory)) * valid
    return weights / weights.sum(axis=0, keepdims=True)


def _pick(length, features, place):
    sequence, said = Input((length, features), name="sequence"), Input((1,), name="said")
    weights = ops.one_hot(ops.cast(place(said[:, 0]), "int32"), length)
    item = Dot(axes=(1, 1))([weights, sequence])
    return RecurrentModel(sequence, item, said, said + 1, decode=True, output_length=length)


def forwards(length, features):
    return _pick(length, features, lambda said: said)


def begins_past_the_end(length, features):
    return _pick(length, features, lambda said: length - said)


def only_the_last(length, features):
    return _pick(length, features, lambda said: length - 1 + 0 * said)


def still_without_a_state(encoder, decoder, x):
    return decoder(encoder(x)[1])


def after_the_first_place(encoder, decoder, x):
    memory, vector = encoder(x)
    return decoder(vector, initial_state=memory[:, 0])


def the_mean_of_the_memory(encoder, decoder, x):
    memory, vector = encoder(x)
    return decoder(vector, initial_state=ops.mean(memory, axis=1))


# Checks: properties that every right answer has, on random numbers.


def _numbers(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def _decoder(layer):
    expect_layer(layer)
    expect(layer.decode, "The layer does not decode.")
    return layer


def _decoder_or_keras(layer):
    # Where no state is given at the call, a layer of Keras may do the same; it has no switch to look at.
    if hasattr(layer, "get_cell"):
        return _decoder(layer)
    expect(isinstance(layer, keras.layers.Layer), f"It returns a {type(layer).__name__}, not a layer.")
    return layer


def _expect_outputs(y, truth, words=""):
    expect(y.shape == truth.shape, f"The output has the shape {y.shape}{words}.")
    agrees = np.isclose(y, truth, atol=1e-4).all(axis=(0, 2))
    wrong_at = int(np.argmin(agrees))
    last = len(agrees) - 1
    expect(agrees.all(), f"The output is wrong at timestep {wrong_at} (of 0 to {last}){words}.")


def _expect_no_weights(layer):
    expect(layer.count_params() == 0, f"The layer has {layer.count_params()} weights.")


def check_repeat(make):
    """The vector at every timestep, for several sizes and lengths."""
    for length, n in [(3, 2), (7, 5)]:
        layer, x = _decoder_or_keras(make(length, n)), _numbers(4, n)
        y = np.asarray(layer(x))
        _expect_outputs(y, np.repeat(x[:, None], length, axis=1), f" for a vector of {n} numbers")
        _expect_no_weights(layer)
        if hasattr(layer, "get_cell"):
            longer = np.asarray(layer(x, output_length=length + 2)).shape
            expect(longer == (4, length + 2, n), f"With output_length={length + 2} the shape is {longer}.")


def check_countdown(make):
    """From any first state, by any step, for two lengths."""
    for length in (3, 6):
        layer, x, start = _decoder(make(length)), _numbers(4, 1), 5 * _numbers(4, 1, seed=2)
        expect(layer.num_states == 1, f"The step has {layer.num_states} states.")
        y = np.asarray(layer(x, initial_state=start))
        _expect_outputs(y, start[:, None] - np.arange(1, length + 1)[None, :, None] * x[:, None])
        _expect_no_weights(layer)


def check_attend(weigh):
    """Properties of the weights, on places that are valid in part."""
    for places in (2, 5):
        query, memory = _numbers(6, 3), _numbers(6, places, 3, seed=2)
        memory[-1] *= 3000  # scores whose exp is too large for a computer
        memory[4, 1:] = 3000 * query[4]  # far larger than the score of the one place that is valid
        valid = np.arange(places) < np.resize([1, places], 6)[:, None]
        with np.errstate(over="ignore", invalid="ignore"):
            weights = np.asarray(weigh(query.copy(), memory.copy(), valid.copy()))
        expect(weights.shape == (6, places), f"For {places} places the answer has the shape {weights.shape}.")
        expect(np.isfinite(weights).all(), "Large scores make weights that are no numbers.")
        expect((weights >= 0).all(), "A weight is negative.")
        expect(np.allclose(weights[~valid], 0, atol=1e-6), "A place that is not valid has a weight.")
        expect(np.allclose(weights.sum(axis=1), 1, atol=1e-5), "The weights of a sample do not add up to 1.")
        scores = (query[:, None] * memory).sum(axis=2)
        inner = valid[:5].all(axis=1)
        ratio = np.log(weights[:5][inner][:, :1] / weights[:5][inner])
        right = np.allclose(ratio, (scores[:5, :1] - scores[:5])[inner], atol=1e-3)
        expect(right, "The weights do not follow the dot products as softmax would have it.")


def check_backwards(make):
    """Any sequence, from its end, at every timestep."""
    for length, features in [(3, 1), (6, 4)]:
        layer, x = _decoder_or_keras(make(length, features)), _numbers(5, length, features)
        _expect_outputs(np.asarray(layer(x)), x[:, ::-1], f" for sequences of {length}")
        _expect_no_weights(layer)


def check_write(answer):
    """The same as the decoder from the encoder's last state; another start gives other letters."""
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        x_in = Input((3, 2))
        read = GRUCell(4).get_layer(return_sequences=True, return_states=True)(x_in)
        encoder = keras.Model(x_in, read)
        decoder = RecurrentSequential(readout="readout_only", decode=True, output_length=5)
        decoder.add(GRUCell(4))
        decoder.add(Dense(3, activation="softmax"))
        x = 2 * _numbers(6, 3, 2, seed=seed)
        vector = encoder(x)[1]
        right = np.asarray(decoder(vector, initial_state=vector))
        y = np.asarray(answer(encoder, decoder, x))
        expect(y.shape == right.shape, f"The output has the shape {y.shape}.")
        same = np.ptp(y, axis=0).max() < 1e-5
        expect(not same, "It writes the same for every sample.")
        expect(np.allclose(y, right, atol=1e-4), "It does not go on from what was read at the end.")


register_exercise(
    "09.repeat",
    repeat,
    check_repeat,
    hints=[
        "The step has an input and an output, no state and no readout. What does it do with its input?",
        "A step may hand on its input as it is, or 1 * x.",
        "Two options make it a decoder: decode=True and output_length.",
    ],
    wrong=[reads_a_sequence, always_four, grows],
)
register_exercise(
    "09.countdown",
    countdown,
    check_countdown,
    hints=[
        "What must be remembered is what is left: one state. x says how much is taken away.",
        "The new state is the old one minus x, and it is the output too.",
        "Where it starts is said at the call, with initial_state=; in the step it is a plain Input.",
    ],
    wrong=[counts_from_zero, counts_up, says_the_old_one],
)
register_exercise(
    "09.attend",
    attend,
    check_attend,
    hints=[
        "A dot product: multiply number by number, and add up. query[:, None] * memory fits in shape.",
        "softmax: exp of each score, divided by their sum. Over which axis?",
        "A score of minus infinity has the weight 0, if it is there before the sum. And exp of a large "
        "number is too large: subtract the largest score of the sample first.",
    ],
    wrong=[
        without_the_mask,
        masked_afterwards,
        masked_with_zero_scores,
        exp_of_large_scores,
        softmax_over_the_batch,
    ],
)
register_exercise(
    "09.backwards",
    backwards,
    check_backwards,
    hints=[
        "The step sees the whole sequence each time: Input((length, features)). Which part does it say?",
        "A state may count the timesteps: it starts at 0, and one is added each time.",
        "Attention by hand: weights that are 1 at one place and 0 elsewhere, ops.one_hot(place, length), "
        "and Dot(axes=(1, 1)) of the weights and the sequence. place is a whole number: ops.cast to 'int32'.",
    ],
    wrong=[forwards, begins_past_the_end, only_the_last],
)
register_exercise(
    "09.bug",
    write,
    check_write,
    hints=[
        "Every number gives the same text. So what did the decoder get to know about the number?",
        "In training the decoder was called with an argument that is missing here. Which?",
    ],
    wrong=[still_without_a_state, after_the_first_place, the_mean_of_the_memory],
)
