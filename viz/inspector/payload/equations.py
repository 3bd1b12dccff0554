"""What each node of a step computes, as a law that was checked on the run's own numbers.

A law is written down only when it gives the recorded numbers: whatever the layer is called, the
worked numbers are never made up. What fits no law is `unknown`, and shows its numbers alone.
"""

import keras
import numpy as np
from keras import ops

flatten = keras.tree.flatten

# Keras's class of an operation or merging layer -> the law to try, and how it is computed.
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
FUNCTIONS += ("silu", "swish", "exp", "log", "sqrt", "square", "negative", "absolute", "sin", "cos")
#: Functions whose values are probabilities: drawn from 0 to 1, and called gates.
GATES = ("sigmoid", "hard_sigmoid", "softmax")


def find_laws(graph, values, sample: int, valid=None):
    """Give every value that a graph computes its law.

    A law is a dict: `{"law": "product", "of": [{"v": 3}, {"n": 0.5}]}` is half of value 3. `v` is the
    place of a value, `n` a number. See `_LAWS` for the others.

    Args:
        graph: of the step, or of a model in it.
        values: what `recorded.collect` returned; their `law` is set.
        sample: the sample on whose numbers the laws are checked.
        valid: which of its timesteps count, booleans `(time,)`; what a masked one computes is thrown away.
    """
    for node in graph.nodes:
        if node.inner is not None:
            find_laws(node.inner, values, sample, valid)
            ends = [{"law": "same", "of": [{"v": values.of(t)}]} for t in node.inner.outputs]
        else:
            ends = [_law(node, i, values, sample, valid) for i in range(len(node.outputs))]
        for tensor, law in zip(node.outputs, ends, strict=True):
            values.every[values.of(tensor)].law = law


def is_gate(value, every) -> bool:
    """Whether a value holds numbers between 0 and 1 that say how much: gates, weights, probabilities."""
    return every[origin(value, every)].law.get("function") in GATES


def opens(value, every) -> bool:
    """Whether a value lets something through: a gate that is no weight and no probability.

    What sums to 1 shares something out, and what is handed out as an output is an answer: neither is
    open or shut.
    """
    place = origin(value, every)
    if every[place].law.get("function") not in GATES[:2]:
        return False
    return place not in [origin(every[other.next], every) for other in every if other.role == "output"]


def origin(value, every) -> int:
    """The place of the value that this one only repeats; its own where it repeats none."""
    place = next(i for i, other in enumerate(every) if other is value)
    while every[place].law["law"] == "same" and "v" in every[place].law["of"][0]:
        place = every[place].law["of"][0]["v"]
    return place


class _Claim:
    # What a node is given and what came out of one sample, to try laws on.
    def __init__(self, node, index, values, sample, valid):
        self.node, self.index, self.kind = node, index, type(node.operation).__name__
        result = values.every[values.of(node.outputs[index])]
        steps = result.array.shape[1]
        self.valid = np.arange(steps) if valid is None else np.flatnonzero(valid)
        self.steps = len(self.valid)
        self.result = self._frames(result, sample)
        self.parts, self.refs = [], []
        for argument in flatten(node.args):
            if isinstance(argument, keras.KerasTensor):
                self.refs.append({"v": values.of(argument)})
                self.parts.append(self._frames(values.every[values.of(argument)], sample))
            elif self.kind in COMBINE and _is_number(argument):
                number = float(np.asarray(ops.convert_to_numpy(argument)).reshape(()))
                self.refs.append({"n": number})
                self.parts.append(np.full((self.steps, 1), number, "float32"))
        short = "16" in str(node.outputs[index].dtype)
        self.tolerance = {"rtol": 3e-2, "atol": 3e-2} if short else {"rtol": 1e-3, "atol": 1e-5}

    def _frames(self, value, sample):
        frames = value.array[sample]
        frames = frames[self.valid] if len(frames) > 1 else frames
        return np.broadcast_to(frames, (self.steps, frames.shape[1]))

    def holds(self, numbers) -> bool:
        if numbers.shape != self.result.shape:
            return False
        if not np.allclose(numbers[0], self.result[0], equal_nan=True, **self.tolerance):
            return False  # most claims that fail do so at once
        return bool(np.allclose(numbers, self.result, equal_nan=True, **self.tolerance))


def _law(node, index, values, sample, valid):
    claim = _Claim(node, index, values, sample, valid)
    if claim.steps and claim.refs:
        # A NaN or an overflow in a run that is wrong is what the reader came to see.
        with np.errstate(all="ignore"):
            for attempt in _LAWS:
                law = attempt(claim)
                if law is not None:
                    return law
    return {"law": "unknown", "of": [{"v": values.of(t)} for t in node.inputs]}


def _combine(claim):
    law, compute = COMBINE.get(claim.kind, (None, None))
    sizes = {part.shape[1] for part in claim.parts} - {1}
    if law is None or len(claim.parts) < 2 or len(sizes) > 1 or not claim.holds(compute(claim.parts)):
        return None
    return {"law": law, "of": claim.refs}


def _function(claim):
    if len(claim.parts) != 1:
        return None
    activation = getattr(claim.node.operation, "activation", None)
    name = _name_of(activation) or claim.kind.lower()
    if name not in FUNCTIONS or not claim.holds(_apply(name, claim.parts[0])):
        return None
    return {"law": "function", "function": name, "of": claim.refs}


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
        if start >= 0 and claim.holds(_apply(name, numbers)):
            law = {"law": "linear", "of": claim.refs, "matrix": columns, "bias": vectors[0]}
            return {**law, "function": name} if name in FUNCTIONS else law
    return None


def _shift(claim):
    if len(claim.parts) != 1 or claim.parts[0].shape != claim.result.shape:
        return None
    size = claim.result.shape[1]
    rows = [row for w in _weights(claim) if w.shape[-1:] == (size,) for row in w.reshape(-1, size)]
    for row in rows[:4]:
        if claim.holds(claim.parts[0] + row):
            return {"law": "shift", "of": claim.refs, "bias": row}
    return None


def _same(claim):
    if len(claim.parts) == 1 and claim.holds(claim.parts[0]):
        return {"law": "same", "of": claim.refs}
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
            return {"law": "take", "of": claim.refs, "start": start}
    return None


def _join(claim):
    if len(claim.parts) < 2 or claim.kind != "Concatenate":
        return None
    law = {"law": "join", "of": claim.refs, "sizes": [part.shape[1] for part in claim.parts]}
    return law if claim.holds(np.concatenate(claim.parts, axis=1)) else None


def _lookup(claim):
    tables = [w for w in _weights(claim) if w.ndim == 2]
    if len(claim.parts) != 1 or claim.parts[0].shape[1] != 1 or len(tables) != 1:
        return None
    ids = claim.parts[0][:, 0]
    if not np.all((ids >= 0) & (ids < len(tables[0])) & (ids == np.round(ids))):
        return None
    return {"law": "lookup", "of": claim.refs} if claim.holds(tables[0][ids.astype(int)]) else None


_LAWS = (_combine, _function, _linear, _lookup, _same, _join, _take, _shift)


def _weights(claim):
    weights = getattr(claim.node.operation, "weights", [])
    return [np.asarray(ops.convert_to_numpy(w), "float32") for w in weights]


def _name_of(function):
    name = getattr(function, "__name__", None) or type(function).__name__.lower()
    return None if function is None or name == "linear" else name


def _apply(name, numbers):
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
