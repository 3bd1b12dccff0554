"""Run a recurrent layer one timestep at a time, with everything that a timestep reads open to change."""

import keras
import numpy as np
from keras import ops

from rshop.call.run import first_memory
from rshop.errors import message, told
from rshop.layers.base import RecurrentLayer
from rshop.step.masks import attach, blank
from rshop.step.timestep import Timestep
from rshop.structure import flat, shape_of, tree
from rshop.tracing.check_layer import refuse_both_ways
from rshop.tracing.layer_in_model import told_layer


class Walk:
    """A call of a recurrent layer, walked through by the caller; dropout is off.

    Example:
        >>> walk = Walk(rnn, x)
        >>> memory = walk.first
        >>> for t in range(walk.steps):
        ...     memory, emitted = walk(memory, t, walk.inputs(t))

    Args:
        rnn: a recurrent layer of this project; it is built if it was not yet.
        x: what the layer is called with.
        record: emit the next states, the readouts and every inner value too.
        **call: `initial_state`, `initial_readout`, `ground_truth`, `constants`, `mask`,
            `output_length`, as in a call of the layer. A ground truth is fed as readout (teacher forcing).

    Attributes:
        first: the memory before timestep 0, a dict of lists (see `Timestep`).
        steps, batch: the number of timesteps and of samples.
        states, readouts: the names of what is carried on.

    Raises:
        TypeError: not a recurrent layer, or no argument of its call.
        ValueError: as a call of the layer would raise, or no sample at all.
    """

    def __init__(self, rnn: RecurrentLayer, x, *, record: bool = False, output_length=None, **call):
        check_layer(rnn)
        x = tree.map_structure(np.asarray, x)
        if not rnn.built:
            rnn.build(tree.map_structure(shape_of, x))
        self.rnn, self.step = rnn, rnn.description
        given = rnn.read_call(x, output_length, **call)
        _check_batch(given)
        self.given, self.steps, self.batch = given, int(given.length), int(given.batch)
        self.states, self.readouts = list(self.step.state_names), self.step.readout_names
        turn = (lambda a: ops.flip(a, axis=1)) if rnn.go_backwards else (lambda a: a)
        self._x = [turn(a) if not rnn.decode else a for a in _like(given.inputs, flat(self.step.inputs))]
        self._truths = _like(given.truths, flat(self.step.readouts)) if given.truths else []
        self._mask = None if given.mask is None else turn(ops.convert_to_tensor(given.mask))
        constants = _like(given.constants, flat(self.step.constants))
        masks = [*given.step_masks, *[None] * (len(self.step.model.inputs) - len(given.step_masks))]
        self._timestep = Timestep(
            self.step,
            constants,
            masks=None if all(m is None for m in masks) else masks,
            zero_masked=rnn.zero_output_for_mask,
            recorder=_Recorder(self.step) if record else None,
        )
        self._copies = 1
        self.first = first_memory(rnn, given, self.batch, False, bool(self._truths), self._mask is not None)

    def __call__(self, memory: dict, t: int, inputs: list, *, forced: bool = True) -> tuple[dict, list]:
        """The memory after timestep `t`, and what it emits; `forced=False` feeds no truth."""
        mask = [] if self._mask is None else self._at([self._mask], t)
        now = {
            # As in a call of the layer, a NaN under a mask is not even looked at.
            "inputs": blank(mask[0], inputs) if mask else inputs,
            "truths": self._at(self._truths, t) if forced else [],
            "coins": [],
            "mask": mask,
        }
        memory = memory if forced else {**memory, "truths": []}
        return self._timestep(memory, now)

    def inputs(self, t: int) -> list:
        """The flat list of inputs of timestep `t`, `(batch, ...)` each."""
        return self._spread(self._x) if self.rnn.decode else self._at(self._x, t)

    @property
    def mask(self) -> np.ndarray | None:
        """The mask `(batch, time)` in the order of processing, or None."""
        return None if self._mask is None else ops.convert_to_numpy(self._mask)

    def copies(self, count: int) -> "Walk":
        """The same walk with each sample `count` times: the whole batch, then the whole batch again."""
        walk = object.__new__(Walk)
        walk.__dict__.update(self.__dict__, _copies=count, batch=self.batch * count)
        step = self._timestep
        masks = step.masks and [m if m is None else walk._spread([m])[0] for m in step.masks]
        walk._timestep = Timestep(
            step.step, walk._spread(step.constants), masks=masks, zero_masked=step.zero_masked
        )
        walk.first = {part: walk._spread(values) for part, values in self.first.items()}
        return walk

    def _at(self, sequences, t):
        return self._spread([sequence[:, t] for sequence in sequences])

    def _spread(self, tensors):
        if self._copies == 1:
            return list(tensors)
        return [ops.concatenate([ops.convert_to_tensor(a)] * self._copies, axis=0) for a in tensors]


class _Recorder:
    # Runs a step so that every inner value comes out; has the signature of the step itself.
    def __init__(self, step):
        self.step = step

    def __call__(self, inputs, constants, states, readouts, training=None, masks=None):
        self.step.forget_dropout()
        given = [*inputs, *constants, *states, *readouts]
        results, values = self.step.graph.run(attach(masks, given) if masks else given, training)
        count = len(flat(self.step.outputs))
        return results[:count], results[count:], values


def is_float(tensor) -> bool:
    """Whether a tensor can have a gradient."""
    return keras.backend.is_float_dtype(keras.backend.standardize_dtype(tensor.dtype))


def check_timestep(t, steps: int) -> int:
    """The timestep, counted from the end where it is negative.

    Raises:
        ValueError: there is no such timestep.
    """
    if isinstance(t, (bool, np.bool_)) or not isinstance(t, (int, np.integer)) or not -steps <= t < steps:
        raise ValueError(
            message(
                "There is no such timestep.",
                received=f"timestep {told(t)}",
                expected=f"a whole number from 0 to {steps - 1}, or from -{steps} to -1 counted from the end",
                fix=f"use {steps - 1} for the last timestep",
            )
        )
    return int(t) % steps


def _like(values, likes):
    return [ops.cast(ops.convert_to_tensor(v), t.dtype) for v, t in zip(values, likes, strict=True)]


def check_layer(rnn):
    """Raise a `TypeError` unless this is a recurrent layer of rshop, a `ValueError` where it is two."""
    refuse_both_ways(rnn)
    if not isinstance(rnn, RecurrentLayer):
        raise TypeError(
            message(
                "This is no recurrent layer of rshop.",
                received=told_layer(rnn),
                expected="a RecurrentModel, a RecurrentSequential or cell.get_layer()",
                fix="give the recurrent layer itself, or a Keras model that contains it",
            )
        )


def _check_batch(given):
    # That there is a timestep was checked as the call was read.
    if not given.batch:
        raise ValueError(
            message(
                "There is nothing to run.",
                received=f"{given.batch} samples of {given.length} timesteps",
                expected="at least one sample: x of shape (batch, time, ...)",
                fix="give an x that is not empty",
            )
        )
