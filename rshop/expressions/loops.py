"""A loop over time as data: the function of its timestep, where it begins, and what it returns."""

import inspect
from dataclasses import dataclass, field

import keras
import numpy as np

from rshop.cells.keras_cells import state_names
from rshop.expressions.refusals import refused
from rshop.expressions.terms import Function, Term
from rshop.step.graph import Graph
from rshop.step.names import users_name
from rshop.structure import flat, tree

_ABOUT = "One timestep: the output, then the next states"


@dataclass(eq=False)
class Loop:
    """A recurrent layer: a function that it runs over time, and its options.

    Attributes:
        name: what it is called.
        step: the function of one timestep, from inputs, constants, states and readouts to outputs and states.
        inputs, constants, readouts, outputs: structures of the places of these parts.
        masks_of: for the place of each constant that is the mask of another, the place of that one: a call
            gives it as the mask of the constant.
        lengths: for the place of a state whose size is not known, that of the constant that is as long.
        state_names: a name for each state.
        firsts: where each state begins: a shape (zeros), a weight, or None where it has to be given.
        wiring: for each readout, the place of its output and whether its argmax is taken.
        decode, output_length, return_sequences, go_backwards, zero_masked: options of the layer.
        keras: it is a Keras layer, called within a step.
    """

    name: str
    step: Function
    inputs: object
    outputs: object
    state_names: list[str]
    firsts: list
    constants: object = None
    masks_of: dict[int, int] = field(default_factory=dict)
    lengths: dict[int, int] = field(default_factory=dict)
    readouts: object = None
    wiring: list = field(default_factory=list)
    decode: bool = False
    output_length: int | None = None
    return_sequences: bool = False
    go_backwards: bool = False
    zero_masked: bool = False

    def inner(self) -> list:
        """The functions that it calls."""
        return [self.step]

    def output_places(self) -> list[str]:
        """How each of its outputs is reached in what it returns: `[""]`, or `["[0]", "[1]"]` for a list."""
        return paths(self.outputs)


@dataclass(eq=False)
class BothWays:
    """A `Bidirectional`: two loops, and how their outputs are merged."""

    name: str
    forward: Loop
    backward: Loop
    merge: str | None
    return_sequences: bool

    def inner(self) -> list:
        """The loops that it calls."""
        return [self.forward, self.backward]

    def output_places(self) -> list[str]:
        """As of a `Loop`."""
        return ["[0]", "[1]"] if self.merge is None else [""]


