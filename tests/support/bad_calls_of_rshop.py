"""The public callables of `rshop` with a valid call each, and what their arguments accept."""

import copy

import keras
import numpy as np

import rshop
from rshop import RecurrentModel, RecurrentSequential, RNNCellFromModel, Stepper, basic_cells
from rshop import cells as every_cell
from rshop import training as every_helper
from rshop.fast import switched
from rshop.layers.cell_layer import CellLayer
from tests.support.bad_calls import (
    CALL,
    NAME,
    ODD,
    OPTIONS,
    STATE,
    TRAINING,
    Halving,
    M,
    Target,
    X,
    odd,
    parts,
)
from tests.support.bad_values import COUNT, COUNT_OR_NONE, FINITE, FLAG, FLAG_OR_NONE, NOTHING, NUMBERS, SEED
from tests.support.generation import token_model

_SHAPE = {"None", "list of None", "list of five"}
_CELL = {
    "input_dim": COUNT_OR_NONE,
    "input_shape": {*_SHAPE, "empty list", "empty tuple"},
    "batch_input_shape": _SHAPE,
    "batch_shape": _SHAPE,
    **NAME,
}
# Keras checks these.
_KERAS = ("text", "list of None", "one", "bytes")
_OF_GATES = dict.fromkeys(
    [
        "activation",
        "recurrent_activation",
        *(f"{of}_{what}" for of in ("kernel", "recurrent", "bias")
          for what in ("initializer", "regularizer", "constraint")),
    ],
    _KERAS,
)  # fmt: skip


def layers(p):
    """Constructors and methods of layers."""
    tensors = dict.fromkeys(["input", "output", "initial_states", "final_states", "constants"], NOTHING)
    tensors["readout_input"] = {"None", "empty list", "empty tuple", "empty dict"}
    yield Target("RecurrentModel", RecurrentModel, parts, {**tensors, **OPTIONS, **NAME})
    own = {
        "state_sync": FLAG,
        "readout": {*FLAG_OR_NONE, "function"},
        "readout_activation": {"None", "function"},
    }
    every = {**own, **OPTIONS, **NAME}
    yield Target("RecurrentSequential", RecurrentSequential, lambda: {"readout": True}, every)

    def add(cell):
        stack = RecurrentSequential()
        stack.add(cell)
        return stack(X)

    ones = {"kernel_initializer": "ones", "recurrent_initializer": "ones"}
    valid = lambda: {"cell": rshop.LSTMCell(2, **ones)}  # noqa: E731
    yield Target("RecurrentSequential.add", add, valid, {"cell": NOTHING})
    shape = {"input_shape": NOTHING}
    valid = lambda: {"input_shape": (2, 3, 3)}  # noqa: E731
    build = lambda input_shape: RecurrentModel(**parts()).build(input_shape)  # noqa: E731
    yield Target("RecurrentModel.build", build, valid, shape)
    valid = lambda: {"x_shape": (2, 3, 3)}  # noqa: E731
    shapes = {"x_shape": NOTHING, "constants_shape": {"None", "empty list", "empty tuple"}}
    yield Target("RecurrentModel.compute_output_shape", p["lstm"].compute_output_shape, valid, shapes)
    yield Target("RecurrentModel.get_cell", p["whole"].get_cell, dict, NAME)
    yield Target("RNNCell.get_layer", p["cell"].get_layer, dict, {**OPTIONS, "teacher_force": {"zero"}})
    yield Target("CellLayer", CellLayer, lambda: {"cell": p["cell"]}, {"cell": NOTHING})


