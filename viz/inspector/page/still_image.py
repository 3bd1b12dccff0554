"""The still picture of a run, for print and for where no script runs."""

import io
import textwrap

import numpy as np

from viz.inspector.page import still_strips
from viz.inspector.page.still_choice import COMPARED, DIFFERENCE, called, strips
from viz.inspector.payload.payload import Payload
from viz.style import palette, plot_axes
from viz.style.labels import shorten
from viz.style.plot_axes import figure_size, text_size

_TITLE_LETTERS = 40
# Labels stand at the timesteps, and numbers in the cells, while they have room.
_LABELS, _UPRIGHT, _NUMBERS = 40, 12, (16, 4)

#: How a reader of the still picture gets the one to step through.
INVITATION = (
    "This is a still picture. "
    "To step through the run, run this cell again, or trust the notebook and reopen it."
)
#: The same of an editor.
INVITATION_TO_CHANGE = (
    "This is a still picture: to change numbers, a kernel must run, and the page must show Jupyter widgets. "
    "Run this cell again in JupyterLab, Jupyter Notebook or VS Code."
)


def filmstrip(payload: Payload, invitation: str = INVITATION) -> bytes:
    """The whole run of one sample as a PNG: states, outputs, gates and inputs over time, as heat maps; of two
    runs both, and their difference.

    Example:
        >>> filmstrip(record(rnn, x))[:4]
        b'\\x89PNG'

    Args:
        payload: what `record` returned.
        invitation: how a reader gets the live one.
    """
    out = io.BytesIO()
    still(payload, invitation).savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def still(payload: Payload, invitation: str = INVITATION):
    """The figure of `filmstrip`: it grows with the `font.size` of the user's settings, as other plots do.

    The labels stand at the timesteps, the numbers in the cells where these are few. A note under it names
    what is not shown, counts the numbers that are NaN or infinite, and says how to get the live one.

    Args:
        payload: what `record` returned.
        invitation: how a reader gets the live one.

    Returns:
        A matplotlib figure with one strip a value.
    """
    from matplotlib.figure import Figure

    shown, left = strips(payload)
    # It may be taller than a plot: each strip needs room for the three numbers of its scale.
    size = figure_size((8, 1))[0], text_size(0.075 + 0.075 * max(1, len(shown)))
    figure = Figure(figsize=size, dpi=100, facecolor="white", layout="constrained")
    title = plot_axes.printable(_title(shorten(payload.title, _TITLE_LETTERS), payload))
    figure.suptitle(title, fontsize=text_size(1.1), color=palette.INK)
    if shown:
        axes = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
        names = still_strips.names([strip.names for strip in shown])
        for ax, strip, name in zip(axes, shown, names, strict=True):
            still_strips.draw(ax, strip, name)
            still_strips.veil(ax, _mask(payload))
            if len(strip.table) <= _NUMBERS[1] and payload.steps <= _NUMBERS[0]:
                still_strips.write_numbers(ax, strip)
        axes[-1].xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10])
        axes[-1].set_xlabel("timestep", fontsize=text_size(), color=palette.INK)
        _label_steps(figure, axes[-1], payload)
    _note(figure, payload, (shown, left), invitation)
    return figure


def describe(payload: Payload) -> str:
    """The alternative text of the picture."""
    shown, left = strips(payload)
    names = ", ".join(" = ".join(strip.names) for strip in shown if not strip.below)
    more = f"; {_not_shown(left)}" if left else ""
    both = f". {_of_both(payload, shown)}" if payload.beside else ""
    return (
        f"{_title(payload.title, payload)}: {names} over {payload.steps} timesteps, as heat maps{more}{both}"
    )


def _label_steps(figure, ax, payload):
    # The words below their timesteps, upright where they are wider than these.
    if not payload.labels or payload.steps > _LABELS:
        return
    words = [plot_axes.printable(shorten(word, 2 * _UPRIGHT)) for word in payload.labels[payload.first]]
    room = 0.7 * 72 * figure.get_figwidth() / payload.steps / text_size(0.6)
    upright = max(map(len, words)) > room
    ax.set_xticks(range(payload.steps), words, rotation=90 if upright else 0)
    if upright:  # room for the words below the strips
        longest = min(max(map(len, words)), 2 * _UPRIGHT)
        width, height = figure.get_size_inches()
        figure.set_size_inches(width, height + longest * text_size(0.6) / 72)


def _title(name, payload):
    return f"{name}, sample {payload.samples[payload.first]}"


def _mask(payload):
    return None if payload.mask is None else payload.mask[payload.first]


def _note(figure, payload, chosen, invitation):
    shown, left = chosen
    numbers = np.concatenate([strip.table.ravel() for strip in shown]) if shown else np.zeros(0)
    nan, infinite = int(np.isnan(numbers).sum()), int(np.isinf(numbers).sum())
    mask = _mask(payload)
    said = [f"{nan:,} NaN: magenta"] if nan else []
    said += [f"{infinite:,} infinite: cyan"] if infinite else []
    said += ["hatched: masked"] if mask is not None and not mask.all() else []
    said += [_not_shown(left)] if left else []
    letters = int(72 * figure.get_figwidth() / text_size(0.5))
    notes = [plot_axes.printable("; ".join(said)), invitation] if said else [invitation]
    notes = [plot_axes.printable(_of_both(payload, shown)), *notes] if payload.beside else notes
    text = "\n".join(line for note in notes for line in textwrap.wrap(note, letters))
    figure.supxlabel(text, fontsize=text_size(0.875), color=palette.QUIET)


def _of_both(payload, shown):
    # What the second run is, how its strips are called, and where the two part.
    beside = payload.beside
    parts = beside.partings[payload.first].text
    changes = ": " + "; ".join(one["text"] for one in beside.edits) if beside.edits else ""
    said = f"“{called(payload)[1]}”, {beside.said}{changes}"
    below = [name for strip in shown if strip.below for name in strip.names]
    thirds = {DIFFERENCE: f"the “{DIFFERENCE}”", COMPARED: f"of whole numbers whether they are “{COMPARED}”"}
    third = ", or ".join([text for name, text in thirds.items() if name in below] or [thirds[DIFFERENCE]])
    return f"Below each value: {said}, and {third}. {parts}".rstrip()


def _not_shown(left):
    rest = f" and {len(left) - 3} more" if len(left) > 3 else ""
    return f"not shown: {', '.join(left[:3])}{rest}"
