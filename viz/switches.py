"""Options that are on or off."""

from rshop.errors import message, told


def check_switch(name: str, value, *, or_none: bool = False):
    """That an option is True or False; or None, where that lets the layer decide.

    Example:
        >>> check_switch("schedule", True)

    Raises:
        TypeError: something else, such as a word, which would count as True whatever it says.
    """
    if isinstance(value, bool) or (or_none and value is None):
        return
    raise TypeError(
        message(
            f"`{name}` is on or off.",
            received=f"{name}={told(value)}",
            expected="True, False or None" if or_none else "True or False",
            fix=f"{name}=True",
        )
    )


def check_label(label):
    """That the name of a line is a text, or None for none.

    Example:
        >>> check_label("LSTM")

    Raises:
        TypeError: something else.
    """
    if label is None or isinstance(label, str):
        return
    raise TypeError(
        message(
            "`label` is the name of a line.",
            received=f"label={told(label)}",
            expected="a text, or None",
            fix="label='LSTM'",
        )
    )
