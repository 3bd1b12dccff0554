"""The letters of an equation: how a value or a weight is called in a formula and in plain text."""

import re

GREEK = set(
    [
        "alpha",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "eta",
        "theta",
        "iota",
        "kappa",
        "lambda",
        "mu",
        "nu",
        "xi",
        "pi",
        "rho",
        "sigma",
        "tau",
        "phi",
        "chi",
        "psi",
        "omega",
    ]
)


def symbol(name: str, *, time: str | None = None, under: str = "") -> tuple[str, str]:
    """A name as a symbol: in LaTeX, and as text.

    Example:
        >>> symbol("f", time="t"), symbol("h", time="t-1"), symbol("alpha")
        (('f_{t}', 'f_t'), ('h_{t-1}', 'h_{t-1}'), ('\\\\alpha', 'alpha'))

    Args:
        name: as the step has it.
        time: the time index, `t` or `t-1`.
        under: a further index, before the time.
    """
    base, number = _split(name)
    index = [part for part in (number, under, time) if part]
    latex = _letters(base)
    written = base
    if index:
        latex += "_{" + ", ".join(_index(part) for part in index) + "}"
        joined = ",".join(index)
        written += f"_{joined}" if len(joined) == 1 or re.fullmatch(r"\w+", joined) else f"_{{{joined}}}"
    return latex, written


def _split(name):
    found = re.fullmatch(r"([^\W\d_]+)_?(\d+)", name)
    return found.groups() if found else (name, "")


def _letters(base):
    if base.lower() in GREEK and base not in ("Alpha",):
        return f"\\{base}" if base.islower() else f"\\{base.capitalize()}"
    if len(base) == 1:
        return base if base.isalnum() else r"\_"
    return f"\\mathrm{{{plain(base)}}}"


def _index(part):
    if part in GREEK:
        return f"\\{part}"
    short = len(part) <= 1 or part == "t-1" or part.isdigit()
    return part if short else f"\\mathrm{{{plain(part)}}}"


def plain(text: str) -> str:
    """A name as LaTeX shows it letter by letter: nothing in it is a command."""
    special = {"\\": r"\backslash ", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%"}
    special |= {"_": r"\_", "^": r"\hat{}", "~": r"\sim ", "<": r"\lt ", ">": r"\gt "}
    return "".join(special.get(letter, letter) for letter in text)
