"""Small sequentials: readout x forcing x decode x sync x initializer x nested x stateful x Keras cells.

`SEQUENTIALS[name]()` builds a `keras.Model` of 3 features and 4 timesteps.
"""

import keras
from keras import Input, layers

import rshop
from rshop import GRUCell, LSTMCell, RecurrentSequential, SimpleRNNCell


def stack(*kinds, **options):
    """A `RecurrentSequential`: `stack(LSTMCell, GRUCell)` has two cells of 3 units."""
    rnn = RecurrentSequential(return_sequences=True, **options)
    for kind in kinds:
        rnn.add(kind(3))
    return rnn


def over(rnn, shape=(4, 3), batch=None, truth=None):
    """The model `(batch, *shape) -> rnn`; `truth` timesteps of ground truth as a second input."""
    x = Input(batch_shape=(batch, *shape))
    if truth is None:
        return keras.Model(x, rnn(x))
    y = Input((truth, 3))
    return keras.Model([x, y], rnn(x, ground_truth=y))


def _nested(inner_sync=False, **options):
    """Two levels: a stack of two, as a cell, under another cell."""
    inner = stack(GRUCell, GRUCell, state_sync=inner_sync)
    outer = RecurrentSequential(return_sequences=True, **options)
    outer.add(inner.get_cell())
    outer.add(LSTMCell(3))
    return outer


SEQUENTIALS = {
    "cell_layer": lambda: over(LSTMCell(4, input_dim=3).get_layer(return_sequences=True)),
    "cell_layer_without_input_dim": lambda: over(GRUCell(4).get_layer()),
    "cell_options": lambda: over(
        SimpleRNNCell(4, activation="relu", use_bias=False, kernel_regularizer="l2").get_layer()
    ),
    "readable_cell": lambda: over(stack(rshop.basic_cells.LSTMCell)),
    "two_cells": lambda: over(stack(LSTMCell, GRUCell)),
    "cells_and_layers": lambda: over(stack(GRUCell, layers.Dense, SimpleRNNCell)),
    "sync": lambda: over(stack(LSTMCell, LSTMCell, state_sync=True)),
    "sync_readout_forcing": lambda: over(
        stack(LSTMCell, LSTMCell, state_sync=True, readout=True, teacher_force=True), truth=4
    ),
    "sync_decode_learned": lambda: over(
        stack(
            GRUCell,
            GRUCell,
            state_sync=True,
            decode=True,
            output_length=5,
            state_initializer="learned",
        ),
        (3,),
    ),
    "readout_add": lambda: over(stack(LSTMCell, readout="add")),
    "readout_mul_ones": lambda: over(stack(GRUCell, readout="mul", state_initializer="ones")),
    "readout_avg_learned": lambda: over(stack(LSTMCell, readout="avg", state_initializer="learned")),
    "readout_max_drawn": lambda: over(stack(LSTMCell, readout="max", state_initializer="random_normal")),
    "readout_concat_probability": lambda: over(
        stack(GRUCell, layers.Dense, readout="concat", teacher_force=0.5), truth=4
    ),
    "readout_only_decode": lambda: over(
        stack(LSTMCell, readout="readout_only", decode=True, output_length=5), (3,)
    ),
    "readout_layer_activation": lambda: over(
        stack(GRUCell, readout=layers.Subtract(), readout_activation="softmax")
    ),
    "forcing_schedule": lambda: over(
        stack(
            SimpleRNNCell,
            readout="add",
            teacher_force=keras.optimizers.schedules.ExponentialDecay(1.0, 10, 0.5),
            seed=3,
        ),
        truth=4,
    ),
    "forcing_variable": lambda: over(
        stack(SimpleRNNCell, readout="add", teacher_force=keras.Variable(0.5, trainable=False)),
        truth=4,
    ),
    "forcing_decode": lambda: over(
        stack(GRUCell, readout="add", teacher_force=True, decode=True, output_length=5),
        (3,),
        truth=5,
    ),
    "initializers_list": lambda: over(
        stack(
            LSTMCell,
            GRUCell,
            state_initializer=[keras.initializers.RandomUniform(seed=3), "learned"],
        )
    ),
    "initializer_object_without_a_seed": lambda: over(
        stack(GRUCell, state_initializer=keras.initializers.TruncatedNormal())
    ),
    "nested": lambda: over(_nested(readout=True, state_initializer="ones")),
    "nested_sync": lambda: over(_nested(state_sync=False, inner_sync=True)),
    "stateful": lambda: over(stack(LSTMCell, GRUCell, stateful=True), batch=2),
    "stateful_readout_learned": lambda: over(
        stack(GRUCell, stateful=True, readout="add", state_initializer="learned"), batch=2
    ),
    "keras_cells": lambda: over(stack(layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell)),
    "keras_cells_sync_readout": lambda: over(
        stack(layers.LSTMCell, LSTMCell, state_sync=True, readout="add")
    ),
    "keras_stacked_cells": lambda: over(
        stack(lambda n: layers.StackedRNNCells([layers.LSTMCell(n), layers.GRUCell(n)]))
    ),
    "keras_layer_for_its_cell": lambda: over(stack(layers.GRU, layers.LSTM)),
    "dropout": lambda: over(
        stack(
            lambda n: layers.LSTMCell(n, dropout=0.5, recurrent_dropout=0.5),
            lambda n: layers.Dropout(0.5),
        )
    ),
    "backwards_unrolled": lambda: over(stack(GRUCell, go_backwards=True, unroll=True)),
    "bidirectional": lambda: over(layers.Bidirectional(stack(LSTMCell), merge_mode="sum")),
    "variable_time": lambda: over(stack(LSTMCell), (None, 3)),
}
