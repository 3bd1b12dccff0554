"""Checks of a call of the inspector, before anything runs: the input, the labels, the size."""

import math

import numpy as np

from rshop.errors import message, told
from viz.inspector.payload.run_values import flatten
from viz.style.encodable_text import is_text, visible

#: The inspector's own arguments, beside those of the layer's call.
INSPECTOR = ("labels", "sample", "megabytes")


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


def read_labels(labels, batch: int, steps: int, backwards: bool = False) -> list[list[str]] | None:
    """A text for each timestep of each sample, in the order of processing; None for none.

    Example:
        >>> read_labels([3, 1, 2], batch=2, steps=3)  # token ids, of both samples alike
        [['3', '1', '2'], ['3', '1', '2']]

    Raises:
        TypeError: no list.
        ValueError: another number of labels than of timesteps.
    """
    if labels is None:
        return None
    text = {"expected": f"a list of {steps} strings or numbers, or {batch} such lists"}
    text["fix"] = "labels=[vocabulary[i] for i in ids[0]]"
    try:
        listed = list(labels)
        rows = [listed] * batch if all(map(is_text, listed)) else [list(row) for row in listed]
    except Exception:  # noqa: BLE001  (a tensor without values raises errors of its own)
        rows = [[None]]
    if not all(is_text(label) for row in rows for label in row):
        problem = "`labels` is no list of labels."
        raise TypeError(message(problem, received=f"labels={told(labels)}", **text))
    if len(rows) != batch or any(len(row) != steps for row in rows):
        problem = "`labels` does not have one label for each timestep."
        lengths = f"labels of lengths {[len(row) for row in rows]}"
        raise ValueError(message(problem, received=lengths, **text))
    rows = [[visible(label) for label in row] for row in rows]
    return [row[::-1] for row in rows] if backwards else rows
