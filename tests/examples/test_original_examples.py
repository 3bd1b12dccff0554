"""Examples of the original library, each to a score that it does not reach with its point taken out."""

import keras
import numpy as np
from keras import Input, layers, ops

from rshop import RecurrentModel


def plant(with_readout):
    """Weights, bias and free-running error of a model of `o_t = -0.5 (o_{t-1} + u_t) + 7`."""
    keras.utils.set_random_seed(0)
    u, o, y = np.random.default_rng(0).normal(size=(64, 30, 1)).astype("float32"), 0.0, []
    for t in range(30):
        o = -0.5 * (o + u[:, t]) + 7
        y.append(o)
    y = np.stack(y, axis=1)
    u_t, before, dense = Input((1,)), Input((1,)), layers.Dense(1)
    sequences, truth = Input((30, 1)), Input((30, 1))
    if with_readout:
        o_t = dense(layers.Concatenate()([before, u_t]))
        rnn = RecurrentModel(u_t, o_t, readout_input=before, teacher_force=True, return_sequences=True)
        outputs = rnn(sequences, ground_truth=truth)
    else:
        rnn = RecurrentModel(u_t, dense(u_t), return_sequences=True)
        outputs = rnn(sequences)
    model = keras.Model([sequences, truth], outputs)
    model.compile(keras.optimizers.SGD(0.02, momentum=0.9), "mse")
    model.fit([u, y], y, batch_size=16, epochs=60, verbose=0)
    free = keras.ops.convert_to_numpy(rnn(u))
    return *dense.get_weights(), np.sqrt(np.mean((free - y) ** 2))


def test_a_plant_is_identified_to_one_percent():
    """Its output is read back: without that the state of the plant cannot be known."""
    weights, bias, error = plant(with_readout=True)
    np.testing.assert_allclose(weights.ravel(), [-0.5, -0.5], rtol=0.01)
    np.testing.assert_allclose(bias, [7.0], rtol=0.01)
    assert error < 0.02
    assert plant(with_readout=False)[-1] > 0.4


def adding(steps, rng, samples):
    """Numbers, two of them marked, and the sum of those two."""
    values, marks = rng.random((samples, steps)), np.zeros((samples, steps))
    for row in marks:
        row[rng.choice(steps, 2, replace=False)] = 1
    x = np.stack([values, marks], axis=-1)
    return x.astype("float32"), (values * marks).sum(axis=1, keepdims=True).astype("float32")


def recurrent_weighted_average(units, averages=True):
    """A layer of Ostmeyer & Cowell (2017): its state averages all it has seen, with learned weights."""
    x, states = (
        Input((2,)),
        [Input((units,), name=name) for name in ("h", "numerator", "denominator", "largest")],
    )
    h, numerator, denominator, largest = states
    seen = layers.Concatenate()([x, h]) if averages else x
    z = layers.Dense(units)(x) * layers.Dense(units, activation="tanh")(seen)
    if not averages:
        after = ops.tanh(z) + 0.0 * h
        return RecurrentModel(x, after, h, after)
    attention = layers.Dense(units, use_bias=False)(seen)
    highest = ops.maximum(largest, attention)
    old, new = ops.exp(largest - highest), ops.exp(attention - highest)
    numerator, denominator = numerator * old + z * new, denominator * old + new
    after = ops.tanh(numerator / denominator)
    return RecurrentModel(
        x,
        after,
        states,
        [after, numerator, denominator, highest],
        state_initializer=["zeros", "zeros", "zeros", keras.initializers.Constant(-30.0)],
    )


def error_of_adding(**options):
    """The mean squared error on new sums, and their variance."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = Input((20, 2))
    model = keras.Model(x, layers.Dense(1)(recurrent_weighted_average(24, **options)(x)))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    model.fit(*adding(20, rng, 3000), batch_size=100, epochs=8, verbose=0)
    x, y = adding(20, rng, 500)
    return model.evaluate(x, y, verbose=0), y.var()


def test_the_recurrent_weighted_average_adds_two_marked_numbers():
    error, variance = error_of_adding()
    assert error < 0.1 * variance
    error, variance = error_of_adding(averages=False)
    assert error > 0.8 * variance  # it knows the last timestep alone


def melodies(notes=6, steps=8, samples=64):
    """A code of key and first note, and the melody that the key makes of it: up or down the scale."""
    rng = np.random.default_rng(0)
    keys, now = rng.integers(0, 2, samples), rng.integers(0, notes, samples)
    code = np.concatenate([np.eye(2)[keys], np.eye(notes)[now]], axis=-1).astype("float32")
    melody = []
    for _ in range(steps):
        melody.append(now)
        now = (now + np.where(keys == 1, 1, -1)) % notes
    return code, np.stack(melody, axis=1)


def notes_right(with_readout):
    """The share of right notes of a decoder that plays alone, its likeliest note fed back."""
    keras.utils.set_random_seed(0)
    code, melody = melodies()
    played = np.eye(6, dtype="float32")[melody]
    z, before = Input((8,)), Input((), dtype="int32")
    heard = layers.Embedding(7, 8)(before)
    hidden = layers.Dense(48, activation="relu")(layers.Concatenate()([z, heard]) if with_readout else z)
    logits = layers.Dense(6)(hidden)
    options = {"readout_input": before, "teacher_force": True} if with_readout else {}
    rnn = RecurrentModel(z, logits, decode=True, output_length=8, **options)
    codes, truth = Input((8,)), Input((8,), dtype="int32")
    start = np.full(len(code), 6, "int32")  # no note yet
    first = Input((), dtype="int32")
    given = {"ground_truth": truth, "initial_readout": first} if with_readout else {}
    model = keras.Model([codes, truth, first], rnn(codes, **given))
    model.compile(keras.optimizers.Adam(0.02), keras.losses.CategoricalCrossentropy(from_logits=True))
    model.fit([code, melody, start], played, epochs=80, batch_size=64, verbose=0)
    alone = rnn(code, **({"initial_readout": start} if with_readout else {}))
    return float(np.mean(keras.ops.convert_to_numpy(alone).argmax(-1) == melody))


def test_a_decoder_that_hears_its_likeliest_note_plays_the_melody():
    """The decoder of a variational autoencoder of MIDI: without its own notes each timestep is the same."""
    assert notes_right(with_readout=True) > 0.95
    assert notes_right(with_readout=False) < 0.5
