"""One table of small models, each with other options: what saving has to bring back.

`MODELS[name]()` builds a `keras.Model`. Features are 3, timesteps 4, and only public names of
`rshop` and Keras appear: a process that imports `rshop` alone can load every one.
"""

import keras
import numpy as np
from keras import Input, layers, ops

from rshop import GRUCell, LSTMCell, RecurrentModel, RNNCellFromModel, SimpleRNNCell
from tests.support.sequentials import SEQUENTIALS, over, stack

MODELS = dict(SEQUENTIALS)


def example(name, seed=7):
    """`(model, inputs)`: weights and inputs drawn by NumPy, so that no output is trivially zero."""
    model = MODELS[name]()
    rng = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    return model, [_values(tensor, rng) for tensor in model.inputs]


def _values(tensor, rng):
    shape = [2 if n is None else n for n in tensor.shape]
    if "int" in tensor.dtype:
        return rng.integers(0, 5, size=shape).astype(tensor.dtype)
    return rng.normal(size=shape).astype(tensor.dtype)


def model_of(build):
    MODELS[build.__name__] = build
    return build


def vector(name, size=3):
    return Input((size,), name=name)


@model_of
def step_by_hand():
    x, h = vector("x"), vector("h_tm1", 4)
    n = ops.tanh(layers.Dense(4, name="W")(x) + layers.Dense(4, use_bias=False, name="U")(h))
    return over(
        RecurrentModel(x, n, h, n, return_sequences=True, state_initializer={"h": "ones"}, name="mine")
    )


@model_of
def states_returned_and_given():
    x, h = vector("x"), vector("h")
    n = layers.Add()([layers.Dense(3)(x), 0.5 * h])
    xs, s = Input((4, 3)), Input((3,))
    rnn = RecurrentModel(x, 2 * n, h, n, return_states=True)
    return keras.Model([xs, s], rnn(xs, initial_state=[layers.Dense(3)(s)]))


@model_of
def readout_given_and_forced():
    x, r = vector("x"), vector("r")
    y = layers.Dense(3)(layers.Concatenate()([x, r]))
    rnn = RecurrentModel(x, y, readout_input=r, teacher_force=True, return_sequences=True)
    xs, first, truth = Input((4, 3)), Input((3,)), Input((4, 3))
    return keras.Model([xs, first, truth], rnn(xs, initial_readout=first, ground_truth=truth))


@model_of
def neither_state_nor_readout():
    x = vector("x")
    return over(RecurrentModel(x, layers.Dense(2)(x), return_sequences=True))


@model_of
def constants_beside_the_sequence():
    x, m, h = vector("x"), Input((5, 3), name="memory"), vector("h")
    seen = layers.Attention()([layers.Reshape((1, 3))(h), m])
    n = layers.Dense(3, activation="tanh")(layers.Concatenate()([x, layers.Flatten()(seen)]))
    rnn = RecurrentModel(x, n, h, n, constants=m, return_sequences=True)
    xs, memory = Input((4, 3)), Input((5, 3))
    return keras.Model([xs, memory], rnn(xs, constants=memory))


@model_of
def lists_of_inputs_and_outputs():
    a, b, h = vector("a"), vector("b", 2), vector("h")
    n = layers.Dense(3)(a) + layers.Dense(3)(b) + 0.1 * h
    rnn = RecurrentModel([a, b], [n, layers.Dense(2)(n)], h, n, return_sequences=True, return_states=True)
    xs = [Input((4, 3)), Input((4, 2))]
    return keras.Model(xs, rnn(xs))


@model_of
def dicts_of_inputs_outputs_and_readouts():
    a, b = vector("a"), vector("b", 2)
    echo = {"up": vector("r_up"), "down": vector("r_down", 2)}
    up = layers.Dense(3)(a) + 0.5 * echo["up"]
    down = layers.Dense(2)(b) - 0.5 * echo["down"]
    rnn = RecurrentModel(
        {"a": a, "b": b}, {"up": up, "down": down}, readout_input=echo, return_sequences=True
    )
    xs, ys = Input((4, 3)), Input((4, 2))
    return keras.Model([xs, ys], rnn({"a": xs, "b": ys}))


@model_of
def greedy_ids_read_out():
    x, i = vector("x"), Input((), dtype="int32", name="i")
    y = layers.Dense(5)(x + layers.Embedding(5, 3)(i))
    return over(RecurrentModel(x, y, readout_input=i, return_sequences=True))


@model_of
def masked_ids_embedded_inside_and_outside():
    e, i, h = vector("e"), Input((), dtype="int32", name="i"), vector("h")
    n = e + layers.Embedding(5, 3)(i) + 0.5 * h
    rnn = RecurrentModel([e, i], n, h, n, return_sequences=True, zero_output_for_mask=True)
    ids = Input((4,), dtype="int32")
    return keras.Model(ids, rnn([layers.Embedding(5, 3, mask_zero=True)(ids), ids]))


@model_of
def cells_in_a_functional_step():
    x, h, c, g = vector("x"), vector("h"), vector("c"), vector("g")
    inner = RNNCellFromModel(stack(LSTMCell, layers.Dense))
    y, h1, c1 = inner([x, h, c])
    z, (g1,) = layers.GRUCell(3)(y, [g])
    return over(RecurrentModel(x, z, [h, c, g], [h1, c1, g1], return_sequences=True))


@model_of
def cell_from_a_keras_model():
    x, h = vector("x"), vector("h")
    n = layers.Dense(3, activation="tanh")(x + h)
    cell = RNNCellFromModel(keras.Model([x, h], [2 * n, n]))
    return over(cell.get_layer(return_sequences=True, return_states=True))


@model_of
def sequence_inside_a_step():
    words, h = Input((4, 3), name="words"), vector("h")
    n = stack(GRUCell)(words)[:, -1] + layers.LSTM(3)(words) + 0.5 * h
    return over(RecurrentModel(words, n, h, n, return_sequences=True), (2, 4, 3))


@model_of
def images_with_statistics():
    x, h = Input((4, 4, 1), name="x"), Input((4, 4, 2), name="h")
    n = layers.BatchNormalization()(layers.Conv2D(2, 3, padding="same")(layers.Concatenate()([x, h])))
    return over(RecurrentModel(x, n, h, n, state_initializer="learned"), (4, 4, 4, 1))


@model_of
def one_layer_used_twice():
    rnn, x = stack(SimpleRNNCell), Input((4, 3))
    return keras.Model(x, rnn(rnn(x)))


@model_of
def constants_of_many_ranks_with_decode():
    x, label, image, r = (
        vector("x"),
        vector("label", 2),
        Input((2, 2, 1), name="image"),
        vector("r"),
    )
    y = layers.Dense(3)(layers.Concatenate()([x, label, layers.Flatten()(image), r]))
    rnn = RecurrentModel(
        x,
        y,
        readout_input=r,
        constants={"label": label, "image": image},
        decode=True,
        output_length=3,
    )
    v, a, b = Input((3,)), Input((2,)), Input((2, 2, 1))
    return keras.Model([v, a, b], rnn(v, constants={"label": a, "image": b}))
