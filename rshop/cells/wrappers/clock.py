"""`ClockCell`: a cell that runs every few timesteps and stands still between."""

import keras
from keras import ops

from rshop.cells.wrappers import any_cell
from rshop.cells.wrappers.wrapper import CellWrapper
from rshop.checks import check_count
from rshop.step.names import free_name


@keras.saving.register_keras_serializable(package="rshop")
class ClockCell(CellWrapper):
    """A cell that runs at timesteps 0, `every`, `2 * every`, ... and holds output and states between.

    Its counter is a state, `clock` `(batch, 1)` of whole numbers: the cell runs where it is 0. Samples count
    by themselves, so a masked timestep counts for none, and a stateful layer or a first state of the counter
    goes on in the middle. An output that is no state of the cell is held in a further state,
    `held_output`. All samples are computed at each timestep, and the result is taken where it is due: it
    saves no time.

    Example:
        >>> rnn = ClockCell(LSTMCell(10), every=3).get_layer(return_sequences=True)
        >>> rnn(np.ones((2, 7, 5))).shape, rnn.state_names
        ((2, 7, 10), ['h', 'c', 'clock'])

    Args:
        cell: any cell.
        every: the number of timesteps from one run to the next; 1 runs at each.
        **options: `name`, `dtype`, `trainable`, `input_dim`.

    Raises:
        TypeError: `cell` is no cell, or `every` no whole number.
        ValueError: `every` below 1.

    Source:
        J. Koutník et al., A clockwork RNN, 2014 (arXiv:1402.3511), of which this is one module by itself.
    """

    def __init__(self, cell, every: int, **options):
        super().__init__(cell, **options)
        self.every = check_count("every", every, "number of timesteps from one run of the cell to the next")

    def run(self, xs, states):
        """The timestep of the cell where it is due, else what was there before."""
        *old, clock = states
        count = len(any_cell.state_names(self.cell))
        y, after = self.run_cell(xs, old[:count])
        place = any_cell.output_state(self.cell)
        new = after if place is not None else [*after, y]
        due = ops.equal(clock, 0)
        kept = [_chosen(due, now, before) for now, before in zip(new, old, strict=True)]
        later = clock + 1
        later = ops.where(ops.equal(later, self.every), 0, later)
        return kept[-1 if place is None else place], [*kept, later]

    def state_inputs(self):
        """The states of the cell, the held output where it is no state, and the counter."""
        states, names = super().state_inputs(), self._own_names()
        if len(names) == 2:
            y = any_cell.output_spec(self.cell)
            states.append(
                keras.Input(batch_shape=(None, *y.shape[1:]), dtype=y.dtype, name=f"{names[0]}_tm1")
            )
        return [*states, keras.Input((1,), dtype="int32", name=f"{names[-1]}_tm1")]

    @property
    def state_names(self) -> list[str]:
        """The names of the cell's states, `held_output` where the output is no state, and `clock`."""
        return [*super().state_names, *self._own_names()]

    def get_config(self):
        """The cell and the options as plain JSON values."""
        return {**super().get_config(), "every": self.every}

    def _own_names(self):
        names = ["clock"] if any_cell.output_state(self.cell) is not None else ["held_output", "clock"]
        taken = any_cell.state_names(self.cell)  # those of a clock inside
        return [free_name(name, taken) for name in names]


def _chosen(due, now, before):
    due = ops.reshape(due, (-1,) + (1,) * (len(now.shape) - 1))
    return ops.where(due, now, before)
