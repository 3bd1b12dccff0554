"""Whatever somebody passes by mistake, to any argument of any public callable: an error that says what came,
what was due and the fix; and everything is as it was before the call.

Each argument is called with wrong values that hypothesis draws, the same ones each time. Others:

    BAD_CALLS_SEED=7 BAD_CALLS_OF_EACH=50 python -m pytest tests/project/test_bad_calls.py
"""

import inspect
import os
import warnings
from collections import Counter

import keras
import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

import rshop
import viz
from rshop import basic_cells
from rshop.fast import switches
from tests.support import bad_calls_of_rshop, bad_calls_of_viz
from tests.support.bad_calls import prepared
from tests.support.bad_values import wrong, wrong_names

SEED = os.environ.get("BAD_CALLS_SEED")
OF_EACH = int(os.environ.get("BAD_CALLS_OF_EACH", 4))
WORDS = ("Received:", "Expected:", "Fix:")
#: (callable, argument) -> how many wrong calls there were.
REACHED: Counter = Counter()

GROUPS = {
    f"{module.__name__.rpartition('_')[2]}-{group.__name__}": group
    for module in (bad_calls_of_rshop, bad_calls_of_viz)
    for group in module.GROUPS
}


def checker(target, argument, state, found):
    """A function that makes one wrong call, and puts what is wrong with the answer into `found`."""

    def check(drawn_value):
        REACHED[target.name, argument] += 1
        what, value = drawn_value
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answer = fault(target, argument, what, value)
        found.extend([answer] if answer else [])
        assert same(state, target.state()), f"{target.name}({argument}=<{what}>) left something behind"

    return check


def drawn(argument, target, check):
    """Run `check` on wrong values of an argument."""
    options = {"max_examples": OF_EACH, "database": None, "deadline": None, "derandomize": SEED is None}
    options |= {"suppress_health_check": list(HealthCheck), "phases": [Phase.generate]}
    strategy = wrong(target.accepts[argument], target.extra.get(argument, {}))
    run = settings(**options)(given(strategy)(check))
    if SEED is not None:
        run = seed(int(SEED))(run)
    run()


def fault(target, argument, what, value) -> str | None:
    """What is wrong with the answer to a wrong call, None for nothing."""
    where = f"{target.name}({argument}=<{what}>)"
    try:
        target.call(**{**target.valid(), argument: value})
    except (ValueError, TypeError, OSError) as error:
        text = str(error)
        if all(word in text for word in WORDS):
            return None
        if isinstance(target.accepts[argument], tuple) and _mentions(text, value):
            return None
        return f"{where}: {type(error).__name__} without {WORDS}: {text[:300]}"
    except Exception as error:  # noqa: BLE001  (this is what is looked for)
        return f"{where}: {type(error).__name__}: {str(error)[:300]}"
    return f"{where} was accepted"


def _mentions(text, value):
    # Keras says what it was given by its value or by its type.
    return any(part and part in text for part in (repr(value)[:30], str(value)[:30], type(value).__name__))


def same(before, after) -> bool:
    """Whether two states are equal: arrays number by number, all else as it is."""
    return len(before) == len(after) and all(
        np.array_equal(a, b, equal_nan=True) if isinstance(a, np.ndarray) else a == b
        for a, b in zip(before, after, strict=True)
    )


def everything() -> list:
    """What no wrong call may change: the weights of the prepared layers, and what they carry."""
    p = prepared()
    layers = [p[name] for name in ("whole", "decoder", "stateful", "lstm", "cell")]
    arrays = [np.array(w) for layer in layers for w in [*layer.weights, *layer.non_trainable_variables]]
    counts = [p["stepper"].t, len(p["editor"].edits), switches.current()]
    return [*arrays, *counts]


def result(target) -> list:
    """What a valid call gives, as arrays where it has any."""
    found = target.call(**target.valid())
    if isinstance(found, rshop.Trace):
        return [found.outputs, *found.states.values()]
    tensors = [part for part in keras.tree.flatten(found) if keras.ops.is_tensor(part)]
    arrays = [part for part in keras.tree.flatten(found) if isinstance(part, np.ndarray)]
    return [np.array(part) for part in tensors] + arrays or [repr(found).split(" at 0x")[0].split("name=")[0]]


