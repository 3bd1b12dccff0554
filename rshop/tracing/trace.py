"""`trace`: every named value of every timestep, as arrays."""

from collections.abc import Mapping

import keras
import numpy as np

from rshop.layers.base import RecurrentLayer
from rshop.structure import find, flat
from rshop.tracing.call_request import read_request
from rshop.tracing.recorder import Recorder
from rshop.tracing.timesteps_of_call import timesteps_of


class Named(Mapping):
    """Arrays by name, in order. A name may be cut to its last parts, as long as it fits only one.

    Example:
        >>> Named({"lstm/h": h, "lstm/c": c})["c"].shape
        (2, 8, 10)
    """

    def __init__(self, arrays: dict[str, np.ndarray]):
        self._arrays = arrays

    def __getitem__(self, name):
        return self._arrays[list(self._arrays)[find(name, list(self._arrays), "value")]]

    def __contains__(self, name):
        names = list(self._arrays)
        if not isinstance(name, str):
            return False
        return name in names or [full.endswith(f"/{name}") for full in names].count(True) == 1

    def __iter__(self):
        return iter(self._arrays)

    def __len__(self):
        return len(self._arrays)

    def __repr__(self):
        return "\n".join(f"{name}: {array.shape}" for name, array in self._arrays.items())


class Trace:
    """The values inside a recurrent layer at each timestep.

    Example:
        >>> record = trace(LSTMCell(4, input_dim=3).get_layer(), np.ones((2, 7, 3)))
        >>> record["forget_gate"].shape  # (batch, time, units)
        (2, 7, 4)
        >>> record.states["c"].shape  # the initial state first
        (2, 8, 4)

    Attributes:
        inputs: the inputs in the structure of the step's input, `(batch, time, ...)`; in a decoder
            `(batch, ...)`.
        constants: what each timestep saw whole, in the structure of the step's constants, the masks that it
            reads among them, or None.
        outputs: the outputs in the structure of the step's output, `(batch, time, ...)`.
        states: by name, `(batch, time + 1, ...)`, the initial state first.
        readout: the readouts that were fed (own outputs or truths), `(batch, time, ...)`, or None.
        mask: booleans `(batch, time)`, or None.
        names: the names of all inner values, in the order in which the step computes them.
        cell_weights: by name, the weights that each LSTM, GRU and simple RNN cell of Keras in the step ran
            with; pictures compute from them what happened inside it.
    """

    def __init__(self, values, *, inputs, outputs, states, readout, mask, constants=None, cell_weights=None):
        self._values = Named(values)
        self.inputs, self.outputs, self.readout, self.mask = inputs, outputs, readout, mask
        self.constants = constants
        self.cell_weights = cell_weights or {}
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
        return isinstance(name, str) and name in list(self._values)

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
    constants_mask=None,
    mask=None,
    training=None,
    output_length=None,
) -> Trace:
    """Every value of every timestep of a call. The call has no side effects.

    Example:
        The forget gate of an LSTM at each of 7 timesteps::

            >>> rnn = LSTMCell(4, input_dim=3).get_layer(return_sequences=True)
            >>> trace(rnn, np.ones((2, 7, 3)))["forget_gate"].shape
            (2, 7, 4)

    Args:
        rnn: a recurrent layer of this project, which is built if it was not yet. Or a Keras model that has
            exactly one: then that layer is traced, with the arguments that reach it in the model.
        x, ...: as in a call of the layer; `x` is the input of the model where a model is given.

    Returns:
        A `Trace`, with `go_backwards` in the order of processing. A stateful layer keeps the states that it
        had.

    Raises:
        TypeError: not a recurrent layer of this project.
        ValueError: as the layer itself would raise; a model with no recurrent layer, or with several.
    """
    call = {
        "initial_state": initial_state,
        "initial_readout": initial_readout,
        "ground_truth": ground_truth,
        "constants": constants,
        "constants_mask": constants_mask,
        "mask": mask,
        "training": training,
        "output_length": output_length,
    }
    fix = "trace the recurrent layer itself, or a Keras model that contains it"
    rnn, x, call = read_request(rnn, x, call, fix=fix)
    # A trace must not change statistics, seeds or counters, nor add losses.
    with keras.StatelessScope(collect_losses=True):
        timesteps = timesteps_of(rnn, x, **call)
        recorder, memory = Recorder(timesteps), timesteps.first
        for t in range(timesteps.steps):
            memory = recorder.step(memory, t, timesteps.inputs(t))
    return Trace(**recorder.arrays())
