"""Sizes fixed, unknown or of 1: each way to write a step runs in every way, as a plain loop does."""

from contextlib import nullcontext
from dataclasses import dataclass

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers, ops

from rshop import RecurrentModel
from rshop.fast import switched

BATCH, TIME, FEATURES, UNITS = 6, 5, 3, 4


@dataclass(frozen=True)
class Form:
    """A way to write a step: which sizes its Inputs give."""

    batch: int | None = None
    time: int | None = TIME
    features: int = FEATURES
    units: int = UNITS
    samples: int = BATCH


FORMS = {
    "nothing fixed": Form(time=None),
    "batch fixed": Form(batch=BATCH, time=None),
    "time fixed": Form(),
    "both fixed": Form(batch=BATCH),
    "batch of one": Form(batch=1, samples=1),
    "batch of one, not fixed": Form(samples=1),
    "one timestep": Form(time=1),
    "one feature": Form(features=1),
    "one unit": Form(batch=BATCH, units=1),
    "one of everything": Form(batch=1, time=1, features=1, units=1, samples=1),
    "a batch that no core divides": Form(batch=5, samples=5),
}
BODIES = ("tanh", "gate", "constant", "readout")

every_form = pytest.mark.parametrize("form", FORMS)
every_body = pytest.mark.parametrize("body", BODIES)


def step_of(form, body):
    """`(inputs, output, state, next state, readout)` of one timestep."""
    x = Input(batch_shape=(form.batch, form.features))
    h = Input(batch_shape=(form.batch, form.units), name="h_tm1")
    r = Input(batch_shape=(form.batch, form.units), name="r") if body == "readout" else None
    z = layers.Dense(form.units)(x)
    if body == "gate":
        gate = ops.sigmoid(z)
        n = gate * layers.Dense(form.units, activation="tanh")(x) + (1 - gate) * h
    elif body == "constant":
        # Written with the batch where it is known, as programs for a fixed batch are.
        ones = ops.ones((form.batch or 1, form.units))
        n = ops.tanh(z + layers.Dense(form.units, use_bias=False)(h) + 0.1 * ones)
    else:
        n = ops.tanh(z + layers.Dense(form.units, use_bias=False)(h))
    return x, (n + 0.5 * r if r is not None else n), h, n, r


def network(form, body, **options):
    """`(model, layer)` over sequences."""
    keras.utils.set_random_seed(1)
    x, y, h, n, r = step_of(form, body)
    rnn = RecurrentModel(x, y, h, n, readout_input=r, **options)
    batch = form.samples if options.get("stateful") else form.batch
    sequence = Input(batch_shape=(batch, form.time, form.features))
    return keras.Model(sequence, rnn(sequence)), rnn


def data(form, sequences=False):
    """Inputs and targets of two batches."""
    rng = np.random.default_rng(0)
    length = TIME if form.time is None else form.time
    x = rng.normal(size=(2 * form.samples, length, form.features)).astype("float32")
    shape = (2 * form.samples, *((length,) if sequences else ()), form.units)
    return x, rng.normal(size=shape).astype("float32")


def by_hand(rnn, x, first=None):
    """All outputs `(batch, time, units)` and the last state, from the step's model in a plain Python loop."""
    x = tf.constant(x)
    h = tf.zeros((len(x), rnn.step.inputs[1].shape[-1])) if first is None else first
    y, outputs = tf.zeros_like(h), []
    for t in range(x.shape[1]):
        given = [x[:, t], h, y] if rnn.has_readout else [x[:, t], h]
        y, h = rnn.step(given)
        outputs.append(y)
    return tf.stack(outputs, axis=1), h


def sgd_by_hand(rnn, model, x, y, size, rate):
    """The loss of the epoch and the weights after it, by automatic differentiation of the plain loop."""
    weights, losses = rnn.trainable_weights, []
    for start in range(0, len(x), size):
        with tf.GradientTape() as tape:
            outputs, _ = by_hand(rnn, x[start : start + size])
            loss = tf.reduce_mean((outputs[:, -1] - y[start : start + size]) ** 2)
        losses.append(float(loss))
        grads = tape.gradient(loss, [w.value for w in weights])
        for w, g in zip(weights, grads, strict=True):
            w.assign(w - rate * g)
    return np.mean(losses), [w.numpy() for w in weights]


