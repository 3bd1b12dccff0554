"""What a check hands to the student's function must come back as it was."""

import inspect

import numpy as np

from .outcome import expect


def call_and_compare(answer, args: tuple, kwargs: dict):
    """The student's result; ends the check with `differs` if an array, a list or a dict was changed in place.

    Example:
        >>> call_and_compare(lambda h: h.sort(), (np.array([2, 1]),), {})
        DiffersError: It changes `h`, which it was given, in place. Work on a copy: h.copy().
    """
    named = _named(answer, args, kwargs)
    before = {name: _copy(value) for name, value in named.items()}
    result = answer(*args, **kwargs)
    for name, value in named.items():
        unchanged = _equal(before[name], value)
        expect(
            unchanged, f"It changes `{name}`, which it was given, in place. Work on a copy: {name}.copy()."
        )
    return result


def _named(answer, args, kwargs):
    try:
        return inspect.signature(answer).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):  # a call that cannot be: its error comes from the call itself
        return {}


def _copy(value):
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (list, tuple)):
        return [_copy(part) for part in value]
    if isinstance(value, dict):
        return {key: _copy(part) for key, part in value.items()}
    return value


def _equal(before, now):
    if isinstance(now, np.ndarray):
        same_kind = isinstance(before, np.ndarray) and before.dtype == now.dtype
        return same_kind and np.array_equal(before, now, equal_nan=now.dtype.kind in "fc")
    if isinstance(now, (list, tuple)):
        return len(before) == len(now) and all(map(_equal, before, now))
    if isinstance(now, dict):
        return before.keys() == now.keys() and all(_equal(before[key], now[key]) for key in now)
    # Numbers and words cannot change within a list, only be replaced; everything else is the same object.
    return before is now or (isinstance(now, (bool, int, float, str)) and before == now)
