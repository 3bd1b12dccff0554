"""A layer and its step: the step itself, the names of its states, its output shape."""

import keras

from rshop.conversions import convert
from rshop.step.step import Step
from rshop.structure import flat


class DescribedLayer(keras.layers.Layer):
    """A Keras layer that knows the step it runs; a subclass says how the step is made.

    Example:
        >>> rnn = LSTMCell(10, input_dim=5).get_layer()
        >>> rnn.num_states, rnn.state_names, len(rnn.step.inputs)
        (2, ['h', 'c'], 3)
    """

    _description: Step | None = None

    def make_step(self, input_shape, constant_shapes: list[tuple]) -> Step:
        """The step for inputs of this shape `(batch, ...)`, None when it is not known yet.

        Args:
            input_shape: of the inputs.
            constant_shapes: of the constants that the layer is called with, `(batch, ...)`.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say what its step is.")

    @property
    def description(self) -> Step:
        """The checked `Step`: inputs, constants, states, readouts, outputs."""
        return self.describe()

    def describe(self, input_shape=None, constant_shapes: list[tuple] = ()) -> Step:
        """The checked `Step`, made for inputs of this shape `(batch, ...)` if there is none yet."""
        if self._description is None:
            step = self.make_step(input_shape, list(constant_shapes))
            self._step_model, self._description = step.model, step
        return self._description

    @property
    def is_described(self) -> bool:
        """Whether there is a step yet; a stack has none before it knows the shape of its input."""
        return self._description is not None

    def step_output_shape(self, input_shape) -> tuple | None:
        """The shape `(batch, ...)` of the step's first output, None where it is not known yet."""
        return tuple(flat(self.description.outputs)[0].shape) if self.is_described else None

    @property
    def step(self) -> keras.Model:
        """The Keras model of one timestep, on flat lists:
        `[*inputs, *constants, *states, *readouts] -> [*outputs, *next_states]`."""
        return self.description.model

    @property
    def num_states(self) -> int:
        """The number of states, the readout not counted: 2 for an LSTM."""
        return len(self.state_names)

    @property
    def constant_names(self) -> list[str]:
        """The names of the constants that the step reads, masks of constants among them."""
        return list(self.description.constant_names)

    @property
    def state_names(self) -> list[str]:
        """The names of the states, in order: `['h', 'c']` for an LSTM."""
        return list(self.description.state_names)

    def get_cell(self, **layer_kwargs):
        """This model as a cell for another RNN, sharing its weights; the readout becomes a state.

        A model that holds both trains as one, but Keras cannot load its `.keras` file (weights that are
        shared are written once): use `save_weights` and `load_weights` instead.

        Example:
            >>> outer = RecurrentSequential()
            >>> outer.add(rnn.get_cell())

        Args:
            **layer_kwargs: those of `RNNCellFromModel`.

        Raises:
            ValueError: the layer has options that a cell would lose.
        """
        return convert("cell", self, **layer_kwargs)
