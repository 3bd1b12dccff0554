"""The letters that the literature uses for the parts of a cell: `i` for an input gate."""

from collections.abc import Iterable

_LETTERS = {
    "input_gate": "i",
    "forget_gate": "f",
    "output_gate": "o",
    "update_gate": "z",
    "reset_gate": "r",
    "attention": "alpha",
}


def book_letters(names: Iterable[str]) -> dict[str, str]:
    """name -> letter, for those of some names that have one.

    A candidate is `g` in an LSTM and `n` beside an update gate, in a GRU.

    Example:
        >>> book_letters(["update_gate", "candidate", "h"])
        {'update_gate': 'z', 'candidate': 'n'}

    Args:
        names: of the values of one cell, or of one step.
    """
    names = list(names)
    letters = {**_LETTERS, "candidate": "n" if "update_gate" in names else "g"}
    return {name: letters[name] for name in names if name in letters}
