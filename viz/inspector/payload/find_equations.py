"""The equation of each node of a step, checked on the run's own numbers.

An equation is written down only when it gives the recorded numbers: whatever the layer is called, the
worked numbers are never made up. What fits no equation is `unknown`, and shows its numbers alone.
"""

from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import ops

from viz.formulas.of_node import form_of
from viz.inspector.payload.equations import Equation, Operand, origin
from viz.inspector.payload.run_values import Recorded

flatten = keras.tree.flatten

# Keras's class of an operation or merging layer -> the kind of equation to try, and how it is computed.
COMBINE = {
    "Add": ("sum", lambda parts: sum(parts[1:], parts[0])),
    "Subtract": ("difference", lambda parts: parts[0] - parts[1]),
    "Multiply": ("product", lambda parts: np.prod(np.broadcast_arrays(*parts), axis=0)),
    "Divide": ("quotient", lambda parts: parts[0] / parts[1]),
    "TrueDivide": ("quotient", lambda parts: parts[0] / parts[1]),
    "Average": ("mean", lambda parts: sum(parts[1:], parts[0]) / len(parts)),
    "Maximum": ("max", lambda parts: np.maximum.reduce(np.broadcast_arrays(*parts))),
    "Minimum": ("min", lambda parts: np.minimum.reduce(np.broadcast_arrays(*parts))),
    "Power": ("power", lambda parts: parts[0] ** parts[1]),
}
FUNCTIONS = ("tanh", "sigmoid", "relu", "hard_sigmoid", "softmax", "softplus", "elu", "selu", "gelu")
#: A name of so few letters is written into an equation as it is.
LETTERS = 3
FUNCTIONS += ("silu", "swish", "exp", "log", "sqrt", "square", "negative", "absolute", "sin", "cos")


@dataclass(frozen=True, eq=False)
class _Run:
    # The values of a run, and the timesteps of one sample on which equations are checked.
    values: Recorded
    sample: int
    valid: np.ndarray

    def frames(self, tensor) -> np.ndarray:
        frames = self.values.every[self.values.of(tensor)].array[self.sample]
        frames = frames[self.valid] if len(frames) > 1 else frames
        return np.broadcast_to(frames, (len(self.valid), frames.shape[1]))


def find_equations(graph, values: Recorded, sample: int, valid=None):
    """Give every value that a graph computes its equation.

    Example:
        >>> find_equations(values.graph, values, sample=0)
        >>> values.every[7].equation  # half of value 3
        Equation(kind='product', of=[Operand(place=3), Operand(number=0.5)], ...)

    Args:
        graph: of the step.
        values: what `run_values.collect` returned; their `equation` is set.
        sample: the sample on whose numbers the equations are checked.
        valid: which of its timesteps count, booleans `(time,)`; what a masked one computes is thrown away.
    """
    for _, node in graph.every_node():
        for i, tensor in enumerate(node.outputs):
            place = values.of(tensor)
            if node.inner is not None:
                equation = Equation("same", [Operand(values.of(node.inner.outputs[i]))])
            else:
                steps = values.every[place].array.shape[1]
                valid_steps = np.arange(steps) if valid is None else np.flatnonzero(valid)
                equation = _equation(_Claim(node, i, _Run(values, sample, valid_steps)), values)
            values.every[place].equation = equation
    _name_matrices(values)


def _name_matrices(values):
    # As books do: U for what is multiplied with a state, W for the rest; or the name that the user gave.
    for value in values.every:
        if value.equation.kind == "linear":
            name = value.name.rsplit("/", 1)[-1]
            source = values.every[origin(value.equation.of[0].place, values.every)]
            recurrent = source.role == "state" or "recurrent" in name
            letter = "U" if recurrent else "V" if source.role == "readout" else "W"
            own = not value.unnamed and len(name) <= LETTERS
            value.equation = replace(value.equation, letter=name if own else letter)


class _Claim:
    # What a node is given and what came out of one sample, to try equations on.
    def __init__(self, node, index, run):
        self.node, self.index, self.kind = node, index, type(node.operation).__name__
        self.result, self.steps = run.frames(node.outputs[index]), len(run.valid)
        self.parts, self.operands = [], []
        for argument in flatten(node.args):
            if isinstance(argument, keras.KerasTensor):
                self.operands.append(Operand(run.values.of(argument)))
                self.parts.append(run.frames(argument))
            elif self.kind in COMBINE and _is_number(argument):
                number = float(np.asarray(ops.convert_to_numpy(argument)).reshape(()))
                self.operands.append(Operand(number=number))
                self.parts.append(np.full((self.steps, 1), number, "float32"))
        self.short = "16" in str(node.outputs[index].dtype)

    def holds(self, numbers) -> bool:
        if numbers.shape != self.result.shape:
            return False
        # Most claims that fail do so at once.
        return near(numbers[0], self.result[0], self.short) and near(numbers, self.result, self.short)


def near(numbers: np.ndarray, recorded: np.ndarray, short: bool) -> bool:
    """Whether an equation gives the recorded numbers, as near as 32 bits allow, or 16."""
    tolerance = {"rtol": 3e-2, "atol": 3e-2} if short else {"rtol": 1e-3, "atol": 1e-5}
    return bool(np.allclose(numbers, recorded, equal_nan=True, **tolerance))


