"""A checked description of one timestep: inputs, constants, states, readouts and outputs."""

from dataclasses import dataclass, field

import keras

from .errors import describe, given_name, message, shapes
from .graph import Graph
from .masks import attach
from .readout import feeds
from .structure import agree, flat, tree


@dataclass(frozen=True, eq=False)
class Step:
    """One timestep of a recurrent network, checked, with its Keras model.

    Example:
        The accumulator `n = h + x, y = n`::

            >>> x, h = keras.Input((1,)), keras.Input((1,), name="h")
            >>> step = describe_step(x, h + x, states=[h], next_states=[h + x])
            >>> step.state_names, step.model.output_shape
            (['h'], [(None, 1), (None, 1)])

    Attributes:
        inputs, outputs: one Keras tensor each, or a list or dict of them, `(batch, ...)`.
        constants, readouts: likewise, or None.
        states, next_states: lists, in pairs.
        state_names: a name for each state.
        model: `[*inputs, *constants, *states, *readouts] -> [*outputs, *next_states]`.
    """

    inputs: object
    outputs: object
    constants: object
    readouts: object
    states: list
    next_states: list
    state_names: list[str]
    model: keras.Model
    graph: Graph = field(repr=False)

    @property
    def readout_names(self) -> list[str]:
        """A name for each readout: the user's, or `readout`."""
        return [given_name(t) or "readout" for t in flat(self.readouts)]

    def __call__(self, inputs, constants, states, readouts, training=None, masks=None):
        """Run one timestep on flat lists of tensors.

        Returns:
            Flat lists: the outputs, the next states.
        """
        self.forget_dropout()
        given = [*inputs, *constants, *states, *readouts]
        if masks is None:
            results = flat(self.model(given, training=training))
        else:
            # A model would hand the mask of the memory on to its outputs; the graph does not.
            results, _ = self.graph.run(attach(masks, given), training)
        count = len(flat(self.outputs))
        return results[:count], results[count:]

    def forget_dropout(self):
        """Let Keras's cells draw a new dropout mask: they keep one until they are told."""
        for operation in self.graph.operations():
            for cell in [operation, *getattr(operation, "cells", [])]:
                for kind in ("reset_dropout_mask", "reset_recurrent_dropout_mask"):
                    getattr(cell, kind, _nothing)()

    def get_config(self) -> dict:
        """The model and where each part stands in it, as plain JSON values."""
        places = iter(range(len(self.model.inputs)))
        ends = iter(range(len(self.model.outputs)))
        return {
            "model": keras.saving.serialize_keras_object(self.model),
            "inputs": _places(self.inputs, places),
            "constants": _places(self.constants, places),
            "states": _places(self.states, places),
            "readouts": _places(self.readouts, places),
            "outputs": _places(self.outputs, ends),
            "state_names": list(self.state_names),
        }

    @classmethod
    def from_config(cls, config: dict) -> "Step":
        """The step that `get_config` described."""
        model = keras.saving.deserialize_keras_object(config["model"])
        taken = {key: _at(config[key], model.inputs) for key in ("inputs", "constants", "states", "readouts")}
        outputs = _at(config["outputs"], model.outputs)
        return cls(
            **taken,
            outputs=outputs,
            next_states=list(model.outputs[len(flat(outputs)) :]),
            state_names=list(config["state_names"]),
            model=model,
            graph=Graph(model),
        )


def describe_step(
    inputs,
    outputs,
    *,
    states=None,
    next_states=None,
    readouts=None,
    constants=None,
    state_names=None,
    unused_inputs=False,
    of_cell=False,
) -> Step:
    """The checked description of a timestep given by its Keras tensors.

    Example:
        >>> describe_step(x, y, states=[h], next_states=[n]).state_names
        ['h']

    Args:
        inputs, outputs, readouts, constants: one Keras tensor, or a list or dict of them.
        states, next_states: Keras tensors in pairs; a dict also names the states.
        state_names: names for the states where their Inputs have none.
        unused_inputs: accept inputs that reach nothing (a readout that replaces the input).
        of_cell: the tensors come from a cell's `build_model` (see `Graph`).

    Raises:
        TypeError: what is given is not made of Keras tensors.
        ValueError: a pair that does not fit, a name used twice, or a tensor that reaches no output.
    """
    parts = {"input": inputs, "output": outputs, "readout_input": readouts, "constants": constants}
    for what, value in parts.items():
        _check_tensors(what, value, optional=what in ("readout_input", "constants"))
    names, states, next_states = _pair_states(states, next_states)
    names = state_names or names or names_of_states(states)
    starts = [*flat(inputs), *flat(constants), *states, *flat(readouts)]
    _check_distinct(starts)
    model = _model(starts, [*flat(outputs), *next_states])
    step = Step(
        inputs,
        outputs,
        constants,
        readouts,
        states,
        next_states,
        list(names),
        model,
        Graph(model, of_cell),
    )
    _check_names(step.state_names)
    feeds(step.outputs, step.readouts)
    _check_reach(step, unused_inputs)
    return step


