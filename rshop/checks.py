"""Checks of arguments of many callables: a switch, a number, a count, a seed, `training`, a timestep."""

import contextlib
import math
import sys
from numbers import Integral, Real

import numpy as np
from keras import ops

from rshop.errors import message, told


def check_switch(name: str, value, *, or_none: bool = False, among: list[str] | None = None):
    """Check that an option is True or False, or None where the layer may decide.

    Example:
        >>> check_switch("schedule", True)

    Args:
        name, value: the switch.
        or_none: also accept None, which lets the layer decide.
        among: the names of all switches, which the message then lists.

    Raises:
        TypeError: something else: a string, for one, counts as True whatever it says.
    """
    if isinstance(value, bool) or (or_none and value is None):
        return
    raise TypeError(
        message(
            f"`{name}` is on or off.",
            received=f"{name}={told(value)}",
            expected=("True, False or None" if or_none else "True or False")
            + (f" for {', '.join(among)}" if among else ""),
            fix=f"{name}=True",
        )
    )


def check_count(name: str, value, meaning: str, *, least: int = 1) -> int:
    """A count, checked: a whole number from `least` to 2 ** 31 - 1, the largest that TensorFlow has.

    Example:
        >>> check_count("units", 10, "number of units")
        10

    Raises:
        TypeError: not a whole number.
        ValueError: a number out of this range.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if whole and least <= value < 2**31:
        return int(value)
    kind = ValueError if whole else TypeError
    raise kind(
        message(
            f"`{name}` is the {meaning}.",
            received=f"{name}={told(value)}",
            expected=f"a whole number of at least {least}",
            fix=f"{name}={10 * least}",
        )
    )


def check_training(training):
    """The `training` argument of a call, checked: a bool, or None where the layers of the step decide.

    Raises:
        TypeError: something else.
    """
    if training is None:
        return None
    if isinstance(training, (bool, np.bool_)) or (isinstance(training, Integral) and training in (0, 1)):
        return bool(training)
    if ops.is_tensor(training) and training.shape == () and "bool" in str(training.dtype):
        with contextlib.suppress(TypeError):  # its value is known when the graph runs
            return bool(training)
    check_switch("training", training, or_none=True)


def check_length(length):
    """A number of timesteps, checked: a whole number of at least 1, or a scalar tensor.

    Raises:
        TypeError: not a number.
        ValueError: a number below 1.
    """
    is_array = ops.is_tensor(length) or isinstance(length, np.ndarray)
    if is_array and length.shape == () and "int" in str(length.dtype):
        try:
            length = int(length)
        except TypeError:
            return length  # its value is known when the graph runs
    return check_count("output_length", length, "number of timesteps")


def check_sample(sample, batch: int) -> int:
    """Check that the batch has this sample, and return it as an int.

    Raises:
        ValueError: it has not.
    """
    whole = isinstance(sample, (int, np.integer)) and not isinstance(sample, bool)
    if not whole or not 0 <= sample < batch:
        raise ValueError(
            message(
                "There is no such sample in the batch.",
                received=f"sample={told(sample)}",
                expected=f"a whole number from 0 to {batch - 1}",
                fix="sample=0",
            )
        )
    return int(sample)


def check_timestep(t, steps: int) -> int:
    """The number of a timestep, counted from the start; a negative one is counted from the end.

    Example:
        >>> check_timestep(-1, steps=7)
        6

    Raises:
        ValueError: there is no such timestep.
    """
    if isinstance(t, (bool, np.bool_)) or not isinstance(t, (int, np.integer)) or not -steps <= t < steps:
        raise ValueError(
            message(
                "There is no such timestep.",
                received=f"timestep {told(t)}",
                expected=f"a whole number from 0 to {steps - 1}, or from -{steps} to -1 counted from the end",
                fix=f"use {steps - 1} for the last timestep",
            )
        )
    return int(t) % steps


def check_number(
    name: str,
    value,
    meaning: str,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    most: float = math.inf,
) -> float:
    """A finite number, checked, and that it is in its range.

    Example:
        >>> check_number("temperature", 1, "what the log-probabilities are divided by", above=0)
        1.0

    Raises:
        TypeError: not a number.
        ValueError: infinite, no number at all (NaN), or out of the range.
    """
    real = isinstance(value, Real) and not isinstance(value, (bool, np.bool_))
    # A whole number may be larger than any float.
    if real and abs(value) <= sys.float_info.max and above < value and least <= value <= most:
        return float(value)
    limits = {"above": above, "of at least": least, "at most": most}
    told_limits = [f"{word} {limit:g}" for word, limit in limits.items() if math.isfinite(limit)]
    raise (ValueError if real else TypeError)(
        message(
            f"`{name}` is the {meaning}.",
            received=f"{name}={told(value)}",
            expected=" ".join(["a number", " and ".join(told_limits)]).strip(),
            fix=f"{name}=1.0",
        )
    )


def check_rate(name: str, value, meaning: str) -> float:
    """The probability of dropping something, checked: a number from 0 on and below 1.

    Example:
        >>> check_rate("rate", 0.5, "probability that a state stays")
        0.5

    Raises:
        TypeError: not a number.
        ValueError: out of this range.
    """
    real = isinstance(value, Real) and not isinstance(value, bool)
    if real and 0 <= value < 1:
        return float(value)
    raise (ValueError if real else TypeError)(
        message(
            f"`{name}` is the {meaning}.",
            received=f"{name}={told(value)}",
            expected="a number from 0 to 1, and not 1 itself",
            fix=f"{name}=0.5",
        )
    )


def check_seed(seed) -> int | None:
    """A seed for draws, checked: a whole number of at most 32 bits, or None.

    Raises:
        TypeError: not a whole number.
        ValueError: a number of more bits.
    """
    whole = isinstance(seed, Integral) and not isinstance(seed, bool)
    if seed is None or (whole and -(2**31) <= seed < 2**32):
        return None if seed is None else int(seed)
    raise (ValueError if whole else TypeError)(
        message(
            "A seed is a whole number.",
            received=f"seed={told(seed)}",
            expected="an int of at most 32 bits, or None for a seed of its own",
            fix="seed=0",
        )
    )
