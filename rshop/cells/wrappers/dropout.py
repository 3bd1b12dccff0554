"""Dropout in a cell with one mask a sequence, or of the update alone, or between old and new state."""

import keras
from keras import layers, ops

from rshop.cells.base import RNNCell
from rshop.cells.wrappers.any_cell import output_state, state_names
from rshop.cells.wrappers.rewritten import check_open, ours_for, run_rewritten, visible_cell
from rshop.cells.wrappers.wrapper import CellWrapper
from rshop.checks import check_rate, check_seed, check_switch
from rshop.errors import message
from rshop.step.graph import Graph
from rshop.step.names import free_name
from rshop.step.of_sequence import OncePerSequence
from rshop.step.products import entering


def seed_of(seed: int | None, place: int) -> int | None:
    """The seed of one of several draws, which must not be equal: None for a seed of its own.

    Example:
        >>> seed_of(7, 0), seed_of(7, 1)
        (7, 8)
    """
    return None if seed is None else (seed + place) % 2**32


@keras.saving.register_keras_serializable(package="rshop")
class SequenceMask(OncePerSequence):
    """A mask for dropout of the shape of a tensor, one a sequence: in training 0 or `1 / (1 - rate)`, else 1.

    Example:
        >>> SequenceMask(0.5, seed=1)(np.ones((1, 4)), training=True)
        [[2., 0., 0., 2.]]

    Args:
        rate: the probability of 0.
        seed: an int for the draws.
    """

    def __init__(self, rate: float, *, seed: int | None = None, **options):
        super().__init__(**options)
        self.rate, self.seed = rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, x, training=None):
        """The mask, `(batch, ...)` like `x`."""
        ones = ops.ones_like(x)
        if not (training and self.rate):
            return ones
        return keras.random.dropout(ones, self.rate, seed=self.seed_generator)

    def compute_output_spec(self, x, training=None):
        """The symbolic result."""
        return keras.KerasTensor(x.shape, dtype=x.dtype)

    def get_config(self):
        """The options as plain JSON values."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable(package="rshop")
class VariationalDropoutCell(CellWrapper):
    """A cell whose products read inputs and states with the same units dropped at every timestep.

    One mask a sequence and sample, for the input and for each state that the cell multiplies by weights::

        [i, f, g, o] = (x_t * m_x) W + (h_tm1 * m_h) U + b        of an LSTM

    A mask is 0 with probability `rate` and else `1 / (1 - rate)` in training, 1 at inference. What enters a
    product is masked, not the state itself: the memory `c` of an LSTM is carried on whole, and a GRU mixes
    its whole old state. A product further inside, which reads what another product made, is left alone. Whole
    numbers are not dropped. A layer draws new masks at each call, a `Stepper` at each `reset`; a cell called
    by hand at each timestep.

    Example:
        >>> VariationalDropoutCell(LSTMCell(10), 0.3).get_layer()(np.ones((2, 7, 5)), training=True).shape
        (2, 10)

    Traces the masks as `x_mask`, `h_mask`, beside what they are applied to.

    Args:
        cell: an `RNNCell`, or Keras's `LSTMCell`, `GRUCell` or `SimpleRNNCell`, which becomes ours with
            the same options and a copy of its weights; a wrapper around one of these becomes a copy around
            ours. Other cells in Keras's form, `StackedRNNCells` among them, cannot be seen into.
        rate: the probability that a unit is dropped, from 0 on and below 1.
        state_rate: that for states, if it is another one.
        seed: an int for the draws.
        **options: `name`, `dtype`, `trainable`, `input_dim`.

    Raises:
        TypeError: `cell` is no cell, or one in Keras's form that cannot be seen into; a rate that is no
            number.
        ValueError: a rate outside [0, 1), a cell that multiplies neither input nor state, or that reads
            constants.

    Source:
        Y. Gal and Z. Ghahramani, A theoretically grounded application of dropout in recurrent neural
        networks, 2016 (arXiv:1512.05287), with tied weights: one mask for all gates.
    """

    def __init__(
        self, cell, rate: float, *, state_rate: float | None = None, seed: int | None = None, **options
    ):
        super().__init__(cell, **options)
        self.cell = visible_cell(self.cell, type(self).__name__)
        self.rate = check_rate("rate", rate, "probability that a unit is dropped")
        meaning = "probability that a unit of a state is dropped"
        self.state_rate = None if state_rate is None else check_rate("state_rate", state_rate, meaning)
        self.seed = check_seed(seed)

    def run(self, xs, states):
        """The output and next states of the cell with masked products."""
        graph = Graph(self.cell.model, of_cell=True)
        names = [*(tensor.name for tensor in xs), *state_names(self.cell)]
        masked = _Masked(self, graph, names, self.num_inputs)
        return run_rewritten(self.cell, graph, masked, [*xs, *states])

    def rate_of(self, place: int) -> float:
        """The rate for an input of the step, by its place."""
        return self.rate if place < self.num_inputs or self.state_rate is None else self.state_rate

    def get_config(self):
        """The cell and the options as plain JSON values."""
        own = {"rate": self.rate, "state_rate": self.state_rate, "seed": self.seed}
        return {**super().get_config(), **own}


class _Masked:
    # Calls each operation of a graph; products of what enters the cell with a mask on it.
    def __init__(self, wrapper, graph, names, num_inputs):
        self.wrapper, self.names, self.num_inputs = wrapper, names, num_inputs
        self.enters = entering(graph)
        self.masks: dict[tuple, keras.KerasTensor] = {}
        self.taken: dict[int, set] = {}
        self.count = 0
        if not any(place for given in self.enters.values() for place in given):
            raise ValueError(
                message(
                    f"VariationalDropoutCell {wrapper.name!r} has nothing to drop.",
                    received=f"the cell {wrapper.cell.name!r}, which multiplies by no weight",
                    expected="a cell with products of weights, such as Dense layers",
                    fix="VariationalDropoutCell(LSTMCell(10), 0.3), or use the cell without it",
                )
            )

    def __call__(self, graph, node, given):
        check_open(node, type(self.wrapper).__name__)
        places = self.enters.get(id(node), [frozenset()] * len(given))
        return node.call(
            [
                self.masked(graph, read, value, of)
                for read, value, of in zip(node.inputs, given, places, strict=True)
            ]
        )

    def masked(self, graph, read, value, places):
        # A product of something that depends on a state is one of that state, whatever else it depends on.
        owners = {p for p in places if p >= self.num_inputs} or places
        rate = max((self.wrapper.rate_of(place) for place in owners), default=0.0)
        if not rate or not keras.backend.is_float_dtype(value.dtype):
            return value
        # What is as large as its one owner shares the owner's mask: `h` and `r * h` in a GRU.
        [owner] = owners if len(owners) == 1 else [None]
        key = (id(graph), owner, tuple(value.shape)) if owner is not None else (id(graph), id(read))
        if key not in self.masks:
            self.masks[key] = self.mask(graph, owner, rate)(value)
        return value * self.masks[key]

    def mask(self, graph, owner, rate):
        taken = self.taken.setdefault(id(graph), {node.operation.name for node in graph.nodes})
        name = "mask" if owner is None else f"{self.names[owner]}_mask".replace("/", "_")
        name = free_name(name, taken)
        taken.add(name)
        seed, self.count = seed_of(self.wrapper.seed, self.count), self.count + 1
        return SequenceMask(rate, seed=seed, name=name)


@keras.saving.register_keras_serializable(package="rshop")
class RecurrentDropoutCell(CellWrapper):
    """A cell in which dropout acts on what is added to its memory, and never on the memory itself.

    If the cell has values named `candidate` (an LSTM, a GRU, a cell of yours that names it so), these are
    dropped, and nothing else. That is the paper's::

        c_t = f_t * c_tm1 + i_t * dropout(g_t)                  of an LSTM
        h_t = z_t * h_tm1 + (1 - z_t) * dropout(n_t)            of a GRU

    Of any other cell it is the update of each state, `s_t = s_tm1 + dropout(cell(x_t, s_tm1) - s_tm1)`; if
    the cell returns one of its states, the output is that state after it. States of whole numbers stay as
    they are. The mask is 0 with probability `rate` and else `1 / (1 - rate)` in training, 1 at inference.

    Example:
        >>> RecurrentDropoutCell(GRUCell(10), 0.25).get_layer()(np.ones((2, 7, 5)), training=True).shape
        (2, 10)

    Traces `candidate_dropout` beside `candidate`, or `h_update` for each state.

    Args:
        cell: any cell; Keras's `LSTMCell` and `GRUCell`, inside wrappers too, become ours with the same
            options and a copy of their weights.
        rate: the probability that a unit is dropped, from 0 on and below 1.
        per_sequence: draw one mask a sequence, not one at each timestep; the paper has both.
        seed: an int for the draws.
        **options: `name`, `dtype`, `trainable`, `input_dim`.

    Raises:
        TypeError: `cell` is no cell, `rate` no number, or `per_sequence` neither True nor False.
        ValueError: a rate outside [0, 1).

    Source:
        S. Semeniuta, A. Severyn and E. Barth, Recurrent dropout without memory loss, 2016
        (arXiv:1603.05118).
    """

    def __init__(self, cell, rate: float, *, per_sequence: bool = False, seed: int | None = None, **options):
        super().__init__(cell, **options)
        self.cell = ours_for(self.cell)
        self.rate = check_rate("rate", rate, "probability that a unit is dropped")
        check_switch("per_sequence", per_sequence)
        self.per_sequence, self.seed = per_sequence, check_seed(seed)

    def run(self, xs, states):
        """The output and next states of the cell with dropped candidates, or with dropped updates."""
        self._count = 0
        if isinstance(self.cell, RNNCell):
            graph = Graph(self.cell.model, of_cell=True)
            if any(node.operation.name == "candidate" for _, node in graph.every_node()):
                return run_rewritten(self.cell, graph, self._with_dropped_candidate, [*xs, *states])
        y, after = self.run_cell(xs, states)
        place = output_state(self.cell)
        after = [
            old + self._dropped(new - old, f"{name}_update".replace("/", "_"))
            if keras.backend.is_float_dtype(new.dtype)
            else new
            for name, old, new in zip(state_names(self.cell), states, after, strict=True)
        ]
        return (y if place is None else after[place]), after

    def get_config(self):
        """The cell and the options as plain JSON values."""
        own = {"rate": self.rate, "per_sequence": self.per_sequence, "seed": self.seed}
        return {**super().get_config(), **own}

    def _with_dropped_candidate(self, graph, node, given):
        outputs = node.call(given)
        if node.operation.name != "candidate":
            return outputs
        name = free_name(f"{node.name}_dropout".replace("#", "_"), {n.name for n in graph.nodes})
        return [self._dropped(outputs[0], name)]

    def _dropped(self, value, name):
        seed, self._count = seed_of(self.seed, self._count), self._count + 1
        if not self.per_sequence:
            return layers.Dropout(self.rate, seed=seed, name=name, dtype=value.dtype)(value)
        return value * SequenceMask(self.rate, seed=seed, name=name)(value)
