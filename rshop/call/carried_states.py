"""The memory that a stateful layer keeps between calls: states, last readout, last truth."""

import numpy as np
from keras import ops

from rshop.errors import message
from rshop.step.start_values import check_numbers, read_states, start_value
from rshop.structure import agree, flat, shape_of


class Carried:
    """The memory of a stateful layer, in variables that are saved with its weights.

    Example:
        >>> carried.values([h0])["states"]  # one tensor (batch, ...) for each state
        >>> carried.reset(5.0)

    Args:
        layer: the recurrent layer, which owns the variables.
        first_states: a `FirstState` for each state.
        batch: the batch size.
        forced: keep the last truth too.

    Raises:
        ValueError: the batch size is not known.
    """

    def __init__(self, layer, first_states: list, *, batch: int | None, forced: bool):
        if batch is None:
            raise ValueError(
                message(
                    "A stateful layer carries one state for each sample from batch to batch, so it "
                    "needs the batch size.",
                    received="a batch size of None",
                    expected="a fixed batch size",
                    fix="keras.Input(batch_shape=(32, timesteps, features))",
                )
            )

        def variable(label, shape, dtype):
            return layer.add_weight(
                shape=(batch, *shape),
                dtype=dtype,
                initializer="zeros",
                trainable=False,
                autocast=False,
                name=f"carried_{label}".replace("/", "_"),
            )

        step = layer.description
        self.step, self.first_states, self.batch = step, first_states, batch
        self.states = [variable(f.name, f.shape, f.dtype) for f in first_states]
        readouts = list(zip(step.readout_names, flat(step.readouts), strict=True))
        self.readouts = [variable(name, t.shape[1:], t.dtype) for name, t in readouts]
        self.truths = [variable(f"truth_{name}", t.shape[1:], t.dtype) for name, t in readouts if forced]
        # Until the first call after a reset the states are the initial ones, which may be a learned weight
        # or a random draw.
        self.running = layer.add_weight(
            shape=(), dtype="bool", initializer="zeros", trainable=False, name="carried_running"
        )

    @property
    def variables(self) -> list:
        """All variables of the memory."""
        return [*self.states, *self.readouts, *self.truths, self.running]

    def check_batch(self, batch: int | None):
        """Refuse a batch whose size is known and not that of the variables.

        Raises:
            ValueError: says both sizes.
        """
        if batch not in (None, self.batch):
            raise ValueError(self.wrong_batch(f"a batch of {batch}"))

    def wrong_batch(self, received: str) -> str:
        """The error message for a batch of another size."""
        return message(
            "A stateful layer keeps one state for each sample of its batch.",
            received=received,
            expected=f"a batch of {self.batch}, as when it was built",
            fix="leave out a last, smaller batch, or build a layer for the other size; on several devices, "
            "for the batch of one replica",
        )

    def values(self, own: list) -> dict:
        """A dict of the kept tensors; where nothing has run since a reset, with these states instead."""
        return {
            "states": [ops.where(self.running, v, first) for v, first in zip(self.states, own, strict=True)],
            "readouts": [ops.convert_to_tensor(v) for v in self.readouts],
            "truths": [ops.convert_to_tensor(v) for v in self.truths],
        }

    def keep(self, memory: dict):
        """Keep the memory after the last timestep. A run without truths keeps its own output as truth."""
        truths = memory["truths"] or memory["readouts"]
        for variables, values in (
            (self.states, memory["states"]),
            (self.readouts, memory["readouts"]),
            (self.truths, truths[: len(self.truths)]),
        ):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        self.running.assign(True)

    def reset(self, values):
        """Set the states to their initial or the given values, and the readouts to 0."""
        if np.isscalar(values) and not isinstance(values, str):
            values = [values] * len(self.states)
        given = read_states(self.step, values, "values")
        after = [
            first(self.batch, training=False) if value is None else self._checked(value, first)
            for value, first in zip(given, self.first_states, strict=True)
        ]
        for variable, value in zip(self.states, after, strict=True):
            variable.assign(value)
        for variable in [*self.readouts, *self.truths]:
            variable.assign(ops.zeros_like(variable))
        self.running.assign(values is not None)

    def _checked(self, value, first):
        check_numbers(f"state {first.name!r}", value)
        shape, whole = shape_of(value), (self.batch, *first.shape)
        if shape != () and not agree(shape, whole) and not agree(shape, first.shape):
            raise ValueError(
                message(
                    f"State {first.name!r} cannot be reset to this value.",
                    received=f"a value of shape {shape}",
                    expected=f"a number, or shape {whole}",
                    fix=f"reset_states({{{first.name!r}: np.zeros({whole})}})",
                )
            )
        return start_value(value, first.shape, first.dtype, self.batch)
