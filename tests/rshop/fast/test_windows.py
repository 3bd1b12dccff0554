"""Sequences of any length run in windows of one length: the same numbers, one program."""

import os
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from rshop import GRUCell, LSTMCell, RecurrentSequential
from rshop.fast import switched
from rshop.fast.loops import windows
from tests.rshop.fast.test_fast import KINDS, OFF, SIZE, assert_same, is_fast
from tests.support.steps_at_random import random_rnn

BATCH, WINDOW = 3, 4
TIMES = (1, 3, 4, 5, 8, 11)


@pytest.fixture(autouse=True)
def short_windows(monkeypatch):
    monkeypatch.setattr(windows, "WINDOW", WINDOW)


def values_and_gradients(rnn, signature, masked, training=True):
    """A graph for sequences of any length: outputs, and the gradients of all that it is given."""
    weights = [w.value for w in rnn.trainable_weights]

    @tf.function(input_signature=[signature, tf.TensorSpec((BATCH, None), tf.bool)], autograph=False)
    def both(given, mask):
        with tf.GradientTape() as tape:
            tape.watch(given)
            masks = [mask] * len(given["x"]) if masked else None
            y = keras.tree.flatten(rnn(**given, mask=masks, training=training))
            total = sum(tf.reduce_sum(tf.sin(value) * (i + 1)) for i, value in enumerate(y))
        return y, tape.gradient(total, [given, weights], unconnected_gradients="zero")

    return lambda given, mask: keras.tree.flatten(keras.tree.map_structure(np.asarray, both(given, mask)))


def given_to(rnn, time, rng):
    step, draw = rnn.description, lambda *shape: rng.normal(size=shape).astype("float32")
    given = {"x": [draw(BATCH, time, SIZE) for _ in step.inputs]}
    given |= {"constants": [draw(BATCH, SIZE) for _ in step.constants]} if step.constants else {}
    given |= {"initial_state": [draw(BATCH, SIZE) for _ in step.states]} if step.states else {}
    if step.readouts is not None:
        given["initial_readout"] = draw(BATCH, SIZE)
        given |= {"ground_truth": draw(BATCH, time, SIZE)} if rnn.teacher_force else {}
    return keras.tree.map_structure(tf.constant, given)


def any_length(value):
    return tf.TensorSpec((BATCH, *([None] if len(value.shape) == 3 else []), SIZE))


CASES = [(kind, 1, True) for kind in KINDS if kind != "decode"]


@pytest.mark.parametrize("kind, seed, training", [*CASES, ("plain", 2, True), ("masked", 2, False)])
def test_random_steps_give_the_numbers_of_the_plain_loop_at_any_length(kind, seed, training):
    rnn, *_ = random_rnn(40 + seed, **KINDS[kind])
    rng = np.random.default_rng(seed)
    first = given_to(rnn, 5, rng)
    rnn(**first, training=False)
    assert is_fast(rnn)
    signature = keras.tree.map_structure(any_length, first)
    runs = []
    for on in (OFF, {}):
        with switched(**on):
            runs.append(values_and_gradients(rnn, signature, "masked" in kind, training))
            runs[-1](first, np.ones((BATCH, 5), bool))
    plain, fast = runs
    for time in TIMES:
        given, mask = given_to(rnn, time, rng), rng.random((BATCH, time)) < 0.6
        assert_same(fast(given, mask), plain(given, mask))


@pytest.mark.parametrize("policy", ["float16", "mixed_bfloat16"])
def test_gradients_of_all_windows_are_summed_in_32_bits(policy):
    layer = GRUCell(8, dtype=policy).get_layer(dtype=policy)
    x = np.random.default_rng(0).normal(size=(2, 23, 3)).astype("float32")
    layer(x)
    found = []
    for on in (OFF, {}):
        with switched(**on):

            @tf.function(input_signature=[tf.TensorSpec((2, None, 3))], autograph=False)
            def gradients(x):
                weights = [w.value for w in layer.trainable_weights]
                with tf.GradientTape() as tape:
                    tape.watch(weights)
                    total = tf.reduce_sum(tf.cast(layer(x, training=True), "float32"))
                return tape.gradient(total, weights)

            found.append([np.asarray(tf.cast(g, "float32")) for g in gradients(tf.constant(x))])
    assert_same(*found, tolerance=2e-2)


