"""Names of colours, painted letter by letter (lesson 00)."""

import numpy as np

GAP = 0.6  # between the letters and the two large fields at the right
FIELD = 2.6  # how wide these are, in letters


def draw_swatches(names, guesses, truths=None):
    """One row for each name: each letter on the colour guessed after it, then the last guess and the truth.

    Example:
        >>> draw_swatches(["red"], [np.ones((3, 3))], [(0.9, 0.0, 0.0)])
        <Figure size 1400x188 with 1 Axes>

    Args:
        names: the names, strings.
        guesses: for each name the colours after its letters, (letters, 3), from 0 to 1.
        truths: for each name the colour that it should be, (3,), or None where nobody knows.

    Returns:
        The matplotlib figure.
    """
    import matplotlib.pyplot as plt  # not above: `import course` comes before the figure settings

    truths = [None] * len(names) if truths is None else truths
    width = max(map(len, names))
    figure, ax = plt.subplots(figsize=(14, 0.75 * len(names) + 1.1), layout="constrained")
    for row, (name, guess, truth) in enumerate(zip(names, guesses, truths, strict=True)):
        for place, (letter, colour) in enumerate(zip(name, guess, strict=True)):
            _field(ax, place, row, 1, colour, letter)
        _field(ax, width + GAP, row, FIELD, guess[-1], "")
        if truth is not None:
            _field(ax, width + GAP + FIELD, row, FIELD, truth, "")
    heads = [("the guess after each letter", 0, "left"), ("last guess", width + GAP + FIELD / 2, "center")]
    if any(truth is not None for truth in truths):
        heads.append(("people say", width + GAP + 1.5 * FIELD, "center"))
    for words, place, side in heads:
        ax.text(place, -0.2, words, ha=side, va="bottom")
    fields = len(heads) - 1
    ax.set_xlim(-0.1, width + GAP + fields * FIELD + 0.1)
    ax.set_ylim(len(names), -0.8)
    ax.axis("off")
    return figure


def _field(ax, left, row, width, colour, letter):
    import matplotlib.pyplot as plt

    colour = np.clip(colour, 0, 1)
    ax.add_patch(plt.Rectangle((left, row), width, 0.85, facecolor=colour, edgecolor="#666666"))
    dark = colour @ [0.3, 0.59, 0.11] < 0.5  # how bright the eye finds red, green and blue
    ink = "white" if dark else "black"
    ax.text(left + width / 2, row + 0.43, letter, ha="center", va="center", color=ink)
