"""A checked description of one timestep: inputs, constants, states, readouts and outputs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import keras

from rshop.configs import reading
from rshop.errors import given_name
from rshop.step.constants import mask_places
from rshop.step.graph import Graph
from rshop.step.masks import attach
from rshop.step.of_sequence import OfSequence, OncePerSequence, WeightsOfSequence, replaced
from rshop.step.products import changed_weights
from rshop.step.readout import feeds
from rshop.structure import flat, tree

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
        states, next_states: lists in the same order.
        state_names: a name for each state.
        model: `[*inputs, *constants, *states, *readouts] -> [*outputs, *next_states]`.
        fed_from: the places of the outputs that feed the readouts, None for the first ones (or by key).
        lengths: for a state whose size is not known, the name of the constant that is as long.
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
    fed_from: list[int] | None = None
    lengths: dict[str, str] = field(default_factory=dict)

    @cached_property
    def types(self) -> set[str]:
        """The types of all values, such as `{'float32', 'int32'}`."""
        return {t.dtype for t in [*self.graph.inputs, *(t for _, t in self.graph.named())]}

    @cached_property
    def constant_names(self) -> list[str]:
        """A name for each constant: the user's, or `constant_0`."""
        return [given_name(t) or f"constant_{i}" for i, t in enumerate(flat(self.constants))]

    @cached_property
    def mask_places(self) -> dict[int, int]:
        """For the place of each constant that is the mask of another, the place of that one."""
        return mask_places(self.constant_names)

    @property
    def given_constants(self):
        """The constants that a call gives, in its structure: all but the masks, which come with them."""
        masks = {id(t) for i, t in enumerate(flat(self.constants)) if i in self.mask_places}
        if not masks:
            return self.constants
        if isinstance(self.constants, dict):
            return {key: t for key, t in self.constants.items() if id(t) not in masks}
        given = [t for t in flat(self.constants) if id(t) not in masks]
        return given[0] if len(given) == 1 else given

    @property
    def wiring(self) -> list[tuple[int, bool]]:
        """For each readout, the place of its output, and whether the argmax is taken (see `feeds`)."""
        return feeds(self.outputs, self.readouts, self.fed_from)

    def fed(self, values):
        """The values for the readouts alone, from a list with one for each output, such as `[r, None]`."""
        listed = isinstance(values, (list, tuple)) and len(values) == len(flat(self.outputs))
        if self.fed_from is None or not listed:
            return values
        chosen = [values[i] for i in self.fed_from]
        return chosen[0] if len(chosen) == 1 else chosen

    @property
    def readout_names(self) -> list[str]:
        """A name for each readout: the user's, or `readout` (`readout_0`, ... for several)."""
        readouts = flat(self.readouts)
        made_up = ["readout"] if len(readouts) == 1 else [f"readout_{i}" for i in range(len(readouts))]
        return [given_name(t) or name for t, name in zip(readouts, made_up, strict=True)]

    def __call__(self, inputs, constants, states, readouts, *, training=None, masks=None, of_sequence=None):
        """Run one timestep on flat lists of tensors.

        Args:
            inputs, constants, states, readouts: tensors `(batch, ...)`.
            training: handed to the layers.
            masks: a Keras mask (or None) for each of these tensors, or None.
            of_sequence: the `OfSequence` of the call that the timestep belongs to; None computes it anew.

        Returns:
            Flat lists: the outputs, the next states.
        """
        if masks is not None or not (of_sequence is None or of_sequence.is_empty):
            # A Keras model would pass the mask of the memory on to its outputs; the graph does not.
            how = {"training": training, "masks": masks, "of_sequence": of_sequence}
            return self.record(inputs, constants, states, readouts, **how)[:2]
        self.forget_dropout()
        results = flat(self.model([*inputs, *constants, *states, *readouts], training=training))
        count = len(flat(self.outputs))
        return results[:count], results[count:]

    def of_constants(self, constants: list, accepts: Callable, training=None) -> dict[str, list]:
        """By node the outputs of what reads constants alone, such as the projection of a memory.

        Args:
            constants: a flat list of tensors.
            accepts: `accepts(operation)` says whether it gives the same at each timestep.
            training: handed to the layers.
        """
        before = [None] * len(flat(self.inputs))
        after = [None] * (len(self.states) + len(flat(self.readouts)))
        return self.graph.known([*before, *constants, *after], accepts, training)

    def record(self, inputs, constants, states, readouts, *, training=None, masks=None, of_sequence=None):
        """Run one timestep with every inner value kept; takes what a call of the step takes.

        Returns:
            Flat lists: the outputs, the next states, every value in the order of `graph.named()`.
        """
        self.forget_dropout()
        given = [*inputs, *constants, *states, *readouts]
        given = attach(masks, given) if masks else given
        of_sequence = of_sequence or OfSequence()
        with replaced(of_sequence.weights, self.variables):
            results, values = self.graph.run(given, training, of_sequence.known)
        count = len(flat(self.outputs))
        return results[:count], results[count:], values

    def of_sequence(self, inputs, constants, states, readouts, *, training=None) -> OfSequence:
        """What the step computes once for a sequence, but for what reads constants alone (`of_constants`).

        Args:
            inputs, constants, states, readouts: tensors `(batch, ...)`, as the first timestep reads them.
            training: as in the call of the layer.
        """
        operations = self.graph.operations()
        if not any(isinstance(o, (OncePerSequence, WeightsOfSequence)) for o in operations):
            return OfSequence()
        pairs = changed_weights(self.graph, self.variables, training)
        with replaced(pairs, self.variables):
            values = self.graph.once([*inputs, *constants, *states, *readouts], training)
        return OfSequence(values, weights=pairs)

    @property
    def variables(self) -> list:
        """All variables of the step, each once: weights, statistics, states of seeds."""
        every = [v for _, node in self.graph.every_node() for v in node.variables]
        return list({id(v): v for v in every}.values())

    def forget_dropout(self):
        """Make Keras's cells draw a new dropout mask: they keep one until it is reset."""
        for reset in self._dropout_resets:
            reset()

    @cached_property
    def _dropout_resets(self):
        cells = [cell for o in self.graph.operations() for cell in [o, *getattr(o, "cells", [])]]
        kinds = ("reset_dropout_mask", "reset_recurrent_dropout_mask")
        return [getattr(cell, kind) for cell in cells for kind in kinds if hasattr(cell, kind)]

    def get_config(self) -> dict:
        """The model, and the place of each part among its inputs and outputs, as plain JSON values."""
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
            **({} if self.fed_from is None else {"fed_from": list(self.fed_from)}),
            **({"lengths": dict(self.lengths)} if self.lengths else {}),
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
            fed_from=config.get("fed_from"),
            lengths=dict(config.get("lengths") or {}),
        )


def _places(structure, counter):
    return None if structure is None else tree.map_structure(lambda _: next(counter), structure)


def _at(places, tensors):
    return None if places is None else tree.map_structure(lambda i: tensors[i], places)