def cells(p):
    """Constructors and calls of cells."""
    for cell in (rshop.LSTMCell, rshop.GRUCell, rshop.SimpleRNNCell):
        gates = {
            k: v for k, v in _OF_GATES.items() if (k, cell) != ("recurrent_activation", rshop.SimpleRNNCell)
        }
        yield Target(cell.__name__, cell, lambda: {"units": 2}, {"units": COUNT, **_CELL, **gates})
    for cell in (basic_cells.LSTMCell, basic_cells.GRUCell, basic_cells.SimpleRNNCell, Halving):
        name = "RNNCell" if cell is Halving else f"basic_cells.{cell.__name__}"
        yield Target(name, cell, lambda: {"output_dim": 2}, {"output_dim": COUNT_OR_NONE, **_CELL})
    call = lambda inputs: p["cell"](inputs)  # noqa: E731
    extra = {f"[x, {name}]": lambda make=make: [X[:, 0], make()] for name, make in odd(X[:, 1]).items()}
    valid = lambda: {"inputs": [X[:, 0], X[:, 1]]}  # noqa: E731
    yield Target("RNNCell.__call__", call, valid, {"inputs": NOTHING}, extra={"inputs": extra})
    kinds = {"model": NOTHING, "state_names": {"None", "empty list", "empty tuple"}, **_CELL}
    kinds["output_dim"] = COUNT_OR_NONE
    kinds["constant_names"] = {"None", "empty list", "empty tuple"}
    kinds["state_lengths"] = {"None", "empty dict"}
    yield Target("RNNCellFromModel", RNNCellFromModel, lambda: {"model": p["cell"].model}, kinds)


def wrappers(p):
    """Constructors of cells that wrap a cell."""
    rate, dropping = {"zero"}, {"seed": SEED}
    own = {
        every_cell.ResidualCell: {},
        every_cell.HighwayCell: {
            "carry_bias": FINITE,
            "kernel_initializer": _KERAS,
            "kernel_regularizer": ("text", "list of None", "one", "bytes"),
        },
        every_cell.LayerNormCell: {"epsilon": {"one", "fraction", "huge"}},
        every_cell.ZoneoutCell: {"rate": {*rate, "empty dict"}, **dropping},
        every_cell.VariationalDropoutCell: {"rate": rate, "state_rate": {*rate, "None"}, **dropping},
        every_cell.RecurrentDropoutCell: {"rate": rate, "per_sequence": FLAG, **dropping},
        every_cell.WeightDropCell: {"rate": rate, **dropping},
        every_cell.ResetCell: {},
        every_cell.ClockCell: {"every": COUNT},
    }
    for wrapper, kinds in own.items():
        needed = {"rate": 0.5} if "rate" in kinds else {"every": 2} if "every" in kinds else {}
        valid = lambda needed=needed: {"cell": rshop.LSTMCell(2), **needed}  # noqa: E731
        yield Target(wrapper.__name__, wrapper, valid, {"cell": NOTHING, **kinds, **_CELL})
    valid = lambda: {"cell": rshop.LSTMCell(2), "attention": rshop.attention.DotAttention()}  # noqa: E731
    own = {"cell": NOTHING, "attention": NOTHING, "feed": NOTHING, "query": NOTHING}
    yield Target("AttentionCell", every_cell.AttentionCell, valid, {**own, **_CELL})


def calls(p):
    """Calls of layers, with everything and with as little as can be."""
    valid = lambda: {"x": X, "constants": M}  # noqa: E731
    call = {"x": NOTHING, **CALL, **TRAINING}
    yield Target("RecurrentModel.__call__", p["whole"], valid, call, extra=ODD)
    whole = lambda: {"rnn": p["whole"], **valid()}  # noqa: E731
    yield Target("trace", rshop.trace, whole, {"rnn": NOTHING, **call}, extra=ODD)
    bare = {"initial_readout": {"None"}, "ground_truth": {"None"}, "constants": {"None"}}
    yield Target("a call without readout", p["lstm"], lambda: {"x": X}, bare, extra=ODD)
    length = {"output_length": COUNT_OR_NONE}
    yield Target("a call of a decoder", p["decoder"], lambda: {"x": X[:, 0]}, length)
    states = lambda: [np.array(s) for s in p["stateful"].states]  # noqa: E731
    values = {"values": STATE | {"empty dict"}}
    yield Target(
        "reset_states", p["stateful"].reset_states, dict, values, extra={"values": odd(M)}, state=states
    )

    def switch(**given):
        with switched(**given):
            pass

    switches = ("late_gradients", "xla", "tiered", "blocks", "hoist", "split", "cudnn")
    yield Target("fast.switched", switch, dict, dict.fromkeys(switches, FLAG))


