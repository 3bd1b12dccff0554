"""Train models on one device and on two virtual processors, and print the largest difference of the weights.

A program of its own, `python -m tests.rshop.layers.on_two_devices`: the devices are made before anything
else runs.
"""

import json

import keras
import numpy as np
import tensorflow as tf
from keras import Input, layers, ops

from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential
from rshop.fast.loops import run_program
from rshop.seq2seq import CharacterTokenizer, LanguageModel

TIME, BATCH, BATCHES = 6, 8, 24


def stack(batch):
    rnn = RecurrentSequential()
    rnn.add(LSTMCell(5))
    rnn.add(GRUCell(4))
    x = Input((TIME, 3))
    return keras.Model(x, layers.Dense(2)(rnn(x)))


def own_step(batch):
    x_t, h_tm1 = Input((3,)), Input((4,))
    h = ops.tanh(layers.Dense(4)(x_t) + layers.Dense(4, use_bias=False)(h_tm1))
    x = Input((TIME, 3))
    return keras.Model(
        x, layers.Dense(2)(RecurrentModel(x_t, h, initial_states=[h_tm1], final_states=[h])(x))
    )


def forced_readout(batch):
    x_t, h_tm1, fed = Input((3,)), Input((4,)), Input((2,))
    h = ops.tanh(
        layers.Dense(4)(ops.concatenate([x_t, fed], axis=-1)) + layers.Dense(4, use_bias=False)(h_tm1)
    )
    step = {"initial_states": [h_tm1], "final_states": [h], "readout_input": fed}
    rnn = RecurrentModel(x_t, layers.Dense(2)(h), **step, teacher_force=True, return_sequences=True)
    x, truth = Input((TIME, 3)), Input((TIME, 2))
    return keras.Model([x, truth], rnn(x, ground_truth=truth))


def stateful(batch):
    x = Input(batch_shape=(batch, TIME, 3))
    return keras.Model(x, layers.Dense(2)(LSTMCell(4).get_layer(stateful=True)(x)))


class Counting(layers.Layer):
    """Counts its calls, and reads the count."""

    def build(self, shape):
        self.count = self.add_weight((), "zeros", trainable=False)

    def call(self, x):
        self.count.assign_add(1.0)
        return x / (1 + 0.01 * self.count)


def counting(batch):
    x_t, h_tm1 = Input((3,)), Input((3,))
    h = ops.tanh(Counting()(x_t) + layers.Dense(3)(h_tm1))
    x = Input((TIME, 3))
    return keras.Model(
        x, layers.Dense(2)(RecurrentModel(x_t, h, initial_states=[h_tm1], final_states=[h])(x))
    )


def trained(build, strategy, replicas):
    """The weights after an epoch that passes the moment at which XLA compiles the loop."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    with strategy.scope():
        model = build(BATCH // replicas)
        model.compile("sgd", "mse")
    x = rng.normal(size=(BATCHES * BATCH, TIME, 3)).astype("float32")
    time = (TIME,) if len(model.output.shape) == 3 else ()
    y = rng.normal(size=(len(x), *time, 2)).astype("float32")
    given = [x, y] if len(model.inputs) == 2 else x
    model.fit(given, y, batch_size=BATCH, verbose=0, shuffle=False)
    return model.get_weights()


def refused(strategy):
    """What `fit` and `evaluate` of a language model say, and what it says by itself."""
    text = "banana " * 20
    with strategy.scope():
        model = LanguageModel(4, CharacterTokenizer(text))
    said = {"text": model.generate("ban", 4), "perplexity": float(model.perplexity(text))}
    for name in ("fit", "evaluate"):
        try:
            getattr(model, name)(text, 5, batch_size=4)
        except ValueError as error:
            said[name] = str(error)
    return said


def main():
    assert BATCHES > run_program.COLD_CALLS
    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    two, one = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), tf.distribute.get_strategy()
    found = {}
    for build in (stack, own_step, forced_readout, stateful, counting):
        pairs = zip(trained(build, one, 1), trained(build, two, 2), strict=True)
        found[build.__name__] = max(float(np.abs(a - b).max()) for a, b in pairs)
    try:
        trained(lambda batch: stateful(BATCH), two, 2)
    except Exception as error:
        found["message"] = str(error)
    found["text"] = refused(two)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
