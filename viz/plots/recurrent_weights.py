"""The weights of a step that multiply a state, found in any step graph."""

from dataclasses import dataclass

import keras
import numpy as np

from rshop.structure import flat


@dataclass(frozen=True)
class _Rows:
    # The slice of a tensor's last axis that holds the numbers of a state.
    start: int
    count: int


def recurrent_kernels(step) -> dict[str, np.ndarray]:
    """Every square `(units, units)` of weights that multiplies a state, by name.

    A state is followed through operations without weights that keep its numbers in place (dropout, a
    product with a gate, a sum or a join with an input), and into nested models.

    Example:
        >>> list(recurrent_kernels(lstm.description))
        ['recurrent_kernel (1 of 4)', ..., 'recurrent_kernel (4 of 4)']

    Args:
        step: a `rshop.step.step.Step`.
    """
    before = len(flat(step.inputs)) + len(flat(step.constants))
    starts = [None] * len(step.graph.inputs)
    for i, state in enumerate(step.states, before):
        starts[i] = _Rows(0, state.shape[-1] or 0) if len(state.shape) == 2 else None
    found: dict[str, np.ndarray] = {}
    _search(step.graph, starts, "", found=found, seen=set())
    return found


def _search(graph, starts, prefix, *, found, seen):
    reach = graph.reach()
    begun = {i for i, rows in enumerate(starts) if rows}

    def visit(at):
        node = at.node
        carried = {i: rows for i, rows in enumerate(at.given) if rows}
        if carried and node.inner is not None:
            return _search(node.inner, at.given, f"{at.name}/", found=found, seen=seen)
        weights = _weights(node)
        for i, rows in carried.items():
            for weight in weights:
                if id(weight) not in seen and _fits(weight, node.inputs[i], rows):
                    seen.add(id(weight))
                    found.update(_squares(_name(at, weight), weight, rows))
        if not carried or weights or len(node.outputs) > 1:
            return [None] * len(node.outputs)
        others = [t for t, rows in zip(node.inputs, at.given, strict=True) if not rows]
        return [_passed_on(node, carried, len(carried) > 1 or any(reach[t] & begun for t in others))]

    return graph.walk(visit, starts, prefix=prefix)


def _weights(node):
    own = list(getattr(node.operation, "weights", []))
    own += [a for a in flat([node.args, node.kwargs]) if isinstance(a, keras.Variable)]
    matrices = [w for w in own if len(w.shape) == 2]
    # A whole Keras cell has a kernel for its input too, which may be as large.
    recurrent = [w for w in matrices if "recurrent" in w.name]
    return recurrent or matrices or own


def _fits(weight, tensor, where):
    if len(weight.shape) != 2 or not where.count:
        return False
    return weight.shape[0] == tensor.shape[-1] and weight.shape[1] % where.count == 0


def _name(at, weight):
    several = len(getattr(at.node.operation, "weights", [])) > 2
    return f"{at.name}/{weight.name}" if several else at.name


def _squares(name, weight, where):
    values = keras.ops.convert_to_numpy(weight).astype("float64")[where.start : where.start + where.count]
    count = values.shape[1] // where.count
    squares = np.split(values, count, axis=1)
    if count == 1:
        return {name: squares[0]}
    return {f"{name} ({i + 1} of {count})": square for i, square in enumerate(squares)}


def _passed_on(node, carried, mixed):
    # A sum keeps a state only where the rest comes from inputs alone: `f * c + i * g` is the next state.
    output, tensors = node.outputs[0], node.inputs
    kind = type(node.operation).__name__
    if kind == "Concatenate":
        place, where = next(iter(carried.items()))
        before = sum(t.shape[-1] or 0 for t in tensors[:place])
        is_last = node.operation.axis in (-1, len(output.shape) - 1)
        return _Rows(before + where.start, where.count) if is_last else None
    keeps = len(tensors) == 1 or kind == "Multiply" or (kind == "Add" and not mixed)
    where = next(iter(carried.values()))
    return where if keeps and output.shape == tensors[next(iter(carried))].shape else None
