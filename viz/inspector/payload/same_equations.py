"""Whether the equations of one run give the numbers of another: of a layer with other weights they do not."""

import numpy as np

from viz.inspector.payload.find_equations import COMBINE, applied, masked_softmax, near
from viz.inspector.payload.run_values import Value

_COMPUTED = dict(COMBINE.values())
_PASS = ("same", "take", "join")


def unlike(values: list[Value], others: dict[int, np.ndarray], *, steps: int, valid=None) -> list[int]:
    """The places of the values whose equation does not give their numbers in the second run.

    Example:
        >>> unlike(values, {place: 2 * value.array for place, value in enumerate(values)}, steps=7)
        [5, 6]

    Args:
        values: of the first run, with equations.
        others: by place the numbers of the second run, `(samples, frames, units)`; an equation that reads
            a value which it has not is unlike.
        steps: the number of timesteps.
        valid: which timesteps count in it, booleans `(samples, time)`; what a masked one computes is thrown
            away.
    """

    def read(operand):
        if operand.number is not None:
            return np.full((1, 1, 1), operand.number, "float32")
        array = others.get(operand.place)
        return None if array is None else array[:, :steps]

    found: list[int] = []
    for place, result in others.items():
        equation = values[place].equation
        # What only passes numbers on is left out where a page writes the equation that reads it.
        passed = any(one.place in found and values[one.place].equation.kind in _PASS for one in equation.of)
        if passed or not _holds(equation, result, read, valid):
            found.append(place)
    return found


def _holds(equation, result, read, valid) -> bool:
    if equation.kind in ("given", "unknown", "lookup"):  # these have no numbers but those of the value
        return True
    parts = [read(operand) for operand in (*equation.of, equation.valid) if operand is not None]
    if any(part is None for part in parts):
        return False
    units = result.shape[-1]
    with np.errstate(all="ignore"):
        found = _computed(equation, parts)[..., :units]
    if found.shape[-1] not in (1, units):  # some of what it reads was cut for size
        return False
    found = np.broadcast_to(found, result.shape)
    if valid is not None and result.shape[1] > 1:
        found, result = found[valid], result[valid]
    return near(found, result, equation.short)


def _computed(equation, parts):
    if equation.kind in _COMPUTED:
        return _COMPUTED[equation.kind](parts)
    if equation.valid is not None:
        return masked_softmax(*parts)
    if equation.kind == "function":
        return applied(equation.function, parts[0])
    if equation.kind == "linear":
        shift = 0 if equation.bias is None else equation.bias
        return applied(equation.function, parts[0] @ equation.matrix + shift)
    if equation.kind == "shift":
        return parts[0] + equation.bias[: parts[0].shape[-1]]
    if equation.kind == "take":
        return parts[0][..., equation.start :]
    return np.concatenate(parts, axis=-1) if equation.kind == "join" else parts[0]
