"""Zoneout (Krueger et al., 2017): in training some units of a state stay as they were."""

import keras
from keras import layers

from rshop.cells.wrappers.any_cell import output_state, state_names
from rshop.cells.wrappers.dropout import seed_of
from rshop.cells.wrappers.wrapper import CellWrapper
from rshop.checks import check_rate, check_seed
from rshop.structure import find


@keras.saving.register_keras_serializable(package="rshop")
class ZoneoutCell(CellWrapper):
    """A cell whose states keep some of their units from the last timestep, drawn anew at each timestep.

    In training, with `d_t` drawn 1 with probability `rate` for each unit, and at inference the expectation::

        s_t = d_t * s_tm1 + (1 - d_t) * cell(x_t, s_tm1)        in training
        s_t = rate * s_tm1 + (1 - rate) * cell(x_t, s_tm1)      else

    If the cell returns one of its states (the `h` of an LSTM, also at the end of a stack), the output is that
    state after zoneout; another output stays as it is, and so do states of whole numbers.

    Example:
        >>> ZoneoutCell(LSTMCell(10), {"c": 0.5, "h": 0.05}).get_layer()(np.ones((2, 7, 5))).shape
        (2, 10)

    Traces `h_zoneout`, and so on for each state: the change of the state that is left of `cell - s_tm1`,
    divided by `1 - rate` in training.

    Args:
        cell: any cell.
        rate: the probability that a unit stays, from 0 on and below 1; or a dict of them by state name,
            0 for states that it does not name. The paper takes 0.5 for `c` and 0.05 for `h`.
        seed: an int for the draws.
        **options: `name`, `dtype`, `trainable`, `input_dim`.

    Raises:
        TypeError: `cell` is no cell, or `rate` no number.
        ValueError: a rate outside [0, 1), or the name of no state.

    Source:
        D. Krueger et al., Zoneout: regularizing RNNs by randomly preserving hidden activations, 2017
        (arXiv:1606.01305).
    """

    def __init__(self, cell, rate: "float | dict[str, float]", *, seed: int | None = None, **options):
        super().__init__(cell, **options)
        meaning = "probability that a unit of a state stays"
        if isinstance(rate, dict):
            self.rate = {name: check_rate(f"rate[{name!r}]", part, meaning) for name, part in rate.items()}
        else:
            self.rate = check_rate("rate", rate, meaning)
        self.seed = check_seed(seed)

    def run(self, xs, states):
        """The output and the next states of the cell, mixed with the states before."""
        y, after = self.run_cell(xs, states)
        place = output_state(self.cell)
        rates, names = self._rates(), state_names(self.cell)
        after = [
            self._mixed(name, rate, old, new, seed_of(self.seed, i))
            for i, (name, rate, old, new) in enumerate(zip(names, rates, states, after, strict=True))
        ]
        return (y if place is None else after[place]), after

    def get_config(self):
        """The cell and the options as plain JSON values."""
        rate = dict(self.rate) if isinstance(self.rate, dict) else self.rate
        return {**super().get_config(), "rate": rate, "seed": self.seed}

    def _rates(self):
        names = state_names(self.cell)
        if not isinstance(self.rate, dict):
            return [self.rate] * len(names)
        rates = [0.0] * len(names)
        for name, rate in self.rate.items():
            rates[find(name, names, "state")] = rate
        return rates

    def _mixed(self, name, rate, old, new, seed):
        if not rate or not keras.backend.is_float_dtype(new.dtype):
            return new
        # Dropout divides by what is left: times that, it is the mask in training and its mean at inference.
        drop = layers.Dropout(rate, seed=seed, name=f"{name}_zoneout".replace("/", "_"), dtype=new.dtype)
        return old + (1 - rate) * drop(new - old)
