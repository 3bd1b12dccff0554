"""`ResetCell`: each sample starts anew where an input says so."""

import keras
from keras import ops

from rshop.cells.wrappers import any_cell
from rshop.cells.wrappers.wrapper import CellWrapper
from rshop.errors import message
from rshop.step.constants import without_masks
from rshop.step.of_sequence import OncePerSequence
from rshop.structure import flat_shapes


@keras.saving.register_keras_serializable(package="rshop")
class FirstValue(OncePerSequence):
    """The value of a state before the first timestep, at each timestep.

    Example:
        >>> FirstValue()(np.ones((2, 4))).shape
        (2, 4)
    """

    def call(self, x):
        """`x` `(batch, ...)` as the first timestep reads it."""
        return x

    def compute_output_spec(self, x):
        """The symbolic result."""
        return keras.KerasTensor(x.shape, dtype=x.dtype)


@keras.saving.register_keras_serializable(package="rshop")
class ResetCell(CellWrapper):
    """A cell whose states go back to the layer's own first states, for each sample where an input says so.

    It reads `[x_t, reset_t]`; where `reset_t` is true (or not 0) the timestep starts from the first states::

        s_tm1 = where(reset_t, s_0, s_tm1)
        y_t, s_t = cell(x_t, s_tm1)

    Several sequences that stand one after the other in one row then run as if each ran by itself. The first
    state `s_0` is that of the call: `initial_state=` if given, else what `state_initializer=` says (a random
    one is drawn once a call). In a stateful layer too it is that, never what was carried over. A reset at a
    masked timestep does not happen.

    Example:
        >>> rnn = ResetCell(LSTMCell(10)).get_layer(return_sequences=True)
        >>> x, reset = np.ones((2, 7, 5)), np.zeros((2, 7), "bool")
        >>> reset[0, 3] = True  # a new sequence begins at timestep 3 of the first sample
        >>> rnn([x, reset]).shape
        (2, 7, 10)

    Args:
        cell: any cell.
        **options: `name`, `dtype`, `trainable`, `input_dim` (the size of `x`).

    Call arguments of the cell:
        inputs: `[x_t (batch, ...), reset_t (batch,) or (batch, 1), *constants, *states]`.

    Raises:
        TypeError: `cell` is no cell.
        ValueError: `reset` is not one number for each sample.

    Source:
        Resets by an input are what packed sequences and episodes of reinforcement learning need; so J. Lu et
        al., Structured state space models for in-context reinforcement learning, 2023 (arXiv:2303.03982).
    """

    def run(self, xs, states):
        """The timestep of the cell from states that are the first ones where the last input says so."""
        place = self._own_inputs() - 1
        reset, xs = xs[place], [*xs[:place], *xs[place + 1 :]]
        first = [FirstValue(name=f"first_{s.name}".removesuffix("_tm1"))(s) for s in states]
        states = [
            ops.where(ops.reshape(reset, (-1,) + (1,) * (len(s.shape) - 1)), start, s)
            for s, start in zip(states, first, strict=True)
        ]
        return self.run_cell(xs, states)

    def build(self, input_shape):
        """Build the cell inside, then the step; the shape of the reset may be left out."""
        shapes, place = flat_shapes(input_shape), self._own_inputs() - 1
        if len(shapes) < self._own_inputs() + len(without_masks(self.constant_names)):
            shapes = [*shapes[:place], (None,), *shapes[place:]]
        super().build(shapes)

    def x_inputs(self, shapes):
        """The inputs of the cell, and one for the reset."""
        *shapes, reset = shapes
        if tuple(reset[1:]) not in ((), (1,)):
            raise ValueError(
                message(
                    f"The reset of ResetCell {self.name!r} is one number for each sample.",
                    received=f"a reset of shape {tuple(reset)} at each timestep",
                    expected="(batch,) or (batch, 1): sequences of shape (batch, time) or (batch, time, 1)",
                    fix="rnn([x, reset]) with reset of shape (batch, time)",
                )
            )
        return [*super().x_inputs(shapes), keras.Input(batch_shape=reset, dtype="bool", name="reset")]

    @property
    def num_inputs(self) -> int:
        """What the cell reads, and the reset."""
        return any_cell.count_inputs(self.cell) + 1

    def output_shape(self, input_shape) -> tuple | None:
        """The shape of `y`, which is that of the cell; None where it is not known."""
        return any_cell.output_shape(self.cell, flat_shapes(input_shape)[: self._own_inputs() - 1])
