"""The timesteps of a call of a layer that is not run by the layer itself."""

import keras

from rshop.call.timesteps import Timesteps
from rshop.errors import message
from rshop.layers.base import RecurrentLayer
from rshop.step import teacher_forcing


def timesteps_of(rnn: RecurrentLayer, x, **call) -> Timesteps:
    """The timesteps of a call, with the masks and casts that the layer itself would get from Keras.

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
    """The timesteps of a run to be compared with others: dropout is off, and a given truth is always fed.

    Example:
        >>> replay_of(rnn, x, ground_truth=y).sequences["truths"][0].shape
        (2, 7, 3)

    Raises:
        TypeError, ValueError: as `timesteps_of`, or no sample at all.
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
    # Read once as it is: Keras would wrap the message of an error in one of its own.
    rnn.read_call(x, **{"output_length": None, **{k: v for k, v in call.items() if k != "training"}})

    def take_apart(given, training):
        return Timesteps.of(rnn, given, training=training, forced=bool(is_forced(given, training)))

    return _Call(rnn, take_apart)(x, **call)


class _Call(keras.layers.Layer):
    # Keras finds the masks that tensors carry, casts them and sets the dtype in which weights are read
    # for the `call` of a layer alone. This layer has that of a recurrent layer, and another end.
    call = RecurrentLayer.call

    def __init__(self, rnn, results):
        super().__init__(dtype=rnn.dtype_policy, autocast=rnn.autocast, name=rnn.name)
        self.read_call, self.results = rnn.read_call, results

    def compute_mask(self, inputs, previous_mask=None):
        return None
