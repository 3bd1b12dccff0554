"""The names of the functions that equations call: `gru` for a cell that Keras calls `gru_cell_7`."""

import re

from rshop.expressions.loops import BothWays
from rshop.expressions.terms import Function
from viz.formulas.masked_softmax import is_masked_softmax
from viz.formulas.weights import made_up

_SAID = {"rnn_cell_from_model": "model", "recurrent_model": "model", "functional": "model"}


def inner_functions(function: Function, seen: dict | None = None) -> list:
    """The functions and loops that a function calls, and those that these call, each once, in order."""
    seen = {} if seen is None else seen
    for inner in function.inner():
        for what in [inner.forward, inner.backward] if isinstance(inner, BothWays) else [inner]:
            if id(what) not in seen and not is_masked_softmax(what):
                seen[id(what)] = what
                inner_functions(getattr(what, "step", what), seen)
    return list(seen.values())


def function_names(function: Function) -> dict[int, str]:
    """identity -> the name of each function that a function calls, directly or not.

    A name that a user gave stays. Others are those of the kind, counted within the step where there are
    several; Keras counts them through the whole process.

    Example:
        >>> list(function_names(step).values())  # of a stack of `lstm_cell_3`, `lstm_cell_4` and `top`
        ['lstm_1', 'lstm_2', 'top']
    """
    functions = inner_functions(function)
    kinds = {id(what): _kind(what.name) for what in functions}
    taken = {what.name for what in functions if kinds[id(what)] is None}
    alike: dict[str, list] = {}
    for what in functions:
        alike.setdefault(kinds[id(what)], []).append(id(what))
    names = {id(what): what.name for what in functions}
    for kind, several in alike.items():
        if kind is not None:
            alone = len(several) == 1 and kind not in taken
            free = (name for n in range(1, 10**6) if (name := f"{kind}_{n}") not in taken)
            names |= {one: kind if alone else next(free) for one in several}
    return names


def _kind(name):
    found = re.fullmatch(r"(run_)?(.+?)(_\d+)?", name)
    run, base = found[1] or "", found[2]
    return run + _SAID.get(base, base.removesuffix("_cell")) if made_up(base) else None
