"""Small models at random, for saving: `random_model(seed)` is the same for the same seed.

3 features, 4 timesteps. Names are given or made up by Keras, parts are those of `rshop`, of Keras, and
a user's own.
"""

import keras
import numpy as np
from keras import Input, layers, ops

import rshop
from rshop import (
    GRUCell,
    LSTMCell,
    RecurrentModel,
    RecurrentSequential,
    RNNCell,
    RNNCellFromModel,
    SimpleRNNCell,
)
from tests.support.random_parts import HeldInside, Leaky, Scale, mixed, squashed

FEATURES, TIME, BATCH = 3, 4, 2
#: Names that rshop's own parts, or Keras's made-up ones, could bear too.
NAMES = ["x", "readout", "activation", "add", "softmax", "concatenate", "cast", "h", "step", "input_layer"]
CELLS = [
    lambda n, **k: LSTMCell(n, **k),
    lambda n, **k: GRUCell(n, **k),
    lambda n, **k: SimpleRNNCell(n, activation=squashed, **k),
    lambda n, **k: GRUCell(n, reset_after=False, dropout=0.2, **k),
    lambda n, **k: rshop.basic_cells.GRUCell(n, **k),
    lambda n, **k: Leaky(n, leak=0.25, **k),
    lambda n, **k: HeldInside(n, **k),
    lambda n, **k: layers.LSTMCell(n, **k),
    lambda n, **k: layers.GRUCell(n, recurrent_dropout=0.2, **k),
    lambda n, **k: layers.StackedRNNCells([layers.GRUCell(n), layers.LSTMCell(n)], **k),
    lambda n, **k: layers.SimpleRNN(n, **k),
]
LAYERS = [
    lambda n, **k: layers.Dense(n, **k),
    lambda n, **k: layers.Activation("relu", **k),
    lambda n, **k: layers.Softmax(**k),
    lambda n, **k: layers.LayerNormalization(**k),
    lambda n, **k: layers.BatchNormalization(**k),
    lambda n, **k: layers.Dropout(0.3, **k),
    lambda n, **k: Scale(**k),
]
KINDS = ["stack", "stack", "stack", "by_hand", "cell_layer", "from_model", "two", "both", "mixed"]
READOUTS = ["add", "mul", "avg", "max", "concat", "readout_only", "layer", "function"]


