"""See a recurrent network: its step, the flow over time, and every value while it runs.

Diagrams of a layer: `draw_step` (one timestep), `draw_unrolled` (the flow over time); of a beam search:
`beam_tree`. All of them return a `Figure`.
A run, timestep by timestep: `inspect` (every value in view), `edit` (change one and see both futures),
`intervene` (the same as numbers).
One timestep as formulas: `equations`.
Plots of a trace: `heatmap`, `trajectory`, `gates`, `attention_map`, `compare`, `animate`.
What depends on what: `gradient_flow` (a loss on earlier states), `input_influence` (an output on the inputs),
`eigenvalues` (a state on the recurrent weights).

Each name is loaded when it is first used, and what it draws with (graphviz, matplotlib, widgets) when
it first draws.
"""

import sys
from importlib import import_module

# name -> the file that it is in.
_HOME = {
    "draw_step": "viz.diagram.step",
    "draw_unrolled": "viz.diagram.unrolled",
    "beam_tree": "viz.diagram.beam_tree",
    "Figure": "viz.diagram.figure",
    "inspect": "viz.inspector.inspect",
    "edit": "viz.inspector.editor",
    "intervene": "rshop.tracing.intervene",
    "heatmap": "viz.plots.heatmap",
    "trajectory": "viz.plots.trajectory",
    "gates": "viz.plots.gates",
    "gradient_flow": "viz.gradients.gradient_flow",
    "input_influence": "viz.gradients.input_influence",
    "equations": "viz.formulas.equations",
    "compare": "viz.plots.compare",
    "attention_map": "viz.plots.attention_map",
    "eigenvalues": "viz.plots.eigenvalues",
    "animate": "viz.plots.animate",
}

__all__ = list(_HOME)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}. Expected: one of {__all__}.")
    value = getattr(import_module(_HOME[name]), name)
    setattr(sys.modules[__name__], name, value)
    return value


def __dir__():
    return sorted([*globals(), *__all__])
