"""Teacher forcing (Williams & Zipser, 1989) and scheduled sampling (Bengio et al., 2015).

In training the readout is replaced by the truth of the previous timestep: always, never, or with a
probability, drawn for each sample and timestep.
"""

from numbers import Real

import keras
from keras import ops

from rshop.errors import message, told
from rshop.step.masks import hold


def check(teacher_force, has_readout: bool):
    """The checked `teacher_force=` argument: a bool, float, variable or schedule.

    Example:
        >>> check(1.0, has_readout=True)
        1.0

    Raises:
        TypeError: neither a number, a variable nor a schedule.
        ValueError: a probability outside [0, 1], or forcing without a readout.
    """
    if isinstance(teacher_force, dict):
        teacher_force = deserialize(teacher_force)
    if isinstance(teacher_force, keras.Variable):
        known = teacher_force.shape == () and keras.backend.is_float_dtype(teacher_force.dtype)
    else:
        is_schedule = callable(teacher_force) and not isinstance(teacher_force, type)
        known = is_schedule or isinstance(teacher_force, (bool, Real))
    if not known:
        raise TypeError(_type_message(teacher_force))
    if isinstance(teacher_force, keras.Variable):
        teacher_force.trainable = False  # a callback changes it, never the optimizer
    if isinstance(teacher_force, Real) and not 0 <= teacher_force <= 1:
        raise ValueError(_type_message(teacher_force))
    if is_on(teacher_force) and not has_readout:
        raise ValueError(
            message(
                "Teacher forcing replaces the readout, and this model has none.",
                received=f"teacher_force={teacher_force!r} without a readout",
                expected="a step with a readout",
                fix="give readout_input= (RecurrentModel) or readout= (RecurrentSequential)",
            )
        )
    return teacher_force


def is_on(teacher_force) -> bool:
    """Whether training may feed the truth at all: False for `False` and `0.0` only."""
    return not isinstance(teacher_force, (bool, Real)) or teacher_force > 0


def is_schedule(teacher_force) -> bool:
    """Whether the probability depends on the number of training calls so far."""
    return callable(teacher_force) and not isinstance(teacher_force, keras.Variable)


def draw(teacher_force, calls, batch, length, *, seed):
    """For each sample and timestep, whether the truth is fed: booleans `(batch, time)`, or None for always.

    Example:
        >>> draw(1.0, None, 2, 3, seed=0)  # None
        >>> draw(0.5, None, 2, 3, seed=0)  # about half true, of shape (2, 3)

    Args:
        teacher_force: what `check` returned.
        calls: the number of training calls so far, for a schedule.
        batch, length: ints or scalar tensors.
        seed: an int or a `keras.random.SeedGenerator`.
    """
    if isinstance(teacher_force, (bool, Real)) and teacher_force == 1:
        return None
    p = teacher_force(calls) if is_schedule(teacher_force) else teacher_force
    return keras.random.uniform((batch, length), seed=seed) < ops.cast(p, "float32")


def feed(coins: list, truths: list, readouts: list) -> list:
    """The readouts that the step reads: the previous truth where the coin says so, else the own output.

    Example:
        >>> feed([], [], [[[1.0]]])  # no truth: the model's own output
        [[[1.0]]]

    Args:
        coins: one tensor of booleans (batch,), or an empty list for "always".
        truths: the previous truths, or an empty list when the model runs free.
        readouts: the previous outputs.
    """
    if not truths:
        return readouts
    return hold(coins[0], truths, readouts) if coins else truths


def serialize(teacher_force):
    """`teacher_force` as plain JSON values."""
    if isinstance(teacher_force, keras.Variable):
        return {"variable": float(ops.convert_to_numpy(teacher_force))}
    if callable(teacher_force):
        return keras.saving.serialize_keras_object(teacher_force)
    return teacher_force


def deserialize(config: dict):
    """The variable or schedule that `serialize` wrote."""
    try:
        if "variable" in config:
            return keras.Variable(float(config["variable"]), trainable=False, name="teacher_force")
        return keras.saving.deserialize_keras_object(config)
    except (TypeError, ValueError, KeyError) as error:
        raise TypeError(_type_message(config)) from error


def _type_message(teacher_force):
    return message(
        "This is no probability of teacher forcing.",
        received=f"teacher_force={told(teacher_force)}",
        expected="True, False, a number from 0 to 1, a keras.Variable of one number, or a schedule",
        fix="teacher_force=True, or teacher_force=keras.Variable(1.0) to change it in training",
    )