def test_fit_on_changing_lengths_gives_the_losses_of_the_plain_loop():
    rng = np.random.default_rng(0)
    batches = [
        (rng.normal(size=(4, t, 3)).astype("float32"), rng.normal(size=(4, 1)).astype("float32"))
        for t in (3, 9, 4, 17, 1, 12)
    ]
    signature = (tf.TensorSpec((4, None, 3)), tf.TensorSpec((4, 1)))
    losses = []
    for on in (OFF, {"tiered": True}, {"tiered": False}):
        with switched(**on):
            keras.utils.set_random_seed(3)
            inputs = keras.Input((None, 3))
            stack = RecurrentSequential()
            stack.add(LSTMCell(5))
            stack.add(GRUCell(4))
            model = keras.Model(inputs, keras.layers.Dense(1)(stack(inputs)))
            model.compile("sgd", "mse")
            data = tf.data.Dataset.from_generator(lambda: iter(batches), output_signature=signature)
            history = model.fit(data.repeat(), epochs=4, steps_per_epoch=6, verbose=0, shuffle=False)
            losses.append(history.history["loss"])
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
    np.testing.assert_allclose(losses[2], losses[0], rtol=1e-4)


def test_a_sequence_of_no_timesteps_gives_the_first_state():
    layer = LSTMCell(4).get_layer(return_states=True)
    layer(np.ones((2, 3, 2), "float32"))
    start = [np.full((2, 4), value, "float32") for value in (0.5, -2.0)]

    @tf.function(input_signature=[tf.TensorSpec((2, None, 2))], autograph=False)
    def run(x):
        return layer(x, initial_state=start)

    with switched(tiered=False):
        _, *states = run(tf.zeros((2, 0, 2)))
    np.testing.assert_array_equal(states, start)


MANY_LENGTHS = """
import numpy as np, keras, tensorflow as tf
from rshop import LSTMCell

class Traced(keras.layers.Layer):
    times = 0
    def call(self, x):
        type(self).times += 1
        return x

rng = np.random.default_rng(0)
lengths = [int(t) for t in rng.permutation(np.arange(5, 120))] * 2
def batches():
    for time in lengths:
        yield rng.integers(1, 9, size=(4, time)).astype("int32"), np.ones((4, 1), "float32")

i = keras.Input((None,), dtype="int32")
e = Traced()(keras.layers.Embedding(9, 3, mask_zero=True)(i))
model = keras.Model(i, keras.layers.Dense(1)(LSTMCell(4).get_layer()(e)))
model.compile("sgd", "mse")
signature = tf.TensorSpec((4, None), tf.int32), tf.TensorSpec((4, 1))
Traced.times = 0
model.fit(tf.data.Dataset.from_generator(batches, output_signature=signature), verbose=0, shuffle=False)
print("traced", Traced.times)
"""


@pytest.mark.slow
def test_batches_of_115_lengths_compile_each_loop_once_and_trace_fit_twice():
    logs = {"TF_CPP_MIN_LOG_LEVEL": "0", "TF_CPP_VMODULE": "device_compiler=1"}
    environment = {**os.environ, **logs}
    done = subprocess.run(
        [sys.executable, "-c", MANY_LENGTHS], capture_output=True, text=True, env=environment, check=True
    )
    compiled = re.findall(r"Compilation of XLA executable .*#called: (\d+)", done.stderr)
    assert [int(number) for number in compiled] == [1, 2], "the forward loop and the backward loop"
    assert int(done.stdout.split()[-1]) <= 2
