"""A checked description of one timestep: inputs, constants, states, readouts and outputs."""

from dataclasses import dataclass, field

import keras

from .configs import reading
from .errors import describe, given_name, message, shapes
from .graph import Graph
from .masks import attach
from .readout import feeds
from .step_checks import check_distinct, check_names, check_tensors, names_of_states, pair_states
from .structure import flat, tree

_CONFIG = ("model", "inputs", "constants", "states", "readouts", "outputs", "state_names")


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
        """A name for each readout: the user's, or `readout` (`readout_0`, ... for several)."""
        readouts = flat(self.readouts)
        made_up = ["readout"] if len(readouts) == 1 else [f"readout_{i}" for i in range(len(readouts))]
        return [given_name(t) or name for t, name in zip(readouts, made_up, strict=True)]

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

    def check_no_activity_losses(self):
        """Refuse layers that add a loss for each timestep: it could not leave the loop.

        Raises:
            ValueError: names the layer.
        """
        for operation in self.graph.operations():
            if getattr(operation, "activity_regularizer", None) is not None:
                raise ValueError(
                    message(
                        f"The layer {operation.name!r} adds a loss at each timestep, and the loop over "
                        "time hands out only outputs and states.",
                        received=f"activity_regularizer={operation.activity_regularizer!r}",
                        expected="a step without activity losses, or unroll=True",
                        fix="return the activity as an output of the step and penalise that, or "
                        "use unroll=True",
                    )
                )

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
        with reading(config, "step", *_CONFIG):
            return cls._of(config)

    @classmethod
    def _of(cls, config):
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
        check_tensors(what, value, optional=what in ("readout_input", "constants"))
    names, states, next_states = pair_states(states, next_states)
    names = state_names or names or names_of_states(states)
    starts = [*flat(inputs), *flat(constants), *states, *flat(readouts)]
    check_distinct(starts)
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
    check_names(step.state_names)
    feeds(step.outputs, step.readouts)
    _check_reach(step, unused_inputs)
    return step


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
