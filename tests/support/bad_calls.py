"""What is called in `test_bad_calls`: objects built once, and a valid call of each public callable."""

from dataclasses import dataclass, field
from functools import cache

import keras
import matplotlib
import numpy as np
from keras import Input, layers

import rshop
import viz
from rshop import RecurrentModel, RNNCell, Stepper
from tests.support.bad_values import COUNT_OR_NONE, FLAG, FLAG_OR_NONE, NOTHING, NUMBERS, SEED

matplotlib.use("agg")
X = np.linspace(-1, 1, 18, dtype="float32").reshape(2, 3, 3)
M = np.full((2, 3), 0.5, "float32")


@dataclass
class Target:
    """A callable, a valid call of it, and what its arguments accept.

    Attributes:
        name: of the callable.
        call: takes the arguments by name.
        valid: a function that returns the arguments of a valid call.
        accepts: argument -> the names of the values that it accepts (a set), or of the only ones to try
            (a tuple, where Keras checks the argument in its own words).
        extra: argument -> further wrong values by description, as functions.
        state: a function that returns arrays which must be the same after a failed call.
    """

    name: str
    call: object
    valid: object
    accepts: dict
    extra: dict = field(default_factory=dict)
    state: object = list


class Halving(RNNCell):
    """`h = h / 2 + x`."""

    known_states = ("h",)

    def build_model(self, input_shape):
        x, h = Input(batch_shape=input_shape, name="x"), Input(batch_shape=input_shape, name="h_tm1")
        n = layers.Add()([x, 0.5 * h])
        return keras.Model([x, h], [n, n])


def parts() -> dict:
    """The tensors of a step with everything: an input, a state, a readout, a constant."""
    x, h, r, m = (Input((3,), name=name) for name in "xhrm")
    gate = layers.Activation("sigmoid", name="gate")(layers.Dense(3, name="W")(x))
    n = layers.Add(name="sum")([gate, layers.Dense(3, use_bias=False, name="U")(h), 0.1 * r, 0.1 * m])
    given = {"input": x, "output": n, "initial_states": h, "final_states": n}
    return {**given, "readout_input": r, "constants": m}


@cache
def prepared() -> dict:
    """Objects to call, built once."""
    keras.utils.set_random_seed(1)
    whole = RecurrentModel(**parts(), return_sequences=True, name="whole")
    whole(X, constants=M)
    x, h = Input((3,), name="x"), Input((3,), name="h")
    n = layers.Add()([x, 0.5 * h])
    decoder = RecurrentModel(x, n, h, n, decode=True, output_length=3)
    decoder(X[:, 0])
    stateful = RecurrentModel(x, n, h, n, stateful=True)
    stateful(X)
    lstm = rshop.LSTMCell(2, input_dim=3, name="lstm").get_layer(return_sequences=True)
    lstm(X)
    record = rshop.trace(whole, X, constants=M)
    stepper = Stepper(whole, 2, constants=M)
    stepper.step(X[:, 0])
    cell = rshop.GRUCell(3, input_dim=3)
    cell([X[:, 0], X[:, 1]])
    return {
        "whole": whole,
        "decoder": decoder,
        "stateful": stateful,
        "lstm": lstm,
        "record": record,
        "stepper": stepper,
        "cell": cell,
        "figure": viz.draw_step(lstm),
        "inspector": viz.inspect(lstm, X),
        "editor": viz.edit(whole, X, constants=M).change("h", t=1, value=2.0),
        "both": viz.intervene(whole, X, at=1, states={"h": 1.0}, constants=M),
        "movie": viz.animate(record, "h"),
        "source": rshop.to_numpy(whole),
        "flow": viz.gradient_flow(whole, X, constants=M, ax=False),
    }


# What arguments accept that several callables have.

OPTIONS = {
    "teacher_force": {*FLAG, "zero", "one", "function"},
    "decode": FLAG,
    "output_length": COUNT_OR_NONE,
    "return_sequences": FLAG,
    "return_states": FLAG,
    "return_state": FLAG,
    "state_initializer": {"None", "empty list", "empty tuple", "empty dict", "list of None"},
    "go_backwards": FLAG,
    "stateful": FLAG,
    "unroll": FLAG,
    "zero_output_for_mask": FLAG,
    "seed": SEED,
}
NAME = {"name": ("bytes", "zero", "list of None", "class", "True", "array of texts", "shape raises")}
STATE = NUMBERS | {"None", "list of None"}
CALL = {
    "initial_state": STATE | {"empty dict"},
    "initial_readout": STATE,
    "constants": NOTHING,
    "mask": {"None", "empty list", "empty tuple", "empty dict", "list of None"},
    "constants_mask": {"None", "empty list", "empty tuple", "empty dict", "list of None"},
    "output_length": {"None"},
    "ground_truth": {"None"},
}
TRAINING = {"training": FLAG_OR_NONE | {"zero", "one"}}


def odd(array) -> dict:
    """Arrays of the same shape that hold no numbers, and numbers of another shape."""
    return {
        "texts of its shape": lambda: np.full(array.shape, "a"),
        "objects of its shape": lambda: np.full(array.shape, None, dtype=object),
        "complex of its shape": lambda: np.full(array.shape, 1j),
        "a sample more": lambda: np.concatenate([array, array[:1]]),
        "a feature more": lambda: np.concatenate([array, array[..., :1]], axis=-1),
    }


ODD = {
    "x": odd(X),
    "constants": odd(M),
    "initial_state": odd(M),
    "initial_readout": odd(M),
    "ground_truth": odd(X),
    "mask": {"texts of its shape": lambda: np.full((2, 3), "a"), "another time": lambda: np.ones((2, 4))},
}
