"""Checks of the tensors of a step, before anything is built from them."""

import keras

from rshop.errors import describe, given_name, message, shapes, told
from rshop.structure import agree, flat


def pair_states(states, next_states) -> tuple:
    """The names (None where a list was given), the states and their next values, in pairs.

    Raises:
        TypeError, ValueError: they are no Keras tensors, or no pairs.
    """
    for what, value in (("initial_states", states), ("final_states", next_states)):
        check_tensors(what, value, optional=True)
    names = None
    if isinstance(states, dict):
        if not isinstance(next_states, dict) or set(states) != set(next_states):
            names = list(next_states) if isinstance(next_states, dict) else told(next_states)
            raise ValueError(
                message(
                    "`initial_states` and `final_states` do not name the same states.",
                    received=f"final_states={names}",
                    expected=f"a dict with the keys {list(states)}",
                    fix="give `final_states` one entry for each state",
                )
            )
        names = list(states)
        states, next_states = [states[n] for n in names], [next_states[n] for n in names]
    states, next_states = flat(states), flat(next_states)
    if len(states) != len(next_states):
        raise ValueError(
            message(
                "Each state needs its next value.",
                received=f"{len(states)} initial_states ({names_of_states(states)}) and "
                f"{len(next_states)} final_states ({shapes(next_states)})",
                expected="as many final_states as initial_states",
                fix="give `final_states` one tensor for each of `initial_states`, in the same order",
            )
        )
    for i, (before, after) in enumerate(zip(states, next_states, strict=True)):
        check_pair(describe("state", before, i), before, after)
    return names, states, next_states


def check_pair(label: str, before, after):
    """Compare a state with its next value.

    Raises:
        ValueError: they differ in shape, or one is floating and the other is not.
    """
    if not agree(before.shape, after.shape):
        raise ValueError(
            message(
                f"The {label} changes its shape within a timestep.",
                received=f"final state of shape {tuple(after.shape)}",
                expected=f"shape {tuple(before.shape)}",
                fix="make the next state as large as the state, for example with a Dense layer",
            )
        )
    is_float = keras.backend.is_float_dtype
    if is_float(before.dtype) != is_float(after.dtype):
        raise ValueError(
            message(
                f"The {label} changes its kind within a timestep.",
                received=f"a next state of dtype {after.dtype}",
                expected=f"dtype {before.dtype}",
                fix="cast the next state with keras.ops.cast",
            )
        )


def check_tensors(what: str, value, optional: bool):
    """Refuse a value that is not made of Keras tensors.

    Raises:
        TypeError: names the argument and what was given.
    """
    if optional and (value is None or flat(value) == []):
        return
    parts = flat(value) or [value]
    wrong = [part for part in parts if not isinstance(part, keras.KerasTensor)]
    if wrong:
        raise TypeError(
            message(
                f"`{what}` is not made of Keras tensors.",
                received=f"{what}={told(wrong[0])}",
                expected="what keras.Input() and Keras layers return",
                fix=f"write the step with keras.Input(...) and pass its tensors as `{what}`",
            )
        )


def check_distinct(starts: list):
    """Refuse an Input that plays two roles in the step.

    Raises:
        ValueError: names the Input.
    """
    seen = set()
    for tensor in starts:
        if id(tensor) in seen:
            raise ValueError(
                message(
                    "One Input is given two parts.",
                    received=f"{describe('tensor', tensor)} twice",
                    expected="each Input once, as input, constant, state or readout_input",
                    fix="make a keras.Input of its own for each part",
                )
            )
        seen.add(id(tensor))


def check_names(names: list[str]):
    """Refuse two states with the same name.

    Raises:
        ValueError: gives the name.
    """
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            message(
                "Two states have the same name.",
                received=f"state names {names}",
                expected="each name once",
                fix=f"rename one keras.Input(..., name={twice[0]!r})",
            )
        )


def names_of_states(states) -> list[str]:
    """State names, from the names of their Inputs: `h_tm1` gives `h`, no name gives `state_0`."""
    # "h_tm1" is the field's name for the value of h at the previous timestep.
    return [(given_name(t) or f"state_{i}").removesuffix("_tm1") for i, t in enumerate(states)]
