"""The equation of a value: how it was computed, what it only repeats, and whether it is a gate."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

#: Functions whose values are probabilities: drawn from 0 to 1, and called gates.
GATES = ("sigmoid", "hard_sigmoid", "softmax")


@dataclass(frozen=True)
class Operand:
    """What an equation reads: the value at a `place`, a `number`, or a value cut for size, by its `name`."""

    place: int | None = None
    number: float | None = None
    name: str | None = None


@dataclass(frozen=True, eq=False)
class Equation:
    """How a value is computed.

    Example:
        >>> Equation("product", [Operand(3), Operand(number=0.5)])  # half of value 3

    Attributes:
        kind: `given` for what the step reads, `unknown`, or one of those in `find_equations`: `sum`,
            `product`, `function`, `linear`, `same`, `take`, ...
        of: what it reads.
        function: of a `function`, and of a `linear` with an activation: its name in `keras.ops`.
        start: of a `take`, the first unit that it takes.
        sizes: of a `join`, the number of units of each part.
        matrix, bias: of a `linear`, `(inputs, units)` and `(units,)`; of a `shift` the bias alone.
        letter: of a `linear`, what its matrix is called: `W`, of a state `U`.
        valid: of a softmax over places of which some are padding: what says which count.
        short: whether it was computed in 16 bits, so that it gives the recorded numbers less exactly.
        form: of an `unknown`, how it is written, as `viz.formulas.of_node` says it; else None.
        too_large: an `unknown` that is linear, with a matrix that is too large for a page.
    """

    kind: str
    of: list[Operand] = field(default_factory=list)
    function: str | None = None
    start: int | None = None
    sizes: list[int] | None = None
    matrix: np.ndarray | None = None
    bias: np.ndarray | None = None
    letter: str = ""
    valid: Operand | None = None
    short: bool = False
    form: list | None = None
    too_large: bool = False


def origin(place: int, values: Sequence) -> int | str:
    """The place of the value that the one at this place only repeats, its own where it repeats none.

    Where that value was cut for size: its name.

    Args:
        place: of the value.
        values: all values, each with its `equation`.
    """
    while values[place].equation.kind == "same":
        source = values[place].equation.of[0]
        if source.place is None:
            return place if source.name is None else source.name
        place = source.place
    return place


def is_gate(place: int, values: Sequence) -> bool:
    """Whether a value holds numbers between 0 and 1 that say how much: gates, weights, probabilities."""
    return values[origin(place, values)].equation.function in GATES


def opens(place: int, values: Sequence) -> bool:
    """Whether a value lets something through: a gate that is no weight and no probability.

    What sums to 1 shares something out, and what is handed out as an output is an answer: neither is
    open or shut.
    """
    place = origin(place, values)
    if values[place].equation.function not in GATES[:2]:
        return False
    return place not in [origin(other.next, values) for other in values if other.role == "output"]