class Maker:
    """Draws a model; each method draws one part of it."""

    def __init__(self, seed):
        self.draw = np.random.default_rng(seed)
        self.names = set()

    def one(self, choices):
        return choices[int(self.draw.integers(len(choices)))]

    def chance(self, p):
        return bool(self.draw.random() < p)

    def name(self):
        """A name of its own in some cases, or none."""
        name = self.one(NAMES)
        if self.chance(0.6) or name in self.names:
            return {}
        self.names.add(name)
        return {"name": name}

    def options(self, decode=False, readout=False):
        chosen = {"return_sequences": self.chance(0.5), "return_states": self.chance(0.2)}
        if decode:
            chosen |= {"decode": True, "output_length": 3}
        elif self.chance(0.2):
            chosen["go_backwards"] = True
        if readout and self.chance(0.4):
            chosen["teacher_force"] = self.one([True, 0.5])
        if self.chance(0.4):
            chosen["state_initializer"] = self.one(["ones", "learned", "random_normal"])
        if self.chance(0.15):
            chosen["zero_output_for_mask"] = True
        return chosen

    def stack(self, depth=0, **fixed):
        """A `RecurrentSequential` of cells and layers, some of them stacks themselves."""
        mode = self.one(READOUTS) if self.chance(0.7) else False
        # Inside another stack nobody would read that one's input.
        mode = "concat" if mode == "readout_only" and depth else mode
        sync = self.chance(0.15)
        adding = mode not in (False, "concat", "readout_only")
        forward = {}
        if mode and self.chance(0.4):
            forward["readout_activation"] = self.one(["tanh", "softmax", squashed])
        rnn = RecurrentSequential(state_sync=sync, readout=self._readout(mode), **forward, **fixed)
        units = FEATURES if adding or sync else int(self.draw.integers(2, 5))
        kind = self.one(CELLS[:2])
        for _ in range(int(self.draw.integers(1, 4))):
            if sync:
                rnn.add(kind(units))
            elif depth < 2 and self.chance(0.2):
                rnn.add(layers.Dense(FEATURES))
                rnn.add(self._inner(depth + 1))
            elif self.chance(0.35):
                rnn.add(self.one(LAYERS)(units, **self.name()))
            else:
                rnn.add(self.one(CELLS)(units, **self.name()))
        # A readout of another size needs a part on top that says its own.
        says_nothing = mode and not isinstance(rnn.cells[-1], RNNCell) and not hasattr(rnn.cells[-1], "units")
        if sync or adding or says_nothing or self.chance(0.5):
            rnn.add(layers.Dense(FEATURES if adding else units, **self.name()))
        return rnn

    def _readout(self, mode):
        if mode == "layer":
            return self.one([layers.Subtract, layers.Minimum])(**self.name())
        return mixed if mode == "function" else mode

    def _inner(self, depth):
        inner = Maker(int(self.draw.integers(10**6)))
        return inner.stack(depth) if self.chance(0.6) else inner.by_hand(merged=True)

    def by_hand(self, **fixed):
        """A `RecurrentModel`: states, a readout, Keras's and our cells, layers shared within the step."""
        x, h = Input((FEATURES,), **self.name()), Input((FEATURES,), **self.name())
        n = layers.Dense(FEATURES, **self.name())(x) + 0.5 * h
        states, after, readout = [h], [n], None
        if self.chance(0.5):
            cell = self.one([LSTMCell, GRUCell])(FEATURES, **self.name())
            more = [Input((FEATURES,)) for _ in range(cell.num_states)]
            n, *new = cell([n, *more])
            states, after = states + more, after + new
        if self.chance(0.3):
            shared = layers.Dense(FEATURES, **self.name())
            n = shared(shared(n))
        if self.chance(0.5):
            readout = Input((FEATURES,))
            n = ops.tanh(n + layers.Dense(FEATURES)(ops.cast(readout, "float32")))
        outputs = [n, layers.Dense(2)(n)] if self.chance(0.3) and not fixed.get("merged") else n
        fixed = {k: v for k, v in fixed.items() if k != "merged"}
        if isinstance(outputs, list) and readout is not None:
            readout = [readout, None]
        return RecurrentModel(x, outputs, states, after, readout_input=readout, **fixed)

    def cell_layer(self, **fixed):
        return self.one(CELLS[:7])(FEATURES, **self.name()).get_layer(**fixed)

    def from_model(self, **fixed):
        x, h = Input((FEATURES,)), Input((FEATURES,))
        n = layers.Dense(FEATURES, activation="tanh", **self.name())(x + h)
        return RNNCellFromModel(keras.Model([x, h], [2 * n, n])).get_layer(**fixed)


def random_model(seed: int):
    """`(model, inputs)`, the weights drawn so that no output is trivially zero."""
    keras.utils.set_random_seed(seed)
    maker = Maker(seed)
    model = _build(maker)
    for weight in model.trainable_weights:
        weight.assign(maker.draw.normal(size=weight.shape))
    inputs = [maker.draw.normal(size=[BATCH if n is None else n for n in t.shape]) for t in model.inputs]
    return model, [x.astype("float32") for x in inputs]


def _build(maker):
    kind = maker.one(
        ["stack", "stack", "stack", "by_hand", "cell_layer", "from_model", "two", "both", "mixed"]
    )
    x = Input((TIME, FEATURES))
    if kind == "two":
        first = maker.stack(return_sequences=True)
        if first.readout is False or maker.chance(0.5):
            second = type(first).from_config({**first.get_config(), "name": "second"})
            if second.cells[-1].__class__ is layers.Dense and second.cells[-1].units == FEATURES:
                return keras.Model(x, second(first(x)))
        return keras.Model(x, first(x))
    if kind == "both":
        rnn = maker.one([maker.stack, maker.cell_layer])(return_sequences=maker.chance(0.5))
        return keras.Model(x, layers.Bidirectional(rnn, merge_mode=maker.one(["sum", "concat"]))(x))
    if kind == "mixed":
        rnn = maker.one([maker.stack, maker.cell_layer])(dtype=maker.one(["mixed_bfloat16", "float64"]))
        return keras.Model(x, rnn(x))
    if kind == "stack" and maker.chance(0.2):
        vector = Input((FEATURES,))
        return keras.Model(vector, maker.stack(**maker.options(decode=True))(vector))
    if kind == "stack" and maker.chance(0.15):
        fixed = Input(batch_shape=(BATCH, TIME, FEATURES))
        return keras.Model(fixed, maker.stack(stateful=True)(fixed))
    return keras.Model(x, getattr(maker, kind)(**maker.options())(x))
