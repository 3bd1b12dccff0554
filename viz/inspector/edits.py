"""A change of what a timestep reads: checked, in words, and as a `Replay` makes it."""

import math
from numbers import Real

import numpy as np
from keras import ops

from rshop.checks import check_timestep
from rshop.errors import check_name, message, told
from viz.inspector.payload import run_values
from viz.plots.series import check_sample

#: The roles in which a timestep reads something that can be changed.
ROLES = ("state", "input", "readout")


def checked(rnn, trace, one: dict) -> dict:
    """The same change with its role, its whole name, and its timestep counted from the start.

    Example:
        >>> checked(rnn, trace, {"name": "h", "t": -1, "unit": 0, "sample": 0, "value": 1.0})["t"]
        6

    Args:
        rnn: the recurrent layer.
        trace: its run.
        one: `name`, `t`, `unit`, `sample`, `value`, and where it is known the `role`.

    Raises:
        TypeError: the value is no number.
        ValueError: no such name, timestep, unit or sample; a number that the value cannot be.
    """
    role, name = _find(rnn, trace, one["name"], one.get("role"))
    array = arrays(rnn, trace, role)[name]
    check_sample(one["sample"], len(array))
    t = check_timestep(one["t"], trace.steps)
    size = math.prod(array.shape[2:])
    _check_unit(one["unit"], size, name)
    _check_value(one["value"], whole=np.issubdtype(array.dtype, np.integer))
    return {**one, "role": role, "name": name, "t": t}


def arrays(rnn, trace, role: str) -> dict[str, np.ndarray]:
    """The values that timesteps read in this role, `(batch, time, ...)` by name."""
    step = rnn.description
    if role == "state":
        return {name: np.asarray(trace.states[name]) for name in step.state_names}
    if role == "input":  # a decoder reads the same input at every timestep: it has no time
        return {} if rnn.decode else dict(run_values.named_parts(step.inputs, trace.inputs, role))
    return dict(run_values.named_parts(step.readouts, trace.readout, role))


def in_words(rnn, trace, one: dict) -> str:
    """A checked change in words: `h[0] at t = 2: 0.119 to 5`."""
    value = np.asarray(arrays(rnn, trace, one["role"])[one["name"]][one["sample"], one["t"]])
    place = _place(value.shape, one["unit"])
    return f"{what(one, value.shape)} at t = {one['t']}: {_written(value[place])} to {_written(one['value'])}"


def _written(number):
    return f"{float(number):.3g}".replace("-", "\u2212")


def to_show(one: dict) -> dict:
    """What a page without a kernel is told of a checked change with its `text`, as JSON values.

    Example:
        >>> to_show({**one, "text": "h[0] at t = 2: 0.119 to 5"})["text"]
        'h[0] at t = 2: 0.119 to 5'
    """
    whole = {key: int(one[key]) for key in ("unit", "t", "sample")}
    return {"role": one["role"], "name": one["name"], **whole, "text": one["text"]}


def what(one: dict, shape: tuple) -> str:
    """The number that a change is of: `h[0]`, of a value of this shape."""
    place = _place(shape, one["unit"])
    return f"{one['name']}[{', '.join(map(str, place))}]" if place else one["name"]


def same_place(one: dict, other: dict) -> bool:
    """Whether two checked changes are of the same number: the later one stands in place of the earlier."""
    return all(one[key] == other[key] for key in ("role", "name", "unit", "t", "sample"))


def names(edits: list[dict]) -> tuple[str, ...]:
    """The values that are changed, as an `Intervention` names them.

    Example:
        >>> names([{"role": "input", "name": "x"}, {"role": "state", "name": "h"}])
        ('states h', 'inputs')
    """
    states = [f"states {one['name']}" for one in edits if one["role"] == "state"]
    others = [
        said
        for role, said in (("input", "inputs"), ("readout", "readout"))
        if any(one["role"] == role for one in edits)
    ]
    return (*dict.fromkeys(states), *others)


def as_change(rnn, trace, edits: list[dict]):
    """Checked changes as the `change` of a `Replay`: each sets one number of one sample at its timestep."""
    order = {role: list(arrays(rnn, trace, role)) for role in ("state", "readout", "input")}

    def change(t, states, readouts, inputs):
        read = {"state": list(states), "readout": list(readouts), "input": list(inputs)}
        for one in (one for one in edits if one["t"] == t):
            values, place = read[one["role"]], order[one["role"]].index(one["name"])
            values[place] = _with_number(values[place], one)
        return read["state"], read["readout"], read["input"]

    return change


def _with_number(tensor, one):
    array = np.array(ops.convert_to_numpy(tensor))
    array[(one["sample"], *_place(array.shape[1:], one["unit"]))] = one["value"]
    return ops.convert_to_tensor(array, tensor.dtype)


def _place(shape, unit):
    # The inspector lays an image out with its channels side by side: (height, channels, width).
    if len(shape) != 3:
        return tuple(map(int, np.unravel_index(unit, shape))) if shape else ()
    height, width, channels = shape
    row, channel, column = np.unravel_index(unit, (height, channels, width))
    return int(row), int(column), int(channel)


def _find(rnn, trace, name, role=None):
    check_name("value", name)
    if role is not None and (not isinstance(role, str) or role not in ROLES):
        raise ValueError(
            message(
                "A timestep reads nothing in this role.",
                received=f"role={told(role)}",
                expected=f"one of {', '.join(map(repr, ROLES))}, or None for any",
                fix="role=None",
            )
        )
    roles = ROLES if role is None else (role,)
    known = [(kind, full) for kind in roles for full in arrays(rnn, trace, kind)]
    found = [pair for pair in known if pair[1] == name]
    found = found or [pair for pair in known if pair[1].endswith(f"/{name}")]
    if len(found) == 1 or (found and found[0][1] == name):
        return found[0]
    raise ValueError(
        message(
            f"{'Several values that a timestep reads end' if found else 'No value that a timestep reads is'} "
            f"{'with' if found else 'called'} {name!r}.",
            received=f"name={name!r}",
            expected=f"one of {', '.join(f'{full!r} ({kind})' for kind, full in found or known)}",
            fix=f"name={(found or known)[0][1]!r}" if known else "change a model that reads something",
        )
    )


def _check_unit(unit, size, name):
    if isinstance(unit, bool) or not isinstance(unit, (int, np.integer)) or not 0 <= unit < size:
        raise ValueError(
            message(
                f"{name!r} has no such unit.",
                received=f"unit={told(unit)}",
                expected=f"a whole number from 0 to {size - 1}",
                fix="unit=0",
            )
        )


def _check_value(value, whole):
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if is_number and math.isfinite(value) and (not whole or float(value).is_integer()):
        return
    text = message(
        "This cannot be the new value.",
        received=f"value={told(value)}",
        expected="a whole number, as this value holds" if whole else "a finite number",
        fix="value=1" if whole else "value=1.0",
    )
    raise ValueError(text) if is_number else TypeError(text)
