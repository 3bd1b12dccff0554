"""Wrapped cells for the laws that each wrapper keeps, of 4 units for 4 features; and a memory for them."""

import keras
import numpy as np

from rshop import GRUCell, LSTMCell, RNNCellFromModel, SimpleRNNCell, basic_cells
from rshop.attention import LocationAttention
from rshop.cells import (
    AttentionCell,
    ClockCell,
    HighwayCell,
    LayerNormCell,
    RecurrentDropoutCell,
    ResetCell,
    ResidualCell,
    VariationalDropoutCell,
    WeightDropCell,
    ZoneoutCell,
)
from tests.support.cells import draws, randomize

UNITS = 4
X = draws(3, 6, UNITS, seed=1)
#: Sample 1 has a gap, sample 2 ends early.
MASK = np.array([[1, 1, 1, 1, 1, 1], [1, 0, 1, 0, 1, 1], [1, 1, 1, 0, 0, 0]], bool)


def from_model():
    """`h = tanh(W x + U h)` as a model of one timestep."""
    x, h = keras.Input((UNITS,), name="x"), keras.Input((UNITS,), name="h_tm1")
    of_h = keras.layers.Dense(UNITS, use_bias=False, name="U")(h)
    z = keras.layers.Add(name="z")([keras.layers.Dense(UNITS, name="W")(x), of_h])
    n = keras.layers.Activation("tanh", name="h")(z)
    return RNNCellFromModel(keras.Model([x, h], [n, n]))


MEMORY = draws(3, 5, UNITS, seed=9)
#: Of the memory: all is there, a gap, and nothing.
PLACES = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 1, 0], [0, 0, 0, 0, 0]], bool)
RESETS = draws(3, 6, seed=4) > 0.6

#: Functions that make a cell to be wrapped.
INSIDE = {
    "lstm": lambda: LSTMCell(UNITS),
    "gru": lambda: GRUCell(UNITS),
    "simple": lambda: SimpleRNNCell(UNITS),
    "basic lstm": lambda: basic_cells.LSTMCell(UNITS),
    "keras lstm": lambda: keras.layers.LSTMCell(UNITS),
    "keras gru": lambda: keras.layers.GRUCell(UNITS),
    "model": from_model,
}
#: Functions that wrap a cell.
WRAPPERS = {
    "residual": ResidualCell,
    "highway": HighwayCell,
    "layer norm": LayerNormCell,
    "zoneout": lambda cell: ZoneoutCell(cell, 0.3, seed=1),
    "variational": lambda cell: VariationalDropoutCell(cell, 0.3, seed=1),
    "recurrent": lambda cell: RecurrentDropoutCell(cell, 0.3, seed=1),
    "weight drop": lambda cell: WeightDropCell(cell, 0.3, seed=1),
    "clock": lambda cell: ClockCell(cell, 2),
    "reset": ResetCell,
}
#: The wrappers that take a cell with a memory, and those that stand in one.
AROUND = [name for name in WRAPPERS if name not in ("variational", "layer norm")]
INSIDE_ATTENTION = [name for name in WRAPPERS if name != "reset"]
#: The cells that every wrapper is tried around in every law.
_USUAL = ("lstm", "keras gru", "model")


def every_wrapped() -> dict:
    """Name -> function that makes a wrapped cell: each wrapper around some cells, wrappers of wrappers."""
    made = {
        f"{name}({cell})": lambda wrap=wrap, make=INSIDE[cell]: wrap(make())
        for name, wrap in WRAPPERS.items()
        for cell in _USUAL
    }
    for name, wrap in WRAPPERS.items():
        made[f"{name}(residual(lstm))"] = lambda wrap=wrap: wrap(ResidualCell(LSTMCell(UNITS)))
        made[f"residual({name}(lstm))"] = lambda wrap=wrap: ResidualCell(wrap(LSTMCell(UNITS)))
    return made


def layer_of(cell, **options):
    """The cell as a built layer with random weights that returns sequences."""
    rnn = cell.get_layer(**{"return_sequences": True, **options})
    rnn(x_of(rnn))
    randomize(rnn)
    return rnn


def x_of(rnn, x=X):
    """What the layer is called with: `x`, and where it reads one a reset at some timesteps."""
    return x if rnn.cell.num_inputs == 1 else [x, x[..., 0] > 0.8]


def model_of(*rnns):
    """A Keras model of layers side by side, for any batch and length, with an output for each."""
    inputs = [keras.Input((None, UNITS)), keras.Input((None,), dtype="bool")][: rnns[0].cell.num_inputs]
    outputs = [rnn(inputs if len(inputs) > 1 else inputs[0]) for rnn in rnns]
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs[0] if len(rnns) == 1 else outputs)


def looking(attention=None, **how):
    """A cell that looks into the memory, with an alignment as long as that."""
    return AttentionCell(LSTMCell(UNITS), attention or LocationAttention(3, kernel_size=3), **how)


def layer_with_memory(cell, *memories, **options):
    """A built layer of a cell with every weight drawn."""
    rnn = cell.get_layer(return_sequences=True, **options)
    rnn(x_beside_memory(cell), constants=[*memories] or MEMORY)
    randomize(rnn)
    return rnn


def x_beside_memory(cell, x=X):
    return [x, RESETS] if isinstance(cell, ResetCell) else x