@pytest.mark.parametrize(
    "form, body, cores",
    [(form, body, "all") for form in FORMS for body in BODIES]
    + [(form, body, "one") for form in ("both fixed", "one of everything") for body in ("tanh", "readout")],
)
def test_a_batch_trains_as_the_plain_loop_does(form, body, cores):
    form = FORMS[form]
    x, y = data(form)
    model, rnn = network(form, body)
    first = model.get_weights()
    loss, weights = sgd_by_hand(rnn, model, x, y, form.samples, 0.1)
    model.set_weights(first)
    model.compile(keras.optimizers.SGD(0.1), "mse")
    with switched(split=False) if cores == "one" else nullcontext():
        history = model.fit(x, y, batch_size=form.samples, shuffle=False, verbose=0).history
    np.testing.assert_allclose(history["loss"][0], loss, rtol=1e-5)
    for found, wanted in zip(rnn.trainable_weights, weights, strict=True):
        np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize(
    "form, body, unroll",
    [(form, body, False) for form in FORMS for body in BODIES]
    # Unrolling needs the number of timesteps (law 9).
    + [(form, body, True) for form in FORMS if FORMS[form].time for body in ("tanh", "readout")],
)
def test_a_long_prediction_is_that_of_the_plain_loop(form, body, unroll):
    form = FORMS[form]
    x, _ = data(form)
    model, rnn = network(form, body, return_sequences=True, unroll=unroll)
    wanted = [by_hand(rnn, part)[0] for part in np.split(x, 2)]
    found = model.predict(x, batch_size=form.samples, verbose=0)
    np.testing.assert_allclose(found, np.concatenate(wanted), atol=1e-6)


@every_form
@every_body
def test_a_stateful_layer_goes_on_where_it_ended(form, body):
    form = FORMS[form]
    x, _ = data(form)
    model, rnn = network(form, body, stateful=True)
    if body == "readout":
        long = np.concatenate(np.split(x, 2), axis=1)
        wanted = by_hand(rnn, long)[0][:, -1]
    else:
        first, second = np.split(x, 2)
        wanted = by_hand(rnn, second, by_hand(rnn, first)[1])[0][:, -1]
    found = model.predict(x, batch_size=form.samples, verbose=0)
    np.testing.assert_allclose(found[form.samples :], wanted, atol=1e-6)


@every_form
@pytest.mark.parametrize("body", ["constant", "readout"])
def test_an_exported_model_gives_the_numbers_of_the_plain_loop(form, body, tmp_path):
    form = FORMS[form]
    x = data(form)[0][: form.samples]
    model, rnn = network(form, body)
    model.export(tmp_path / "model", verbose=False)
    again = tf.saved_model.load(tmp_path / "model")
    np.testing.assert_allclose(again.serve(x), by_hand(rnn, x)[0][:, -1], atol=1e-6)


def convolution(sizes, sequences):
    """`n = conv(x) + 0.5 h` on images of sizes that the step does not know; the first state is given."""
    x, h = Input((*sizes, 1)), Input((*sizes, 2), name="h")
    n = layers.Conv2D(2, 3, padding="same")(x) + 0.5 * h
    rnn = RecurrentModel(x, 2 * n, h, n, return_sequences=sequences)
    xs, first = Input((None, *sizes, 1)), Input((*sizes, 2))
    return keras.Model([xs, first], rnn(xs, initial_state=first)), rnn


@pytest.mark.parametrize("sizes", [(None, None), (4, None), (4, 5), (1, 1)])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_a_state_of_unknown_size_runs_trains_and_is_held(sizes, sequences, masked):
    """The last output alone too: what is held until an output counts has the size of that output."""
    model, rnn = convolution(sizes, sequences)
    here = [4 if n is None else n for n in sizes]
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, 3, *here, 1)).astype("float32")
    first = rng.normal(size=(2, *here, 2)).astype("float32")
    h, outputs = tf.constant(first), []
    for t in range(3):
        y, h = rnn.step([tf.constant(x[:, t]), h])
        outputs.append(y)
    if masked:
        mask = np.array([[True, True, False], [True, True, False]])
        found = rnn(x, initial_state=first, mask=mask)
        found = found[:, -1] if sequences else found
        np.testing.assert_allclose(found, outputs[1], atol=1e-6)
        return
    wanted = np.stack(outputs, axis=1) if sequences else outputs[-1]
    np.testing.assert_allclose(model.predict([x, first], verbose=0), wanted, atol=1e-6)
    np.testing.assert_allclose(rnn(x, initial_state=first), wanted, atol=1e-6)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    loss = model.fit([x, first], np.zeros_like(wanted), verbose=0).history["loss"][0]
    np.testing.assert_allclose(loss, np.mean(np.square(wanted)), rtol=1e-5)
