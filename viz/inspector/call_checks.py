"""Checks of a call of the inspector, before anything runs: the input, the size."""

import math

import numpy as np

from rshop.errors import message, told
from viz.inspector.payload.run_values import flatten

#: The inspector's own arguments, beside those of the layer's call.
INSPECTOR = ("labels", "output_labels", "sample", "megabytes")


def check_not_empty(x):
    """Check that there is something to run on.

    Example:
        >>> check_not_empty(np.ones((2, 7, 3)))

    Raises:
        ValueError: no timestep or no sample.
    """
    shapes = [np.shape(part) for part in flatten(x)]
    if any(0 in shape[:2] for shape in shapes):
        raise ValueError(
            message(
                "There is nothing to show: the run has no timestep or no sample.",
                received=f"x of shape {', '.join(map(str, shapes))}",
                expected="at least one sample and one timestep",
                fix="give x of shape (batch, time, ...) with batch and time at least 1",
            )
        )


def check_size(megabytes):
    """Check that this is a size.

    Raises:
        TypeError: no number.
        ValueError: a number that no page can have as its size.
    """
    is_number = isinstance(megabytes, (int, float, np.number)) and not isinstance(megabytes, bool)
    if is_number and megabytes > 0 and math.isfinite(megabytes):
        return
    text = message(
        "This is no size for a page.",
        received=f"megabytes={told(megabytes)}",
        expected="a number above 0",
        fix="megabytes=1.0",
    )
    raise ValueError(text) if is_number else TypeError(text)
