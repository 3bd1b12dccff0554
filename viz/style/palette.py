"""Colours: one for each role of a value, the same in every picture, and the colour maps.

No pair of roles differs in red against green alone; with the roles' names beside them they also read
in greyscale. The hues are those of Okabe and Ito (Color universal design, 2008).
"""

from dataclasses import dataclass

import numpy as np

#: The colour map of signed values, centred on zero (with `symmetric_limits`).
SIGNED = "RdBu_r"
#: The colour map of gates and probabilities, from 0 to 1.
GATE = "viridis"
#: The colour map of whole numbers that count or name things (token ids), from the smallest to the largest.
WHOLE = "Greys"
#: The colours of NaN, of infinity, and of the veil over a masked timestep.
NAN, INFINITE, VEIL = "#FF00E5", "#00E5FF", "#9AA5B1"

#: The colours of text and lines, of side remarks, and of the background.
INK = "#1F2933"
QUIET = "#52606D"
PAPER = "#FFFFFF"
#: Lines and text without a background of their own, which are read on white and on dark pages alike.
EITHER = "#6F7985"

#: Colours of lines of equal rank (units, layers), distinct under every kind of colour blindness.
LINES = ("#0072B2", "#E69F00", "#9B51B8", "#56B4E9", "#6F7985", "#A6611A")


@dataclass(frozen=True)
class Colour:
    """How a role looks: `line` for its border and arrows, `fill` behind its `text`."""

    line: str
    fill: str
    text: str = INK


ROLES = {
    "input": Colour("#0072B2", "#DCEBF7"),
    "state": Colour("#B35900", "#FFEBD1"),
    "output": Colour("#9B51B8", "#EFE1F4"),
    "readout": Colour("#9B51B8", "#FFFFFF"),
    "truth": Colour("#6F7985", "#3E4C59", "#FFFFFF"),
    "constant": Colour("#616E7C", "#E8EBEE"),
    "cell": Colour("#323F4B", "#F7F3E3"),
    "layer": Colour("#323F4B", "#FFFFFF"),
    "gate": Colour("#52606D", "#FFFBE0"),
    "operation": Colour("#52606D", "#F5F7FA"),
    "before": Colour("#00735C", "#D9F0E8"),
    "after": Colour("#8A6D00", "#FBF3C4"),
    "group": Colour("#7B8794", "#7B879414", EITHER),
    "masked": Colour("#9AA5B1", "#FFFFFF", QUIET),
    "kept": Colour("#323F4B", "#FFFFFF"),
    "dropped": Colour("#7B8794", "#FFFFFF", QUIET),
}


def colour(role: str) -> Colour:
    """The colour of a role; what has none of its own looks like a layer.

    Example:
        >>> colour("state").line
        '#B35900'
    """
    return ROLES.get(role, ROLES["layer"])


def symmetric_limits(*arrays) -> tuple[float, float]:
    """Limits around zero that hold every finite value, to be shared by pictures that are compared.

    Example:
        >>> symmetric_limits([0.5, -2.0], [1.0, float("nan")])
        (-2.0, 2.0)

    Args:
        *arrays: numbers of any shape; NaN and infinity do not count.

    Returns:
        `(-m, m)`; `(-1.0, 1.0)` where there is nothing but zeros.
    """
    largest = 0.0
    for array in arrays:
        values = np.abs(np.asarray(array, dtype="float64"))
        largest = max(largest, float(np.max(values[np.isfinite(values)], initial=0.0)))
    return (-largest, largest) if largest else (-1.0, 1.0)