@pytest.mark.parametrize("group", GROUPS)
def test_a_wrong_argument_says_what_came_what_was_due_and_the_fix(group):
    """Laws 34 and 35, for each argument of each public callable."""
    found = []
    for target in GROUPS[group](prepared()):
        right = result(target)
        before, state = everything(), target.state()
        for argument in target.accepts:
            drawn(argument, target, checker(target, argument, state, found))
            plt.close("all")
            least = min(OF_EACH, len(wrong_names(target.accepts[argument])))
            assert REACHED[target.name, argument] >= least, f"{target.name}({argument}) was hardly called"
        assert same(before, everything()), f"a wrong call of {target.name} changed a layer"
        assert same(right, result(target)), f"{target.name} gives something else after its wrong calls"
    assert not found, "\n".join(found)


# Nothing public is left out ------------------------------------------------------------------------

# What takes no argument that could be wrong, or is made by another function.
NO_CALL = {"Trace", "RecurrentContainer", "basic_cells"}
# Keras's: it checks them itself, or takes whatever comes.
OF_KERAS = {
    "dtype", "trainable", "autocast", "activity_regularizer", "use_bias", "unit_forget_bias", "dropout",
    "recurrent_dropout", "seed", "reset_after",
}  # fmt: skip
# What stands for `**call` and the like.
MEANT = {
    "call": ["initial_state", "initial_readout", "ground_truth", "constants", "mask", "output_length"],
    "kwargs": [],
}
METHODS = {
    "RecurrentModel": ["__call__", "build", "compute_output_shape", "get_cell"],
    "RecurrentSequential": ["add"],
    "RNNCell": ["__call__", "get_layer"],
    "Stepper": ["step"],
    "Figure": ["save"],
    "Inspector": ["save"],
    "Animation": ["save"],
    "Editor": ["change", "take_back", "save"],
    "Intervention": ["effect"],
    "GradientFlow": ["draw"],
}


def arguments_of(function) -> set[str]:
    names = []
    for name, parameter in inspect.signature(function).parameters.items():
        names += MEANT[name] if parameter.kind == parameter.VAR_KEYWORD else [name]
    return set(names) - {"self", "output_dim" if "units" in names else ""}


def test_every_argument_of_everything_public_is_called_wrongly():
    """A new public name, or a new argument, has to be put into the tables."""
    table = {target.name: set(target.accepts) for group in GROUPS.values() for target in group(prepared())}
    public = {name: getattr(rshop, name) for name in rshop.__all__}
    public |= {name: getattr(viz, name) for name in viz.__all__}
    public |= {f"basic_cells.{cell.__name__}": cell for cell in vars(basic_cells).values() if _is_cell(cell)}
    public |= {name: getattr(rshop.cells, name) for name in rshop.cells.__all__}
    missing = {
        name: sorted(arguments_of(thing) - table.get(name, set()) - OF_KERAS)
        for name, thing in public.items()
        if name not in NO_CALL and arguments_of(thing) - table.get(name, set()) - OF_KERAS
    }
    assert missing == {}
    assert {f"{kind}.{method}" for kind, methods in METHODS.items() for method in methods} <= set(table)
    assert OF_EACH * sum(map(len, table.values())) >= 1000


def test_every_method_that_takes_something_is_in_the_tables():
    """Of the objects of `viz`: what a user can call with an argument, beside drawing on given axes."""
    p = prepared()
    for name in ("figure", "inspector", "movie", "editor", "both", "flow", "stepper"):
        kind = type(p[name])
        takes = {
            method
            for method, function in vars(kind).items()
            if not method.startswith("_") and inspect.isfunction(function) and arguments_of(function)
        }
        assert takes - {"draw_matrix", "draw_distance"} == set(METHODS[kind.__name__]), kind


def _is_cell(thing):
    return inspect.isclass(thing) and thing.__module__ == basic_cells.__name__
