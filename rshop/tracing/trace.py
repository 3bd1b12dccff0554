"""`trace`: every named value of every timestep, as arrays."""

from collections.abc import Mapping

import numpy as np
from keras import ops

from rshop.call.run import run
from rshop.checks import check_training
from rshop.errors import message
from rshop.layers.base import RecurrentLayer
from rshop.layers.options import DEFAULTS
from rshop.step.masks import attach
from rshop.step.start_values import check_call
from rshop.structure import find, flat, tree
from rshop.tracing.layer_in_model import called_within, told_layer


class Named(Mapping):
    """Arrays by name, in order; an ending that fits only one name is enough.

    Example:
        >>> Named({"lstm/h": h, "lstm/c": c})["c"].shape
        (2, 8, 10)
    """

    def __init__(self, arrays: dict[str, np.ndarray]):
        self._arrays = arrays

    def __getitem__(self, name):
        return self._arrays[list(self._arrays)[find(name, list(self._arrays), "value")]]

    def __iter__(self):
        return iter(self._arrays)

    def __len__(self):
        return len(self._arrays)

    def __repr__(self):
        return "\n".join(f"{name}: {array.shape}" for name, array in self._arrays.items())


class Trace:
    """What happened inside a recurrent layer, timestep by timestep.

    Example:
        >>> record = trace(LSTMCell(4, input_dim=3).get_layer(), np.ones((2, 7, 3)))
        >>> record["forget_gate"].shape  # (batch, time, units)
        (2, 7, 4)
        >>> record.states["c"].shape  # the initial state first
        (2, 8, 4)

    Attributes:
        inputs: what arrived, with the structure of the step's input, `(batch, time, ...)`; in a
            decoder `(batch, ...)`.
        outputs: with the structure of the step's output, `(batch, time, ...)`.
        states: by name, `(batch, time + 1, ...)`, the initial state first.
        readout: what was fed as readout (own output or truth), `(batch, time, ...)`, or None.
        mask: booleans `(batch, time)`, or None.
        names: the names of all inner values, in the order in which the step computes them.
    """

    def __init__(self, values, *, inputs, outputs, states, readout, mask):
        self._values = Named(values)
        self.inputs, self.outputs, self.readout, self.mask = inputs, outputs, readout, mask
        self.states = Named(states)

    @property
    def names(self) -> list[str]:
        """The names of all inner values."""
        return list(self._values)

    @property
    def steps(self) -> int:
        """The number of timesteps."""
        return int(flat(self.outputs)[0].shape[1])

    def __getitem__(self, name: str) -> np.ndarray:
        """The value of this name, `(batch, time, ...)`; an unambiguous ending is enough."""
        return self._values[name]

    def __contains__(self, name) -> bool:
        return name in list(self._values)

    def __iter__(self):
        return iter(self._values)

    def __repr__(self):
        batch = flat(self.outputs)[0].shape[0]
        return f"Trace of {self.steps} timesteps, batch {batch}\n{self._values!r}"


