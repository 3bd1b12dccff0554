"""The timesteps that an unrolled drawing shows: all of a few, else the first, the last and a window."""

from numbers import Integral

from rshop.errors import message, told

#: The text in place of timesteps that are left out.
DOTS = "…"
_MOST, _WINDOW = 5, 8


def shown(steps: int, focus=None) -> list[int | None]:
    """The timesteps from left to right, None where some are left out.

    Example:
        >>> shown(4), shown(50), shown(50, focus=(20, 21))
        ([0, 1, 2, 3], [0, 1, None, 49], [0, None, 20, 21, None, 49])

    Args:
        steps: the number of timesteps.
        focus: a timestep, or the first and last of some.

    Raises:
        TypeError, ValueError: no number of timesteps, or a focus outside them.
    """
    _check_steps(steps)
    if focus is None:
        times = range(steps) if steps <= _MOST else [0, 1, steps - 1]
    else:
        first, last = _window(focus, steps)
        times = sorted({0, *range(first, last + 1), steps - 1})
    found, before = [], -1
    for t in times:
        found += [None, t] if t > before + 1 else [t]
        before = t
    return found


def written(t: int | None, steps: int, back: int = 0) -> str:
    """The text of a timestep: the last one of many is `T-1`, whatever its number.

    Example:
        >>> written(3, 4), written(49, 50), written(49, 50, back=1)
        ('3', 'T-1', 'T-2')
    """
    if t is None:
        return DOTS
    if steps > _MOST and t == steps - 1:
        return f"T-{1 + back}"
    return str(t - back)


def _check_steps(steps):
    text = message(
        "A number of timesteps is a whole number of at least 1.",
        received=f"steps={told(steps)}",
        expected="an int >= 1",
        fix="steps=4",
    )
    if not isinstance(steps, Integral) or isinstance(steps, bool):
        raise TypeError(text)
    if steps < 1:
        raise ValueError(text)


def _window(focus, steps):
    ends = [focus, focus] if isinstance(focus, Integral) else list(focus) if _is_several(focus) else []
    whole = len(ends) > 0 and all(isinstance(t, Integral) and not isinstance(t, bool) for t in ends)
    text = message(
        "The focus is a timestep of the drawing, or the first and last of some.",
        received=f"focus={told(focus)} with steps={steps}",
        expected=f"an int or a pair (first, last) from 0 to {steps - 1}, at most {_WINDOW} timesteps",
        fix=f"focus={steps // 2}",
    )
    if not whole or isinstance(focus, bool):
        raise TypeError(text)
    first, last = int(ends[0]), int(ends[-1])
    if not 0 <= first <= last < steps or last - first >= _WINDOW:
        raise ValueError(text)
    return first, last


def _is_several(focus):
    return isinstance(focus, (tuple, list, range))
