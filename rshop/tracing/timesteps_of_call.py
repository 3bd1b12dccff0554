"""The timesteps of a call, to be run from outside the layer: by `trace`, `Stepper`, `intervene`."""

import keras

from rshop.call.timesteps import Timesteps
from rshop.errors import message
from rshop.layers.base import RecurrentLayer
from rshop.step import teacher_forcing


def timesteps_of(rnn: RecurrentLayer, x, **call) -> Timesteps:
    """The timesteps of a call, with the masks and casts that Keras would give the layer itself.

    Example:
        >>> timesteps = timesteps_of(rnn, np.ones((2, 7, 3)))
        >>> timesteps.steps, timesteps.batch
        (7, 2)

    Args:
        rnn: a built recurrent layer of this project.
        x, **call: what the layer is called with.

    Raises:
        TypeError, ValueError: as a call of the layer would raise.
    """
    return _timesteps(rnn, x, call, lambda _, training: training and teacher_forcing.is_on(rnn.teacher_force))


def replay_of(rnn: RecurrentLayer, x, **call) -> Timesteps:
    """The timesteps of a call for comparing runs: dropout is off, and a given ground truth is always fed.

    Example:
        >>> replay_of(rnn, x, ground_truth=y).sequences["truths"][0].shape
        (2, 7, 3)

    Raises:
        TypeError, ValueError: as `timesteps_of`, or a batch without a sample.
    """
    timesteps = _timesteps(rnn, x, {**call, "training": False}, lambda given, _: given.truths)
    # That there is a timestep was checked as the call was read.
    if not timesteps.batch:
        raise ValueError(
            message(
                "There is nothing to run.",
                received=f"{timesteps.batch} samples of {timesteps.steps} timesteps",
                expected="at least one sample: x of shape (batch, time, ...)",
                fix="give an x that is not empty",
            )
        )
    return timesteps


def _timesteps(rnn, x, call, is_forced):
    # Read a first time outside of Keras, which would wrap an error in a longer message.
    rnn.read_call(x, **{"output_length": None, **{k: v for k, v in call.items() if k != "training"}})

    def take_apart(given, training):
        forced = bool(is_forced(given, training))
        return Timesteps.of(rnn, given, training=training, forced=forced).knowing_constants()

    return _Call(rnn, take_apart)(x, **call)


class _Call(keras.layers.Layer):
    # Only inside the `call` of a layer does public Keras cast tensors, find the masks they carry and set the
    # dtype in which weights are read. This layer has the `call` of a recurrent layer but returns timesteps.
    call = RecurrentLayer.call

    def __init__(self, rnn, results):
        super().__init__(dtype=rnn.dtype_policy, autocast=rnn.autocast, name=rnn.name)
        self.read_call, self.results = rnn.read_call, results

    def compute_mask(self, inputs, previous_mask=None):
        return None
