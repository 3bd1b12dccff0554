"""Checks of the options of a `Forecaster`, and messages for calls that it cannot answer."""

from rshop.errors import message, told

MODES = ("closed", "direct")


def check_mode(mode) -> str:
    """That the mode is one of two.

    Raises:
        TypeError, ValueError: it is not.
    """
    if isinstance(mode, str) and mode in MODES:
        return mode
    raise (ValueError if isinstance(mode, str) else TypeError)(
        message(
            "This is no way to forecast several steps ahead.",
            received=f"mode={told(mode)}",
            expected="'closed' (each forecast is read as the next value) or 'direct' (all at once)",
            fix="mode='closed'",
        )
    )


def not_fitted() -> str:
    """The message for a forecast before `fit`."""
    return message(
        "The Forecaster has seen no series yet.",
        received="predict or backtest before fit",
        expected="a model that was fitted, or loaded",
        fix="model.fit(series, epochs=30)",
    )


def other_horizon(horizon: int, own: int) -> str:
    """The message for another horizon than that of the one matrix."""
    return message(
        "A direct forecast has the horizon that the model was made for.",
        received=f"horizon={horizon}",
        expected=f"{own}",
        fix=f"Forecaster(units, {horizon}, mode='direct'), or mode='closed'",
    )


def no_windows(kept: float) -> str:
    """The message for series of which no window is left to train on, or to validate with."""
    return message(
        "No window is left on one side of the split.",
        received=f"validation_split={kept:g}",
        expected="a share that leaves a window and a horizon to training, and a horizon to validation",
        fix="give longer series, another validation_split, or validation_data=",
    )


def wrong_inputs(given: list, features: "int | str", known: int) -> str:
    """The message for a call with arrays of shapes that do not fit."""
    expected = f"values (batch, time, {features})"
    if known:
        expected = f"[values, known]: {expected}, (batch, time + horizon, {known})"
    fix = "model.predict(series) takes series of any form" + (", with known=" if known else "")
    return message(
        "A call does not fit the model.", received=", ".join(map(str, given)), expected=expected, fix=fix
    )
