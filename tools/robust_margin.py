"""How far a claim is from failing, measured where it is made: in the kernel of a lesson, in a test.

`robust_claims` writes calls of `compare`, `close` and `truth` in the place of comparisons. Each gives back
what the comparison itself gives, and adds a line to the file that `$ROBUST_RECORD` names whenever a claim is
new or its margin is the smallest yet.
"""

import json
import operator
import os

import numpy as np

OPERATORS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "is": operator.is_,
    "is not": operator.is_not,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
}

_worst: dict[str, float] = {}


def compare(name: str, left, sign: str, right, border: str = "right"):
    """The value of `left sign right`, whose margin is kept under this name.

    Example:
        >>> compare("01: 3 < 4", 3, "<", 4)
        True

    Args:
        border: which side is the limit that the other one may not cross, `"left"` or `"right"`.
    """
    result = OPERATORS[sign](left, right)
    record(name, *margin_of(left, sign, right, border), holds=_all(result))
    return result


def close(name: str, function, *args, **options):
    """The value of `np.allclose(...)` or `np.isclose(...)`; the margin is what is left of the tolerance."""
    result = function(*args, **options)
    left, right, *more = args
    rtol, atol = (*more, 1e-5, 1e-8)[:2] if len(more) != 1 else (more[0], 1e-8)
    rtol, atol = options.get("rtol", rtol), options.get("atol", atol)
    record(name, "tolerance", 1 - share_of_tolerance(left, right, rtol, atol), holds=_all(result))
    return result


def truth(name: str, value):
    """The value as it is; a claim that is true or false has no margin."""
    record(name, "exact", None, holds=_all(value))
    return value


def margin_of(left, sign: str, right, border: str = "right") -> tuple[str, float | None]:
    """(kind, margin): the part of the limit that is left, negative when it is crossed; `None` when exact.

    Example:
        >>> margin_of(3, "<", 4)
        ('relative', 0.25)

    Returns:
        `"relative"`: the smallest distance, as a part of the limit. `"absolute"`: the distance, where the
        limit is 0. `"exact"`: equality, words, membership. `"exact floats"`: numbers with a last bit that
        are asked to be equal.
    """
    numbers = [_numbers(side) for side in (left, right)]
    if sign not in ("<", "<=", ">", ">=") or None in map(_kind_of, numbers):
        floats = sign == "==" and "f" in map(_kind_of, numbers)
        return ("exact floats" if floats else "exact"), None
    left, right = (np.asarray(each, "float64") for each in numbers)
    distance = right - left if sign.startswith("<") else left - right
    limit = np.abs(left if border == "left" else right)
    if not distance.size:
        return "exact", None
    if np.any(limit == 0) or not np.all(np.isfinite(limit)):
        return "absolute", float(np.min(distance))
    return "relative", float(np.min(distance / limit))


def share_of_tolerance(actual, desired, rtol: float, atol: float) -> float:
    """The largest difference as a part of what is allowed: 1.0 is the border, above it fails.

    Example:
        >>> share_of_tolerance([1.0], [1.5], rtol=0, atol=1)
        0.5
    """
    numbers = [_numbers(side) for side in (actual, desired)]
    if None in map(_kind_of, numbers):
        return 0.0
    actual, desired = (np.asarray(each, "complex128" if _complex(each) else "float64") for each in numbers)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = np.abs(actual - desired)
        allowed = atol + rtol * np.abs(desired)
        shares = np.where(difference == 0, 0.0, difference / allowed)
    # Infinities and NaN in the same place count as equal, as NumPy counts them.
    shares = shares[np.isfinite(shares)] if np.any(allowed > 0) else shares
    return float(np.max(shares)) if np.size(shares) else 0.0


def record(name: str, kind: str, margin: float | None, *, holds: bool):
    """Add a line to `$ROBUST_RECORD`, unless this claim was already measured with as small a margin."""
    worst = _worst.get(name)
    size = -np.inf if not holds else np.inf if margin is None else margin
    if worst is not None and size >= worst:
        return
    _worst[name] = size
    line = {"name": name, "kind": kind, "margin": margin, "holds": bool(holds)}
    with open(os.environ["ROBUST_RECORD"], "a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _numbers(value):
    # Tensors and variables too; what is no array of numbers stays what it is.
    try:
        return np.asarray(value)
    except (TypeError, ValueError):
        return np.asarray(None)


def _kind_of(array):
    kind = array.dtype.kind
    if kind == "V":  # bfloat16 and its like
        return "f"
    return kind if kind in "iufc" else None


def _complex(array):
    return array.dtype.kind == "c"


def _all(value) -> bool:
    try:
        return bool(np.all(value))
    except (TypeError, ValueError):
        return bool(value)
