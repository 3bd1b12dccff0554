"""A layer that carries its states from call to call: reading them, and starting anew."""

import keras

from rshop.call.carried_states import Carried
from rshop.errors import message, told


class StatefulLayer(keras.layers.Layer):
    """A Keras layer that begins each call where the last one ended, if it is `stateful`.

    Example:
        >>> rnn = LSTMCell(10).get_layer(stateful=True)
        >>> y = rnn(np.ones((2, 7, 5)))
        >>> [state.shape for state in rnn.states]
        [(2, 10), (2, 10)]
        >>> rnn.reset_states()
    """

    stateful: bool
    #: What is carried, once the layer is built; None for a layer that is not stateful.
    carried: Carried | None

    @property
    def states(self) -> list | None:
        """The variables `(batch, ...)` that a stateful layer carries its states in, else None."""
        return None if self.carried is None else list(self.carried.states)

    def reset_states(self, values=None):
        """Forget what a stateful layer carried: states become initial, or take the given values.

        Example:
            >>> rnn.reset_states()  # zeros, or what state_initializer says
            >>> rnn.reset_states(5.0)  # every state 5
            >>> rnn.reset_states({"h": np.ones((1, 3))})  # h given, the others initial

        Args:
            values: None, a number, an array, or a list or dict by state name of them.

        Raises:
            ValueError: the layer is not stateful, or the values do not fit; nothing changes then.
        """
        if not self.stateful:
            raise ValueError(
                message(
                    f"The layer {self.name!r} carries no states from call to call.",
                    received=f"stateful={self.stateful!r}",
                    expected="a layer with stateful=True",
                    fix="make the layer with stateful=True, or pass initial_state= to the call",
                )
            )
        if self.carried is None and values is not None:
            raise ValueError(
                message(
                    f"The layer {self.name!r} has not seen a batch yet: its states have no shape.",
                    received=f"values={told(values)} before the first call",
                    expected="a layer that was called or built",
                    fix="call the layer first, or pass initial_state= to the first call",
                )
            )
        if self.carried is not None:
            self.carried.reset(values)

    def reset_state(self):
        """Keras's spelling of `reset_states()`."""
        self.reset_states()
