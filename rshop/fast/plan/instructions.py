"""What a step is lowered to: a list of instructions on numbered values, and the weights that they read."""

from collections.abc import Callable
from dataclasses import dataclass, field

import keras
from keras import ops


@dataclass(eq=False)
class Instruction:
    """One operation of a step, on numbered values.

    Attributes:
        node: the name of the graph's node that it comes from, nested names joined by `/`.
        reads, writes: the numbers of the values.
        run: `run(values, weights, training) -> outputs`, lists in the order of `reads` and `writes`.
        kind: `"product"`, `"bias"`, `"sum"`, `"contraction"` or `"call"`.
        weight: the number of the `Weight` of a product or a bias.
        per_sample: whether it treats each sample alone, so that time may be folded into the batch.
        variables: the weights of a Keras layer that the instruction calls, and variables that it reads.
        letters: the axes of a contraction (see `contractions.letters_of`).
    """

    node: str
    reads: list[int]
    writes: list[int]
    run: Callable
    kind: str = "call"
    weight: int | None = None
    per_sample: bool = False
    variables: tuple = ()
    letters: tuple[str, str, str] | None = None

    @property
    def is_heavy(self) -> bool:
        """Whether it reads a weight, so that it matters whether it runs in the loop."""
        return self.weight is not None or bool(self.variables)


@dataclass(frozen=True)
class Weight:
    """A weight as a product or a bias reads it: cast, and some columns or one row of a shared one."""

    variable: keras.Variable
    dtype: str
    start: int | None = None
    stop: int | None = None
    row: int | None = None

    def value(self):
        """The tensor, differentiable with respect to the variable."""
        value = ops.cast(ops.convert_to_tensor(self.variable), self.dtype)
        if self.row is not None:
            value = value[self.row]
        if self.start is not None or self.stop is not None:
            value = value[:, self.start : self.stop]
        return value


@dataclass
class Lowered:
    """A step as a list of instructions.

    Attributes:
        instructions: in running order.
        inputs, outputs: the numbers of the step's inputs and outputs; the inputs end with those of `once`,
            `drawn` and `changed`.
        once: the numbers of what the step has computed once for a sequence.
        drawn: for the number of each mask that is drawn at each timestep its dropout layer, in running order.
        changed: for the number of what a variable holds before the step the variable, if a layer changes it.
        after_change: the numbers of what these variables hold after the step.
        weights: what products and biases multiply and add.
        likes: for the number of each value a Keras tensor of its shape and dtype.
        by_sample: whether each sample is treated alone, so that the batch may be split into parts.
        lasting: whether it is the same as long as the numbers, words and functions of its layers are; what a
            layer of one's own depends on is not known.
        closed: whether it has an operation that no list knows.
    """

    instructions: list[Instruction] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    once: list[int] = field(default_factory=list)
    drawn: dict[int, keras.layers.Layer] = field(default_factory=dict)
    changed: dict[int, keras.Variable] = field(default_factory=dict)
    after_change: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)
    weights: list[Weight] = field(default_factory=list)
    likes: list = field(default_factory=list)
    by_sample: bool = True
    lasting: bool = True
    closed: bool = False

    @property
    def is_torn(self) -> bool:
        """Whether an instruction reads, as a weight, a variable that another one changes."""
        changed = {id(variable) for variable in self.changed.values()}
        read = [w.variable for w in self.weights] + [v for i in self.instructions for v in i.variables]
        return any(id(variable) in changed for variable in read)