def trace(
    rnn: RecurrentLayer,
    x,
    *,
    initial_state=None,
    initial_readout=None,
    ground_truth=None,
    constants=None,
    mask=None,
    training=None,
    output_length=None,
) -> Trace:
    """Every value of every timestep of a call, the call itself being without effect.

    Example:
        The forget gate of an LSTM at each of 7 timesteps::

            >>> rnn = LSTMCell(4, input_dim=3).get_layer(return_sequences=True)
            >>> trace(rnn, np.ones((2, 7, 3)))["forget_gate"].shape
            (2, 7, 4)

    Args:
        rnn: a recurrent layer of this project; it is built if it was not yet. Or a Keras model that has
            exactly one: then it is that layer, called with what reaches it in the model.
        x: what the layer (or the model) is called with, as all that follows.

    Returns:
        A `Trace`. With `go_backwards` it is in the order of processing. A stateful layer keeps the
        states that it had.

    Raises:
        TypeError: not a recurrent layer of this project.
        ValueError: as the layer itself would raise; a model with no recurrent layer, or with several.
    """
    call = {
        "initial_state": initial_state,
        "initial_readout": initial_readout,
        "ground_truth": ground_truth,
        "constants": constants,
        "mask": mask,
        "training": training,
        "output_length": output_length,
    }
    check_training(training)
    numbers = {name: call[name] for name in call if name not in ("training", "output_length")}
    check_call({"x": x, **numbers}, symbolic=False)
    rnn, x, call = called_within(rnn, x, call)
    _check_layer(rnn)
    # Statistics, seeds and counters move in training, but looking must not move them.
    before = [(v, ops.convert_to_numpy(v)) for v in rnn.non_trainable_variables]
    try:
        record = _Recording(rnn)(x, **call)
    finally:
        for variable, value in before:
            variable.assign(value)
    arrays = tree.map_structure(lambda t: None if t is None else ops.convert_to_numpy(t), record)
    step = rnn.description
    readout = arrays["readouts"] or None
    return Trace(
        dict(zip(_Recorder(step).names, arrays["values"], strict=True)),
        inputs=tree.pack_sequence_as(step.inputs, arrays["inputs"]),
        outputs=tree.pack_sequence_as(step.outputs, arrays["outputs"]),
        states=dict(zip(step.state_names, arrays["states"], strict=True)),
        readout=readout and tree.pack_sequence_as(step.readouts, readout),
        mask=arrays["mask"],
    )


def _check_layer(rnn):
    if not isinstance(rnn, RecurrentLayer):
        raise TypeError(
            message(
                "Only recurrent layers of rshop can be traced.",
                received=told_layer(rnn),
                expected="a RecurrentModel, a RecurrentSequential or cell.get_layer()",
                fix="trace the recurrent layer itself, or a Keras model that contains it",
            )
        )


class _Recorder:
    # Runs a step so that every inner value comes out; has the signature of the step itself.
    def __init__(self, step):
        self.step = step
        named = step.graph.named()
        self.names = [name for name, _ in named]
        self.values = [tensor for _, tensor in named]

    def __call__(self, inputs, constants, states, readouts, training=None, masks=None):
        self.step.forget_dropout()
        given = [*inputs, *constants, *states, *readouts]
        if masks is not None:
            given = attach(masks, given)
        results, values = self.step.graph.run(given, training)
        count = len(flat(self.step.outputs))
        return results[:count], results[count:], values


class _Recording(RecurrentLayer):
    # The same layer, but what it returns is what happened.
    def __init__(self, rnn):
        known = {name: getattr(rnn, name) for name in DEFAULTS}
        super().__init__(has_readout=rnn.has_readout, dtype=rnn.dtype_policy, **known)
        self.rnn = rnn
        self.carried = rnn.carried
        self.zero_output_for_mask = rnn.zero_output_for_mask

    def build(self, input_shape):
        if not self.rnn.built:
            self.rnn.build(input_shape)
        self.describe()

    def make_step(self, input_shape):
        return self.rnn.description

    def results(self, given, training):
        step = self.rnn.description
        first, _, emitted = run(self.rnn, given, training, _Recorder(step))
        counts = [len(flat(step.outputs)), len(step.states), len(flat(step.readouts))]
        parts, start = [], 0
        for count in counts:
            parts.append(emitted[start : start + count])
            start += count
        outputs, states, readouts = parts
        states = [
            ops.concatenate([before[:, None], after], axis=1)
            for before, after in zip(first["states"], states, strict=True)
        ]
        turned = self.go_backwards and not self.decode
        inputs = [ops.flip(x, axis=1) for x in given.inputs] if turned else given.inputs
        mask = ops.flip(given.mask, axis=1) if turned and given.mask is not None else given.mask
        return {
            "inputs": inputs,
            "outputs": outputs,
            "states": states,
            "readouts": readouts,
            "mask": mask,
            "values": emitted[start:],
        }
