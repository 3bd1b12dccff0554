"""See a recurrent network: its step, the flow over time, and every value while it runs.

Each name is loaded when it is first used, and what it draws with (graphviz, matplotlib, widgets) when
it first draws.
"""

import sys
from importlib import import_module
from types import ModuleType

# name -> the file that it is in.
_HOME = {
    "draw_step": "step_graph",
    "draw_unrolled": "unrolled",
    "Figure": "figure",
    "inspect": "inspector",
    "edit": "edit",
    "intervene": "intervene",
    "heatmap": "heatmap",
    "trajectory": "trajectory",
    "gates": "gates",
    "gradient_flow": "gradient_flow",
    "input_influence": "influence",
    "compare": "compare",
    "attention_map": "attention",
    "eigenvalues": "eigenvalues",
    "animate": "animate",
}

__all__ = list(_HOME)


class _Package(ModuleType):
    # `viz.heatmap` is a file and the function in it. Importing the file would put the file under this
    # name; the function is what a user means.
    def __setattr__(self, name, value):
        if isinstance(value, ModuleType) and name in _HOME:
            value = getattr(value, name)
        super().__setattr__(name, value)


def __getattr__(name):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}. Expected: one of {__all__}.")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    setattr(sys.modules[__name__], name, value)
    return value


def __dir__():
    return sorted([*globals(), *__all__])


sys.modules[__name__].__class__ = _Package
