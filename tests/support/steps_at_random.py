"""Random step graphs in which a gradient vanishes only where nothing leads: no rounding, no maxima."""

import keras
import numpy as np
from keras import layers, ops

from rshop import LSTMCell, RecurrentModel, RNNCellFromModel

SIZE = 3


def inner_cell(rng):
    """A cell of which some parts do not hear of others: y = f(a), next = g(a, b), or the reverse."""
    a, b = keras.Input((SIZE,), name="a"), keras.Input((SIZE,), name="b")
    one, both = layers.Dense(SIZE, "tanh")(a), layers.Dense(SIZE, "sigmoid")(a) * b + 0.3 * a
    ends = [[one, both], [both, one + a], [b + 1.0, one], [both, both]][rng.integers(4)]
    return RNNCellFromModel(keras.Model([a, b], ends))


def pick(rng, values, count):
    return [values[i] for i in rng.choice(len(values), count, replace=False)]


def grow(rng, values):
    """One more value (or two) from those that are there."""
    kind = rng.choice(["dense", "tanh", "plus", "times", "concat", "half", "cell", "lstm"])
    a, b = pick(rng, values, 2)
    if kind == "cell":
        return list(inner_cell(rng)([a, b]))
    if kind == "lstm":
        return list(LSTMCell(SIZE)([a, b, pick(rng, values, 1)[0]]))
    if kind == "concat":
        return [layers.Dense(SIZE)(layers.Concatenate()([a, b]))]
    made = {
        "dense": lambda: layers.Dense(SIZE, "tanh")(a),
        "tanh": lambda: ops.tanh(a),
        "plus": lambda: a + b,
        "times": lambda: layers.Multiply()([a, b]),
        "half": lambda: 0.5 * a,
    }
    return [made[kind]()]


def random_rnn(seed, **options):
    """A `RecurrentModel` of 1 or 2 inputs and outputs, up to 3 states, maybe constants and a readout."""
    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)

    def leaves(kind, count):
        return [keras.Input((SIZE,), name=f"{kind}{i}") for i in range(count)]

    inputs, states = leaves("x", rng.integers(1, 3)), leaves("s", rng.integers(0, 4))
    constants, readouts = leaves("k", rng.integers(0, 2)), leaves("r", rng.integers(0, 2))
    every = [*inputs, *states, *constants, *readouts]
    values = list(every) if len(every) > 1 else [*every, ops.tanh(every[0])]
    for _ in range(rng.integers(1, 7)):
        values += grow(rng, values)
    finals = [pick(rng, values, 1)[0] for _ in states]
    outputs = pick(rng, values[len(every) :], 1)
    outputs += pick(rng, values[len(every) :], 1) if rng.random() < 0.4 else []
    reached = keras.Model(every, [*outputs, *finals])
    reads = {id(t) for t in _ancestors(reached)}
    for leaf in every:
        if id(leaf) not in reads:
            outputs[-1] = outputs[-1] + layers.Dense(SIZE)(leaf)
    given = {"initial_states": states, "final_states": finals} if states else {}
    given |= {"constants": constants} if constants else {}
    given |= {"readout_input": readouts[0]} if readouts else {}
    if not readouts:
        options.pop("teacher_force", None)
    rnn = RecurrentModel(inputs, outputs, return_sequences=True, **given, **options)
    return rnn, len(inputs), len(outputs), len(constants), len(readouts)


def _ancestors(model):
    from rshop.step.graph import Graph

    graph = Graph(model)
    reach = graph.reach()
    found = frozenset().union(*(reach[t] for t in graph.outputs))
    return [model.inputs[i] for i in found]