def paths(structure) -> list[str]:
    """How each part of a structure is reached: `[0]`, `["a"]`, or nothing for a single tensor."""
    if isinstance(structure, dict):
        return [f"[{key!r}]{p}".replace("'", '"') for key in sorted(structure) for p in paths(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [f"[{i}]{path}" for i, part in enumerate(structure) for path in paths(part)]
    return [""]


def loop_of(reader, layer, *, name: str = "run", path: str = "", step_name: str = "step") -> Loop:
    """The loop of a recurrent layer of this project.

    Args:
        reader: reads its step.
        layer: the layer, which must be built.
        name, step_name: of the two functions.
        path: what the names of its weights begin with.
    """
    step = layer.description
    function = reader.step(step, step_name, decode=layer.decode, path=path)
    return Loop(
        name=reader.free(name),
        step=function,
        inputs=_places(step.inputs),
        outputs=_places(step.outputs),
        constants=_places(step.constants),
        masks_of=step.mask_places,
        lengths={
            layer.state_names.index(state): step.constant_names.index(constant)
            for state, constant in step.lengths.items()
        },
        readouts=_places(step.readouts),
        state_names=list(layer.state_names),
        firsts=[_first(reader, first, path, first.name in step.lengths) for first in layer.first_states],
        wiring=step.wiring,
        decode=layer.decode,
        output_length=layer.output_length if isinstance(layer.output_length, int) else None,
        return_sequences=layer.return_sequences,
        go_backwards=layer.go_backwards,
        zero_masked=layer.zero_output_for_mask,
    )


def both_ways(reader, wrapper, *, name: str = "run", path: str = "", shape: tuple = ()) -> BothWays:
    """The loops of a `keras.layers.Bidirectional`.

    Args:
        reader, name, path: as for `loop_of`.
        shape: of what a layer of Keras in it reads at each timestep, without the batch.
    """
    ways = []
    for way, layer in (("forward", wrapper.forward_layer), ("backward", wrapper.backward_layer)):
        named = {"name": f"run_{way}", "path": f"{path}{way}/", "step_name": f"step_{way}"}
        of_keras = isinstance(layer, keras.layers.RNN)
        ways.append(
            _keras_layer(reader, layer, shape, named) if of_keras else loop_of(reader, layer, **named)
        )
    return BothWays(reader.free(name), *ways, wrapper.merge_mode, wrapper.return_sequences)


def layer_loop(reader, node, given: list[Term], path: str) -> list[Term]:
    """The results of a recurrent layer of this project that is called within a step."""
    layer, name = node.operation, users_name(node.operation) or node.name.partition("#")[0]
    make = lambda: loop_of(  # noqa: E731
        reader, layer, name=f"run_{name}", path=f"{path}/", step_name=f"step_{name}"
    )
    return _run(reader, node, given, reader.once(("loop", id(layer)), layer, make))


def keras_loop(reader, node, given: list[Term], path: str) -> list[Term]:
    """The results of a Keras recurrent layer, or of a `Bidirectional`, that is called within a step."""
    layer, shape = node.operation, node.inputs[0].shape[2:]
    name = node.name.partition("#")[0]
    if isinstance(layer, keras.layers.Bidirectional):
        make = lambda: both_ways(reader, layer, name=f"run_{name}", path=f"{path}/", shape=shape)  # noqa: E731
    else:
        named = {"name": f"run_{name}", "path": f"{path}/", "step_name": f"step_{name}"}
        make = lambda: _keras_layer(reader, layer, shape, named)  # noqa: E731
    return _run(reader, node, given, reader.once(("loop", id(layer)), layer, make))


def _run(reader, node, given, loop):
    # What it is called with, by name: terms in place of the tensors.
    layer, values = node.operation, iter(given)
    args, kwargs = tree.map_structure(
        lambda a: next(values) if isinstance(a, keras.KerasTensor) else a, (node.args, node.kwargs)
    )
    known = list(inspect.signature(layer.call).parameters)
    first = "x" if known[0] in ("sequences", "inputs") else known[0]
    call = {**dict(zip([first, *known[1:]], args, strict=False)), **kwargs}
    call = {k: v for k, v in call.items() if v is not None and k != "training"}
    call["x"] = call.pop("sequences", call.pop("inputs", call.get("x")))
    x = flat(call["x"])
    if "mask" not in call and any(t.mask is not None for t in x):
        call["mask"] = tree.map_structure(lambda t: t.mask, call["x"])
    masks = [t.mask for t in flat(call.get("constants")) if isinstance(t, Term)]
    if any(m is not None for m in masks):
        call["constants_mask"] = tree.map_structure(lambda t: t.mask, call["constants"])
    if "ground_truth" in call:
        del call["ground_truth"]  # feeds training alone
    terms = [v for v in flat(call) if isinstance(v, Term)]
    term = Term("run", terms, {"what": loop, "call": call})
    return [
        Term("result", [term], {"index": i}, tuple(t.shape), t.dtype, mask=_mask(layer, call, i))
        for i, t in enumerate(node.outputs)
    ]


def _mask(layer, call, index):
    # The outputs of every timestep carry the mask of the input on.
    masks = [m for m in flat(call.get("mask")) if isinstance(m, Term)]
    if not masks or index or not getattr(layer, "return_sequences", False) or getattr(layer, "decode", False):
        return None
    if len(masks) > 1 or getattr(layer, "go_backwards", False):
        raise refused(
            f"a {type(layer).__name__}",
            layer.name,
            "it hands on a mask that is joined or reversed",
            "call it on one input with a mask, and forwards",
        )
    return masks[0]


def _keras_layer(reader, layer, shape, named):
    cell = layer.cell
    if layer.stateful:
        raise refused(
            f"a {type(layer).__name__}", layer.name, "it carries states from call to call", "stateful=False"
        )
    x = keras.Input(shape, dtype=layer.compute_dtype)
    states = [keras.Input(s.shape[1:], dtype=s.dtype) for s in flat(layer.get_initial_state(1))]
    several = isinstance(cell.state_size, (list, tuple))
    packed = tree.pack_sequence_as(cell.state_size, states) if several else states
    y, after = cell(x, packed)
    names = state_names(cell)
    graph = Graph(keras.Model([x, *states], [y, *flat(after)]))
    labels = ["x", *(f"{n}_tm1".replace("/", "_") for n in names)]
    function = reader.function(
        reader.free(named["step_name"]), graph, labels, path=named["path"], about=_ABOUT
    )
    return Loop(
        name=reader.free(named["name"]),
        step=function,
        inputs=0,
        outputs=0,
        state_names=names,
        firsts=[(tuple(s.shape[1:]), s.dtype) for s in states],
        return_sequences=layer.return_sequences,
        go_backwards=layer.go_backwards,
        zero_masked=bool(getattr(layer, "zero_output_for_mask", False)),
    )


def _first(reader, first, path, has_length):
    if first.weight is not None:
        return reader.arrays.weight(first.weight, path.rstrip("/"))
    if None in first.shape and not has_length:
        return None
    value = np.asarray(keras.ops.convert_to_numpy(first(1, training=False, length=1)))[0]
    if not value.any():
        return first.shape, first.dtype
    return reader.arrays.fixed(value, f"{path}initial_{first.name}")


def _places(structure):
    counter = iter(range(10**6))
    return None if structure is None else tree.map_structure(lambda _: next(counter), structure)