def _equation(claim, values):
    if claim.steps and claim.operands:
        # A NaN or an overflow in a run that is wrong is what the reader came to see.
        with np.errstate(all="ignore"):
            for attempt in _ATTEMPTS:
                equation = attempt(claim)
                if equation is not None:
                    return replace(equation, short=claim.short)
    return Equation("unknown", [Operand(values.of(t)) for t in claim.node.inputs], form=form_of(claim.node))


def _combine(claim):
    kind, compute = COMBINE.get(claim.kind, (None, None))
    sizes = {part.shape[1] for part in claim.parts} - {1}
    if kind is None or len(claim.parts) < 2 or len(sizes) > 1 or not claim.holds(compute(claim.parts)):
        return None
    return Equation(kind, claim.operands)


def _function(claim):
    if len(claim.parts) != 1:
        return None
    activation = getattr(claim.node.operation, "activation", None)
    name = _name_of(activation) or claim.kind.lower()
    if name not in FUNCTIONS or not claim.holds(applied(name, claim.parts[0])):
        return None
    return Equation("function", claim.operands, name)


def _masked_softmax(claim):
    # The weights of an attention: a softmax over the places that are no padding.
    if claim.kind != "MaskedSoftmax" or len({part.shape for part in claim.parts}) > 1:
        return None
    scores, valid = [*claim.parts, None][:2]
    if not claim.holds(masked_softmax(scores, valid)):
        return None
    return Equation("function", claim.operands[:1], "softmax", valid=[*claim.operands, None][1])


def masked_softmax(scores: np.ndarray, valid: np.ndarray | None) -> np.ndarray:
    """Shares of the places that count, `(..., places)`; 0 of the others, and of all where none counts."""
    valid = np.ones(scores.shape, bool) if valid is None else valid > 0
    powers = np.where(valid, np.exp(scores - scores.max(axis=-1, keepdims=True)), 0)
    return powers / np.maximum(powers.sum(axis=-1, keepdims=True), 1e-30)


def _linear(claim):
    weights = _weights(claim)
    matrices = [w for w in weights if w.ndim == 2]
    if len(claim.parts) != 1 or len(matrices) != 1 or matrices[0].shape[0] != claim.parts[0].shape[1]:
        return None
    matrix, size = matrices[0], claim.result.shape[1]
    vectors = [w for w in weights if w.shape == (size,)] or [None]
    name = _name_of(getattr(claim.node.operation, "activation", None))
    # A layer may use a choice of its columns: the first ones, or the last.
    for start in sorted({0, matrix.shape[1] - size}):
        columns = matrix[:, start : start + size]
        numbers = claim.parts[0] @ columns + (0 if vectors[0] is None else vectors[0])
        if start >= 0 and claim.holds(applied(name, numbers)):
            function = name if name in FUNCTIONS else None
            return Equation("linear", claim.operands, function, matrix=columns, bias=vectors[0])
    return None


def _shift(claim):
    if len(claim.parts) != 1 or claim.parts[0].shape != claim.result.shape:
        return None
    size = claim.result.shape[1]
    rows = [row for w in _weights(claim) if w.shape[-1:] == (size,) for row in w.reshape(-1, size)]
    for row in rows[:4]:
        if claim.holds(claim.parts[0] + row):
            return Equation("shift", claim.operands, bias=row)
    return None


def _same(claim):
    if len(claim.parts) == 1 and claim.holds(claim.parts[0]):
        return Equation("same", claim.operands)
    return None


def _take(claim):
    size = claim.result.shape[1]
    spare = claim.parts[0].shape[1] - size
    if len(claim.parts) != 1 or spare < 0:
        return None
    # A split into equal parts is tried where it should be first: parts of zeros look alike.
    starts = [claim.index * size, *range(min(spare, 512) + 1)]
    for start in starts:
        if claim.holds(claim.parts[0][:, start : start + size]):
            return Equation("take", claim.operands, start=start)
    return None


def _join(claim):
    if len(claim.parts) < 2 or claim.kind != "Concatenate":
        return None
    if not claim.holds(np.concatenate(claim.parts, axis=1)):
        return None
    return Equation("join", claim.operands, sizes=[part.shape[1] for part in claim.parts])


def _lookup(claim):
    tables = [w for w in _weights(claim) if w.ndim == 2]
    if len(claim.parts) != 1 or claim.parts[0].shape[1] != 1 or len(tables) != 1:
        return None
    ids = claim.parts[0][:, 0]
    if not np.all((ids >= 0) & (ids < len(tables[0])) & (ids == np.round(ids))):
        return None
    return Equation("lookup", claim.operands) if claim.holds(tables[0][ids.astype(int)]) else None


_ATTEMPTS = (_masked_softmax, _combine, _function, _linear, _lookup, _shift, _same, _join, _take)


def _weights(claim):
    weights = getattr(claim.node.operation, "weights", [])
    return [np.asarray(ops.convert_to_numpy(w), "float32") for w in weights]


def _name_of(function):
    name = getattr(function, "__name__", None) or type(function).__name__.lower()
    return None if function is None or name == "linear" else name


def applied(name: str | None, numbers: np.ndarray) -> np.ndarray:
    """A function of `keras.ops` of these numbers; None changes nothing, and of another name all are NaN."""
    if name is None:
        return numbers
    function = getattr(ops, name, None)
    if name not in FUNCTIONS or function is None:
        return numbers * np.nan
    return ops.convert_to_numpy(function(ops.convert_to_tensor(numbers)))


def _is_number(argument) -> bool:
    if isinstance(argument, (bool, str)) or argument is None:
        return False
    return isinstance(argument, (int, float)) or getattr(argument, "shape", None) in ((), (1,))
