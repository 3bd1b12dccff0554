"""Series in the forms that users have them in, as a list of arrays `(time, features)`."""

import numpy as np

from rshop.errors import message, told


def as_series(series, what: str = "series") -> list[np.ndarray]:
    """One series or several, checked, each as an array `(time, features)` of float32.

    Example:
        >>> [one.shape for one in as_series([1.0, 2.0, 4.0])]
        [(3, 1)]
        >>> [one.shape for one in as_series([np.ones(5), np.ones(7)])]
        [(5, 1), (7, 1)]

    Args:
        series: `(time,)`, `(time, features)` or `(batch, time, features)`; or a list of arrays of the first
            two kinds, whose lengths may differ.
        what: its name in an error.

    Raises:
        TypeError: no numbers.
        ValueError: another rank, no timestep, no feature, another number of features, or a number that is
            missing (NaN) or infinite.
    """
    several = isinstance(series, (list, tuple)) and len(series) > 0 and all(np.ndim(s) > 0 for s in series)
    if several:
        made = [_one(one, f"{what}[{i}]") for i, one in enumerate(series)]
    else:
        array = _numbers(series, what)
        if array.ndim == 3 and array.shape[0] > 0:
            made = [_one(one, f"{what}[{i}]") for i, one in enumerate(array)]
        else:
            made = [_one(array, what)]
    sizes = {one.shape[1] for one in made}
    if len(sizes) > 1:
        raise ValueError(
            message(
                "All series have the same features.",
                received=f"series of {', '.join(map(str, sorted(sizes)))} features",
                expected="as many features in each",
                fix="give arrays (time, features) of one width",
            )
        )
    return made


def as_known(known, series: list, features: int, *, ahead: int) -> list[np.ndarray] | None:
    """The known inputs of each series, an array `(time + ahead or more, features)` each; None without any.

    Args:
        known: in the forms of a series. One for all series, `(time, features)`, serves each of them.
        series: what `as_series` returned.
        features: the number of known inputs that the model was made for.
        ahead: the number of timesteps that have to be known after the end of each series.

    Raises:
        ValueError: none where there should be some, or of another size.
    """
    if features == 0 or known is None:
        if (features == 0) == (known is None):
            return None
        raise ValueError(
            message(
                f"The model reads {features} known inputs at each timestep.",
                received=f"known={told(known)}",
                expected=f"an array (time, {features})" if features else "none",
                fix="known=calendar" if features else "Forecaster(..., known_future=k) for k known inputs",
            )
        )
    made = as_series(known, "known")
    if len(made) == 1:
        made = made * len(series)
    if len(made) != len(series) or made[0].shape[1] != features:
        raise ValueError(
            message(
                "The known inputs do not belong to these series.",
                received=f"known inputs of {len(made)} series, with {made[0].shape[1]} features",
                expected=f"one for all series or {len(series)}, with known_future={features} features",
                fix="give known as (time, features), or one for each series",
            )
        )
    for one, its in zip(series, made, strict=True):
        if len(its) < len(one) + ahead:
            raise ValueError(
                message(
                    "The known inputs end too early.",
                    received=f"known inputs of {len(its)} timesteps for a series of {len(one)}",
                    expected=f"at least {len(one) + ahead}"
                    + (f": the series and the {ahead} timesteps after it" if ahead else ""),
                    fix=f"give {len(one) + ahead - len(its)} timesteps more",
                )
            )
    return made


def check_long_enough(series: list, least: int, why: str):
    """That each series has this number of timesteps.

    Raises:
        ValueError: one is shorter.
    """
    short = [(i, len(one)) for i, one in enumerate(series) if len(one) < least]
    if short:
        i, length = short[0]
        raise ValueError(
            message(
                "A series is too short.",
                received=f"series {i} of {length} timesteps",
                expected=f"at least {least}: {why}",
                fix="give a longer series, or make the Forecaster with a smaller window=",
            )
        )


def check_features(found: int, features: int | None):
    """That series have as many features as those that the model was built for, if it was.

    Raises:
        ValueError: they have not.
    """
    if features is not None and found != features:
        raise ValueError(
            message(
                f"The Forecaster was fitted to series of {features} features.",
                received=f"series of {found} features",
                expected=f"(time, {features})",
                fix="give the same features, or fit a new Forecaster",
            )
        )


def _one(series, what):
    given = _numbers(series, what)
    array = given[:, None] if given.ndim == 1 else given
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(
            message(
                f"`{what}` is no series.",
                received=told(given),
                expected="(time,), (time, features) or (batch, time, features), and at least one timestep",
                fix="values[:, :, None] for several series of one feature",
            )
        )
    _check_finite(array, what)
    return array


def _numbers(values, what):
    try:
        array = np.asarray(values)
        if array.ndim == 0 or array.dtype.kind not in "iufbO":
            raise TypeError
        return array.astype("float32")
    except (TypeError, ValueError, OverflowError):
        raise TypeError(
            message(
                f"`{what}` holds the values of a series.",
                received=f"{what}={told(values)}",
                expected="real numbers, (time,), (time, features) or (batch, time, features)",
                fix="np.asarray(values, 'float32')",
            )
        ) from None


def _check_finite(array, what):
    wrong = np.argwhere(~np.isfinite(array))
    if len(wrong):
        t, feature = wrong[0]
        raise ValueError(
            message(
                f"`{what}` has {len(wrong)} values that are missing or infinite.",
                received=f"{array[t, feature]} at timestep {t} of feature {feature}",
                expected="a number at each timestep",
                fix="fill gaps first, np.interp(t, t[there], values[there]), or cut the series there",
            )
        )