def steppers(p):
    """`Stepper` and what can be assigned in it."""
    stepper = p["stepper"]
    kinds = {"rnn": NOTHING, "batch_size": COUNT}
    kinds |= {
        name: CALL[name] for name in ("constants", "constants_mask", "initial_state", "initial_readout")
    }
    valid = lambda: {"rnn": p["whole"], "batch_size": 2, "constants": M}  # noqa: E731
    yield Target("Stepper", Stepper, valid, kinds, extra=ODD)
    state = lambda: [stepper.t, stepper.states["h"], stepper.readout]  # noqa: E731

    def step(x_t):
        found = stepper.step(x_t)
        stepper.back()
        return found

    extra = {"extra": {"x_t": odd(M), "value": odd(M)}, "state": state}
    yield Target("Stepper.step", step, lambda: {"x_t": X[:, 0]}, {"x_t": NOTHING}, **extra)

    def put(value, name="h"):
        stepper.states[name] = value

    def feed(value):
        stepper.readout = value

    kinds = {"value": NUMBERS, "name": NOTHING}
    yield Target("Stepper.states[]=", put, lambda: {"value": stepper.states["h"]}, kinds, **extra)
    yield Target("Stepper.readout=", feed, lambda: {"value": stepper.readout}, {"value": NUMBERS}, **extra)


def generation(p):
    """What generates, and the layers that read tokens."""
    decoder = token_model(seed=3)[0]
    kinds = {
        "rnn": NOTHING,
        "length": COUNT,
        "x": {"None"},
        "strategy": NOTHING,
        "temperature": {"one", "fraction", "huge"},
        "top_k": COUNT_OR_NONE,
        "top_p": {"one", "None"},
        "beam_width": COUNT,
        "length_penalty": {"zero", "one", "fraction", "huge"},
        "end_token": {"zero", "one", "None"},
        "min_length": {"zero", "one"},
        "warm_up": {"None"},
        "constants": {"None"},
        "initial_state": CALL["initial_state"],
        "initial_readout": CALL["initial_readout"],
        "batch": COUNT,
        "seed": SEED,
        "forbidden": {"None", "empty list", "empty tuple", "empty array"},
        "repetition_penalty": {"one", "fraction", "huge"},
        "pad_token": {"zero", "one", "None"},
        "mask": {"None"},
        "constants_mask": {"None"},
        "tokens": FLAG_OR_NONE,
        "from_logits": FLAG_OR_NONE,
        "jit_compile": FLAG,
    }
    valid = lambda: {"rnn": decoder, "length": 2, "end_token": 3}  # noqa: E731
    yield Target("generate", lambda **given: rshop.generate(**given).tokens, valid, kinds)
    yield Target("stream", lambda **given: list(rshop.stream(**given)), valid, kinds)


def training(p):
    """Schedules, buckets, and losses without padding; the ready models."""
    least = {"zero", "one"}
    kinds = {"steps": {"one", "fraction", "huge"}, "least": least}
    yield Target("Linear", every_helper.Linear, lambda: {"steps": 5}, kinds)
    kinds = {"factor": {"one"}, "least": least}
    yield Target("Exponential", every_helper.Exponential, lambda: {"factor": 0.5}, kinds)
    kinds = {"k": {"one", "fraction", "huge"}, "least": least}
    yield Target("InverseSigmoid", every_helper.InverseSigmoid, lambda: {"k": 5.0}, kinds)
    valid = lambda: {"variable": keras.Variable(1.0), "schedule": every_helper.Linear(5)}  # noqa: E731
    kinds = {"variable": NOTHING, "schedule": {"function"}, "per": NOTHING}
    yield Target("ForcingSchedule", every_helper.ForcingSchedule, valid, kinds)
    kinds = {"loss": {"function"}, "pad_value": FINITE}
    yield Target("MaskedLoss", every_helper.MaskedLoss, lambda: {"loss": "mse"}, kinds)
    kinds = {"metric": {"function"}, "pad_value": FINITE}
    yield Target("MaskedMetric", every_helper.MaskedMetric, lambda: {"metric": "mae"}, kinds)
    kinds = {"width": COUNT, "rewrite": FLAG_OR_NONE, "stream": {"None"}, "clock": {"function"}}
    yield Target("ProgressBar", every_helper.ProgressBar, dict, kinds)
    own = {"units": COUNT, "horizon": COUNT, "mode": NOTHING, "known_future": {"zero", "one"}, "depth": COUNT}
    valid = lambda: {"units": 2, "horizon": 3}  # noqa: E731
    yield Target("Forecaster", rshop.seq2seq.Forecaster, valid, {**own, "scale": {"True"}, "cell": NOTHING})


