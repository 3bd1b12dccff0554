"""A recurrent layer, read for drawing: its title, its step, and the names of what its timesteps use."""

from dataclasses import dataclass

import keras

from rshop.errors import given_name
from rshop.step.step import Step
from rshop.tracing.check_layer import check_layer, only_layer
from viz.model import naming


@dataclass(frozen=True)
class StepNames:
    """The names of what a timestep reads and returns, in the order of the step's model.

    `calls` are the names by which the step itself calls what comes back from its outputs, "" where none was
    given: a picture calls it by the output, `y_t-1`.
    """

    inputs: list[str]
    constants: list[str]
    states: list[str]
    readouts: list[str]
    outputs: list[str]
    fixed_inputs: bool = False
    calls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model:
    """A recurrent layer as far as pictures need it.

    Attributes:
        layer: the layer or cell itself.
        title: its name where the user gave one, else its kind.
        step: its timestep.
        names: of what the timestep reads and returns.
        fed: for each readout, the place of the output that feeds it, and whether its argmax is taken.
    """

    layer: object
    title: str
    step: Step
    names: StepNames
    fed: list[tuple[int, bool]]

    def option(self, name: str):
        """An option of the layer, False for a cell, which has none."""
        return getattr(self.layer, name, False)

    def places(self) -> list[int]:
        """The places of the step model's outputs that reach the next timestep."""
        count = len(self.names.outputs)
        return [*(place for place, _ in self.fed), *range(count, count + len(self.names.states))]


def read_model(rnn) -> Model:
    """A recurrent layer (or a cell) of this project, read for drawing.

    Example:
        >>> read_model(LSTMCell(4, input_dim=3).get_layer()).names.states
        ['h', 'c']

    Raises:
        TypeError: something else.
        ValueError: its step is not known yet, because it was never called.
    """
    rnn = only_layer(rnn)
    check_layer(
        rnn,
        "Only recurrent layers and cells of rshop can be drawn.",
        fix="draw the recurrent layer itself, or a Keras model that contains it",
        cells=True,
    )
    step = rnn.description if hasattr(type(rnn), "description") else rnn.describe()
    outputs = _names(step.outputs, "y")
    names = StepNames(
        _names(step.inputs, "x"),
        _names(step.constants, "constant"),
        told_states(step.state_names),
        [outputs[place] for place, _ in step.wiring],
        outputs,
        bool(getattr(rnn, "decode", False)),
        tuple("" if name.startswith("readout") else name for name in _names(step.readouts, "readout")),
    )
    inner = getattr(rnn, "cell", None)
    named = naming.given(rnn) or (inner is not None and naming.given(inner))
    title = named or type(rnn if inner is None else inner).__name__
    return Model(rnn, title, step, names, step.wiring)


def told_states(names: list[str]) -> list[str]:
    """The states as a textbook writes them; with the number of their cell where another one has the same.

    Example:
        >>> told_states(["lstm_cell/h", "lstm_cell/c", "lstm_cell_1/h", "lstm_cell_1/c"])
        ['h¹', 'c¹', 'h²', 'c²']
    """
    pairs = [name.rpartition("/")[::2] for name in names]
    short = [last for _, last in pairs]
    if len(set(short)) == len(short):
        return short
    cells = list(dict.fromkeys(cell for cell, _ in pairs))
    return [last + _raised(cells.index(cell) + 1) for cell, last in pairs]


def _raised(number):
    return str(number).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _names(structure, default):
    tensors = [] if structure is None else keras.tree.flatten(structure)
    if isinstance(structure, dict):
        return [str(key) for key in sorted(structure)]
    numbers = [""] if len(tensors) == 1 else range(1, len(tensors) + 1)
    if default == "y":
        return [f"y{n}" for n in numbers]
    # The drawing adds the time itself: "x_t" is drawn as an x with the timestep below it.
    given = [(given_name(t) or "").removesuffix("_tm1").removesuffix("_t") for t in tensors]
    return [name or f"{default}{n}" for name, n in zip(given, numbers, strict=True)]
