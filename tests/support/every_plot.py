"""Every plot by name, on a run of its own; and what its tick labels must not do."""

import viz
from rshop import trace
from tests.support.cells import draws
from tests.support.traces import X, long_state, lstm_with, made, softmax

PLOTS = {
    "heatmap": lambda **ax: viz.heatmap(long_state(), "s", **ax),
    "trajectory": lambda **ax: viz.trajectory(long_state(), "s", sample=0, **ax),
    "gates": lambda **ax: viz.gates(trace(lstm_with(), X), **ax),
    "input_influence": lambda **ax: viz.input_influence(lstm_with(), X, 4, labels="abcdefg", **ax),
    "attention_map": lambda **ax: viz.attention_map(made(softmax(draws(1, 9, 12))), "v", **ax),
    "eigenvalues": lambda **ax: viz.eigenvalues(lstm_with(), **ax),
    "gradient_flow": lambda **ax: viz.gradient_flow(lstm_with(), X, **ax),
    "compare": lambda **ax: viz.compare(
        long_state(), made(draws(1, 40, 3), states=long_state().states), "s", **ax
    ),
}


def touching(axis):
    """Pairs of neighbouring tick labels of which one lies on the other."""
    shown = [label for label in axis.get_ticklabels() if label.get_text()]
    low, high = sorted(axis.get_view_interval())
    boxes = [label.get_window_extent() for label in shown]
    inside = [
        (label.get_text(), box)
        for label, box, place in zip(shown, boxes, axis.get_ticklocs(), strict=False)
        if low <= place <= high
    ]
    return [(a, b) for (a, one), (b, other) in zip(inside, inside[1:], strict=False) if one.overlaps(other)]