def language_models(p):
    """A language model, its tokenizer, and what they are called with."""
    own = {"units": COUNT, "tokenizer": NOTHING, "cell": NOTHING, "depth": COUNT, "embedding": COUNT}
    made = rshop.seq2seq.LanguageModel
    yield Target("LanguageModel", made, lambda: {"units": 2}, {**own, "tied": FLAG})
    kinds = {"vocabulary": {"text", "None"}, "unknown": {"None"}, "min_count": {"one"}}
    characters = rshop.seq2seq.CharacterTokenizer
    yield Target("CharacterTokenizer", characters, lambda: {"vocabulary": "ab"}, kinds)
    model = made(2, characters("ab"), embedding=2)
    yield Target("LanguageModel.perplexity", model.perplexity, lambda: {"text": "ab"}, {"text": NOTHING})
    kinds = {
        "prompt": NOTHING,
        "length": COUNT,
        "strategy": NOTHING,
        "temperature": {"one", "fraction", "huge"},
        "end_token": {"zero", "one", "None"},
        "forbidden": {"None", "empty list", "empty tuple", "empty text"},
        "batch": COUNT_OR_NONE,
        "seed": SEED,
    }
    valid = lambda: {"prompt": "a", "length": 2}  # noqa: E731
    yield Target("LanguageModel.generate", model.generate, valid, kinds)
    kinds = {"text": NOTHING, "length": COUNT, "batch_size": COUNT}
    yield Target("LanguageModel.evaluate", model.evaluate, lambda: {"text": "ab", "verbose": 0}, kinds)
    kinds |= {"validation_split": {"zero"}, "validation_data": {"None"}}
    yield Target("LanguageModel.fit", model.fit, lambda: {"text": "ab", "verbose": 0}, kinds)


def names(p):
    """What is found by its name."""
    for name, mapping, right in (
        ("Trace[]", p["record"], "W"),
        ("Trace.states[]", p["record"].states, "h"),
        ("Stepper.states[]", p["stepper"].states, "h"),
    ):
        get = lambda name, mapping=mapping: mapping[name]  # noqa: E731
        yield Target(name, get, lambda right=right: {"name": right}, {"name": NOTHING})


# Parts of a config that are no argument of a constructor, and some that are.
_CONFIG = {
    "step": NOTHING,
    "cells": {"empty list", "empty tuple"},
    "order": {"empty list", "empty tuple"},
    "cell": NOTHING,
    "model": NOTHING,
    "decode": FLAG,
    "units": COUNT,
}


def configs(p):
    """Configs of layers, cells and a step: damaged, or without a part."""
    stack = RecurrentSequential(readout=True)
    stack.add(rshop.GRUCell(3, input_dim=3))
    for made, needed in (
        (p["whole"], ["step"]),
        (stack, ["cells", "order", "readout"]),
        (p["lstm"], ["cell"]),
        (p["whole"].get_cell(), ["model"]),
        (p["whole"].description, ["model", "inputs", "constants", "readouts", "outputs", "state_names"]),
    ):
        config, kind = made.get_config(), type(made)

        def read(config, kind=kind):
            kind.from_config(config)

        def damage(config=config, kind=kind, **damaged):
            kind.from_config({**copy.deepcopy(config), **damaged})

        gone = {f"without {key}": _without(config, key) for key in needed}
        valid = lambda config=config: {"config": copy.deepcopy(config)}  # noqa: E731
        name = f"{kind.__name__}.from_config"
        yield Target(name, read, valid, {"config": NOTHING}, extra={"config": gone})
        parts = {key: value for key, value in _CONFIG.items() if key in config}
        yield Target(f"{name}, a part", damage, dict, parts)


def _without(config, key):
    return lambda: {name: value for name, value in config.items() if name != key}


def texts(p):
    """What is written out."""
    yield Target("to_numpy", rshop.to_numpy, lambda: {"rnn": p["lstm"]}, {"rnn": NOTHING})


GROUPS = (
    layers,
    cells,
    wrappers,
    calls,
    steppers,
    generation,
    training,
    language_models,
    names,
    configs,
    texts,
)