def _pair_states(states, next_states):
    for what, value in (("initial_states", states), ("final_states", next_states)):
        _check_tensors(what, value, optional=True)
    names = None
    if isinstance(states, dict):
        if not isinstance(next_states, dict) or set(states) != set(next_states):
            raise ValueError(
                message(
                    "`initial_states` and `final_states` do not name the same states.",
                    received=f"final_states={next_states if next_states is None else list(next_states)}",
                    expected=f"a dict with the keys {list(states)}",
                    fix="give `final_states` one entry for each state",
                )
            )
        names = list(states)
        states, next_states = [states[n] for n in names], [next_states[n] for n in names]
    states, next_states = flat(states), flat(next_states)
    if len(states) != len(next_states):
        raise ValueError(
            message(
                "Each state needs its next value.",
                received=f"{len(states)} initial_states ({names_of_states(states)}) and "
                f"{len(next_states)} final_states ({shapes(next_states)})",
                expected="as many final_states as initial_states",
                fix="give `final_states` one tensor for each of `initial_states`, in the same order",
            )
        )
    for i, (before, after) in enumerate(zip(states, next_states, strict=True)):
        check_pair(describe("state", before, i), before, after)
    return names, states, next_states


def check_pair(label: str, before, after):
    """Compare a state with its next value.

    Raises:
        ValueError: they differ in shape or in kind of number.
    """
    if not agree(before.shape, after.shape):
        raise ValueError(
            message(
                f"The {label} changes its shape within a timestep.",
                received=f"final state of shape {tuple(after.shape)}",
                expected=f"shape {tuple(before.shape)}",
                fix="make the next state as large as the state, for example with a Dense layer",
            )
        )
    is_float = keras.backend.is_float_dtype
    if is_float(before.dtype) != is_float(after.dtype):
        raise ValueError(
            message(
                f"The {label} changes its kind within a timestep.",
                received=f"a next state of dtype {after.dtype}",
                expected=f"dtype {before.dtype}",
                fix="cast the next state with keras.ops.cast",
            )
        )


def _check_tensors(what, value, optional):
    if optional and (value is None or flat(value) == []):
        return
    parts = flat(value) or [value]
    wrong = [part for part in parts if not isinstance(part, keras.KerasTensor)]
    if wrong:
        raise TypeError(
            message(
                f"`{what}` is not made of Keras tensors.",
                received=f"{what}={wrong[0]!r} of type {type(wrong[0]).__name__}",
                expected="what keras.Input() and Keras layers return",
                fix=f"write the step with keras.Input(...) and pass its tensors as `{what}`",
            )
        )


def _check_distinct(starts):
    seen = set()
    for tensor in starts:
        if id(tensor) in seen:
            raise ValueError(
                message(
                    "One Input is given two parts.",
                    received=f"{describe('tensor', tensor)} twice",
                    expected="each Input once, as input, constant, state or readout_input",
                    fix="make a keras.Input of its own for each part",
                )
            )
        seen.add(id(tensor))


def _check_names(names):
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            message(
                "Two states have the same name.",
                received=f"state names {names}",
                expected="each name once",
                fix=f"rename one keras.Input(..., name={twice[0]!r})",
            )
        )


def names_of_states(states) -> list[str]:
    """Names for states from those of their Inputs: `h_tm1` gives `h`, no name gives `state_0`."""
    # "h_tm1" is the field's name for the value of h at the previous timestep.
    return [(given_name(t) or f"state_{i}").removesuffix("_tm1") for i, t in enumerate(states)]


def _model(starts, ends):
    try:
        return keras.Model(starts, ends, name="step")
    except ValueError as error:
        raise ValueError(
            message(
                f"The step is not a graph from its inputs to its outputs ({error}).",
                received=f"inputs of shapes {shapes(starts)}, outputs of shapes {shapes(ends)}",
                expected="outputs and final states computed from the given Inputs alone",
                fix="pass every keras.Input that the step uses, as input, initial_states, "
                "readout_input or constants",
            )
        ) from error


def _check_reach(step, unused_inputs):
    reach = step.graph.reach()
    used = frozenset().union(*(reach[t] for t in step.graph.outputs))
    place = 0
    for role, part in (
        ("input", step.inputs),
        ("constant", step.constants),
        ("state", step.states),
        ("readout_input", step.readouts),
    ):
        for i, tensor in enumerate(flat(part)):
            if place not in used and not (role == "input" and unused_inputs):
                label = describe(role, tensor, None if given_name(tensor) else i)
                raise ValueError(
                    message(
                        f"The {label} reaches no output.",
                        received=f"a step in which neither an output nor a final state uses the {label}",
                        expected="an output or a final state that depends on it",
                        fix=f"use it in the step, or do not pass it as {role}",
                    )
                )
            place += 1


def _places(structure, counter):
    return None if structure is None else tree.map_structure(lambda _: next(counter), structure)


def _at(places, tensors):
    return None if places is None else tree.map_structure(lambda i: tensors[i], places)


def _nothing():
    pass
