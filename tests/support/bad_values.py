"""Values that somebody passes by mistake, by name, and for each kind of argument those that it accepts.

A value is made anew for each call: a generator is used up, a variable belongs to nobody.
"""

import math
from decimal import Decimal

import keras
import numpy as np
from hypothesis import strategies as st


class ShapeRaises:
    """Something whose `.shape` is an error."""

    @property
    def shape(self):
        raise RuntimeError("no shape here")

    def __repr__(self):
        return "<shape raises>"


class OddShape:
    """Something whose `.shape` is no shape, and its `.dtype` no dtype."""

    def __init__(self, shape, dtype="float32"):
        self.shape, self.dtype = shape, dtype

    def __repr__(self):
        return f"<of shape {self.shape!r}>"


VALUES = {
    # No argument takes one of these.
    "bytes": lambda: b"zigzag",
    "array of texts": lambda: np.array(["h", "c"]),
    "array of one text": lambda: np.array("h"),
    "tensor of texts": lambda: keras.ops.convert_to_tensor(["h", "c"], dtype="string"),
    "array of objects": lambda: np.array([None, "h"], dtype=object),
    "complex": lambda: 1 + 2j,
    "complex array": lambda: np.ones((2, 3, 3), complex),
    "dict of numbers": lambda: {1: 2.0},
    "set of objects": lambda: {Ellipsis, None},
    "Ellipsis": lambda: Ellipsis,
    "NotImplemented": lambda: NotImplemented,
    "module": lambda: math,
    "object": object,
    "an exception": lambda: ValueError("zigzag"),
    "shape raises": ShapeRaises,
    "shape a text": lambda: OddShape("zigzag"),
    "shape None": lambda: OddShape(None),
    "shape a number": lambda: OddShape(5),
    "shape of texts": lambda: OddShape(("a", "b")),
    "date": lambda: np.datetime64("2020-01-01"),
    "slice": lambda: slice(1, 2),
    "decimal": lambda: Decimal("1.5"),
    # These are right for some arguments.
    "text": lambda: "zigzag",
    "empty text": lambda: "",
    "nan": lambda: math.nan,
    "infinity": lambda: math.inf,
    "minus infinity": lambda: -math.inf,
    "zero": lambda: 0,
    "one": lambda: 1,
    "minus one": lambda: -1,
    "fraction": lambda: 2.5,
    "negative": lambda: -7,
    "huge": lambda: 10**30,
    "True": lambda: True,
    "None": lambda: None,
    "empty list": list,
    "empty tuple": tuple,
    "list of None": lambda: [None],
    "list of texts": lambda: ["zigzag", "h"],
    "ragged list": lambda: [[1.0], [1.0, 2.0]],
    "list of five": lambda: [1, 2, 3, 4, 5],
    "empty dict": dict,
    "dict of a wrong key": lambda: {"zigzag": 1.0},
    "set": lambda: {1.5, 2.5},
    "generator": lambda: (i for i in range(3)),
    "range": lambda: range(7),
    "class": lambda: dict,
    "function": lambda: lambda: None,
    "variable": lambda: keras.Variable(np.ones((2, 2), "float32")),
    "symbolic": lambda: keras.Input((2,)),
    "array": lambda: np.ones((1, 2, 3, 4, 5)),
    "empty array": lambda: np.zeros((0,)),
    "array of NaN": lambda: np.full((2, 2), math.nan),
}
#: What no argument takes, alone or in a list, tuple or dict.
ALIENS = list(VALUES)[: list(VALUES).index("text")]

# What arguments of the same kind accept; all other values are wrong.
NOTHING: set[str] = set()
FLAG = {"True"}
FLAG_OR_NONE = {"True", "None"}
COUNT = {"one"}
COUNT_OR_NONE = {"one", "None"}
SEED = {"zero", "one", "minus one", "negative", "None"}
#: Numbers that a tensor can hold.
NUMBERS = {"zero", "one", "minus one", "fraction", "negative", "nan", "infinity", "minus infinity", "True"}

FINITE = NUMBERS - {"nan", "infinity", "minus infinity", "True"} | {"huge"}


def wrong_names(accepted) -> list[str]:
    """The names of the values to try: all but a set of accepted ones, or those of a tuple alone."""
    return list(accepted) if isinstance(accepted, tuple) else [n for n in VALUES if n not in accepted]


def wrong(accepted, extra: dict):
    """A strategy of `(description, value)`: a wrong value, or something alien in a list, tuple or dict.

    Args:
        accepted: as in `wrong_names`.
        extra: further wrong values by description, as functions.
    """
    every = {**{name: VALUES[name] for name in wrong_names(accepted)}, **extra}
    plain = st.sampled_from(list(every)).map(lambda name: (name, every[name]()))
    if isinstance(accepted, tuple):
        return plain
    alien = st.sampled_from(ALIENS)
    return st.one_of(
        plain,
        plain,
        plain,
        alien.map(lambda name: (f"[{name}]", [VALUES[name]()])),
        alien.map(lambda name: (f"({name}, {name})", (VALUES[name](), VALUES[name]()))),
        alien.map(lambda name: (f"dict of {name}", {"h": VALUES[name]()})),
    )
