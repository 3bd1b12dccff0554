"""`gates`: how far gates are open over time, and whether they are stuck."""

import numpy as np

from rshop import Trace
from rshop.errors import message, told
from viz.plots.series import Series, check_trace, series
from viz.style import palette, plot_axes, ticks
from viz.style.colour_matrix import range_text
from viz.style.readable import text_colour

#: A gate below counts as closed, above as open (as in Karpathy et al., 2015).
CLOSED, OPEN = 0.1, 0.9


def gates(trace: Trace, names=None, *, ax=None):
    """The saturation of gates over time: which part of them is closed, and which is open.

    One band a gate. Its dark part, from below, is the fraction of units and samples under 0.1
    (closed, "left-saturated"); its bright part, from above, the fraction over 0.9 (open,
    "right-saturated"); the grey between is the rest. Masked timesteps do not count.

    Example:
        >>> ax = viz.gates(rshop.trace(lstm, x))
        >>> [label.get_text() for label in ax.get_yticklabels()]
        ['input gate', 'forget gate', 'output gate']

    Args:
        trace: what `rshop.trace` returned.
        names: the values to draw, `(batch, time, ...)`; None takes every value of the trace that
            lies within 0 and 1, whatever cell it is from. One that is stuck at a number is drawn too,
            and the note names it. Of one timestep what is 0 throughout is left out: a first state of
            zeros makes many such.
        ax: matplotlib axes to draw on.

    Returns:
        The axes; the numbers are those of `saturation`.

    Raises:
        TypeError: not a trace, or no names.
        ValueError: no such name, no name at all, no value within 0 and 1, or a named one that leaves it.

    Source:
        A. Karpathy, J. Johnson and L. Fei-Fei, Visualizing and understanding recurrent networks,
        2015.
    """
    check_trace(trace)
    chosen = _find(trace) if names is None else [series(trace, n) for n in _listed(names)]
    for gate in chosen:
        _check_gate(gate)
    ax = plot_axes.axes(ax, size=(7.2, 1.5 + 0.9 * len(chosen)))
    for row, gate in enumerate(reversed(chosen)):
        _draw_band(ax, row, gate)
    _label(ax, chosen)
    return ax


def saturation(values, mask=None) -> tuple[np.ndarray, np.ndarray]:
    """At each timestep, the fraction below 0.1 and the fraction above 0.9.

    Example:
        >>> saturation(np.array([[[0.0, 0.5]], [[0.95, 0.99]]]))  # two samples, one timestep
        (array([0.25]), array([0.5]))

    Args:
        values: `(batch, time, ...)`; NaN is neither.
        mask: booleans `(batch, time)`; a timestep at which no sample counts gives NaN.
    """
    values = np.asarray(values, dtype="float64")
    values = values.reshape(*values.shape[:2], -1)
    counts = np.ones(values.shape[:2], bool) if mask is None else np.asarray(mask, bool)
    total = counts.sum(axis=0) * values.shape[-1]
    with np.errstate(invalid="ignore"):
        return tuple(
            (here & counts[..., None]).sum(axis=(0, 2)) / np.where(total, total, np.nan)
            for here in (values < CLOSED, values > OPEN)
        )


def _listed(names):
    try:
        listed = [names] if isinstance(names, str) else list(names)
    except Exception:  # noqa: BLE001  (a tensor without values raises errors of its own)
        listed = None
    if listed is not None and (isinstance(names, dict) or not all(isinstance(n, str) for n in listed)):
        listed = None
    if not listed:
        raise (TypeError if listed is None else ValueError)(
            message(
                "There is no gate to draw among these names.",
                received=f"names={told(names)}",
                expected="a list of names of values, one at least",
                fix="names=['forget_gate'], or leave names out",
            )
        )
    return listed


def _find(trace) -> list[Series]:
    found: list[Series] = []
    for name in trace.names:
        gate = series(trace, name)
        # Two gates that are stuck at the same number are still two gates.
        repeated = not _is_stuck(gate.values) and any(
            np.array_equal(gate.values, other.values, equal_nan=True) for other in found
        )
        if _is_gate(gate.values, trace[name].dtype) and not repeated:
            found.append(gate)
    if not found:
        raise ValueError(
            message(
                "No value of this trace stays within 0 and 1: there is no gate to draw.",
                received=f"values named {trace.names}",
                expected="a value such as a sigmoid's or a softmax's",
                fix="give names=[...] of values within 0 and 1, or draw others with viz.heatmap",
            )
        )
    return found


def _is_gate(values, dtype) -> bool:
    finite = values[np.isfinite(values)]
    if not finite.size or finite.min() < 0 or finite.max() > 1:
        return False
    whole_or_zero = dtype.kind in "biu" or (values.shape[1] == 1 and not finite.any())
    return not (whole_or_zero and _is_stuck(values))


def _is_stuck(values) -> bool:
    finite = values[np.isfinite(values)]
    return finite.size > 0 and np.ptp(finite) == 0


def _check_gate(gate):
    finite = gate.values[np.isfinite(gate.values)]
    if finite.size and (finite.min() < 0 or finite.max() > 1):
        raise ValueError(
            message(
                f"{gate.name!r} is no gate: it leaves 0 to 1.",
                received=range_text(finite),
                expected="values within 0 and 1",
                fix=f"viz.heatmap(trace, {gate.name!r})",
            )
        )


def _draw_band(ax, row, gate):
    closed, opened = saturation(gate.values, None if gate.first else gate.mask)
    height, base = 0.8, row + 0.1
    edges = np.append(gate.times, gate.times[-1] + 1) - 0.5
    ends = base + height * closed, base + height * (1 - opened)
    for low, high, colour in (
        (np.full_like(closed, base), ends[0], "#440154"),
        (ends[0], ends[1], "#E4E7EB"),
        (ends[1], np.full_like(closed, base + height), "#FDE725"),
    ):
        ax.stairs(high, edges, baseline=low, fill=True, color=colour)
    odd = np.argwhere(~np.isfinite(gate.values).all(axis=(0, *range(2, gate.values.ndim))))[:, 0]
    ax.scatter(gate.times[odd], np.full(len(odd), row + 0.5), marker="x", color=palette.INK, s=30)
    counted = np.isfinite(closed)
    if not counted.any():
        return
    ax.annotate(
        f"{opened[counted].mean():.0%} open\n{closed[counted].mean():.0%} closed",
        (1.01, row + 0.5),
        xycoords=("axes fraction", "data"),
        va="center",
        fontsize=plot_axes.text_size(0.875),
        color=text_colour(),
    )


def _label(ax, chosen):
    from matplotlib.patches import Patch

    every = [gate.said.replace("_", " ") for gate in chosen]
    names = [plot_axes.short(name, max(12, plot_axes.letters_across(ax, 2.8)), every) for name in every]
    ax.set_yticks(np.arange(len(names)) + 0.5, reversed(names))
    ax.set(ylim=(0, len(names)), xlim=(min(g.first for g in chosen) - 0.5, chosen[0].times[-1] + 0.5))
    ax.tick_params(axis="y", length=0)
    ticks.time_axis(ax, min(g.first for g in chosen))
    ax.spines[["top", "right", "left"]].set_visible(False)
    note = range_text(np.concatenate([gate.values.ravel() for gate in chosen]))
    stuck = [name for name, gate in zip(names, chosen, strict=True) if _is_stuck(gate.values)]
    # A single number does not show that a gate is stuck.
    note += f"; never changing: {', '.join(stuck)}" if stuck and chosen[0].values.size > 1 else ""
    plot_axes.title(ax, "How open the gates are", note)
    keys = {"over 0.9 (open)": "#FDE725", "between": "#E4E7EB", "under 0.1 (closed)": "#440154"}
    plot_axes.legend_below(ax, handles=[Patch(color=colour, label=text) for text, colour in keys.items()])
