"""DropConnect on the recurrent weights of a cell (Merity et al., 2018)."""

import keras
from keras import ops

from rshop.cells.wrappers.wrapper import CellWrapper
from rshop.checks import check_rate, check_seed
from rshop.errors import message
from rshop.step.graph import Graph
from rshop.step.of_sequence import WeightsOfSequence, replaced
from rshop.step.products import changed_weights, changing


@keras.saving.register_keras_serializable(package="rshop")
class WeightDropCell(CellWrapper):
    """A cell with the same recurrent weights dropped at every timestep of a sequence.

    In training each number of the kernels that multiply a state is 0 with probability `rate` and else divided
    by `1 - rate`: one mask a sequence, for all samples of the batch. States stay whole, and a dropped weight
    gets no gradient from that batch. At inference the weights are as they are. The kernels are those that
    multiply what comes from a state, without another product on the way; one that multiplies input and state
    together is dropped like the others.

    A layer draws a new mask at each call, a cell called by hand at each timestep.

    Example:
        >>> WeightDropCell(LSTMCell(10), 0.5).get_layer()(np.ones((2, 7, 5)), training=True).shape
        (2, 10)

    Args:
        cell: any cell, of Keras too.
        rate: the probability that a weight is dropped, from 0 on and below 1.
        seed: an int for the draws.
        **options: `name`, `dtype`, `trainable`, `input_dim`.

    Raises:
        TypeError: `cell` is no cell, or `rate` no number.
        ValueError: a rate outside [0, 1), or a cell without recurrent weights.

    Source:
        S. Merity, N. S. Keskar and R. Socher, Regularizing and optimizing LSTM language models, 2018
        (arXiv:1708.02182); DropConnect: L. Wan et al., Regularization of neural networks using DropConnect,
        2013.
    """

    def __init__(self, cell, rate: float, *, seed: int | None = None, **options):
        super().__init__(cell, **options)
        self.rate = check_rate("rate", rate, "probability that a recurrent weight is dropped")
        self.seed = check_seed(seed)

    def run(self, xs, states):
        """The timestep of the cell, its states marked as what dropped weights multiply."""
        drop = DroppedKernels(self.rate, seed=self.seed, name="weight_drop")
        floating = keras.backend.is_float_dtype
        return self.run_cell(xs, [drop(s) if floating(s.dtype) else s for s in states])

    def build_model(self, input_shape) -> keras.Model:
        """The step of the cell with marked states.

        Raises:
            ValueError: nothing multiplies a state.
        """
        model = super().build_model(input_shape)
        if not any(weights for _, weights in changing(Graph(model))):
            raise ValueError(
                message(
                    f"WeightDropCell {self.name!r} has nothing to drop.",
                    received=f"the cell {self.cell.name!r}, which multiplies its states by no weight",
                    expected="a cell with recurrent weights",
                    fix="WeightDropCell(LSTMCell(10), 0.5), or use the cell without it",
                )
            )
        return model

    def call(self, inputs, training=None):
        """One timestep by itself, with weights that are dropped for it alone."""
        pairs = changed_weights(Graph(self.model), self.model.variables, training)
        with replaced(pairs, self.model.variables):
            return super().call(inputs, training=training)

    def get_config(self):
        """The cell and the options as plain JSON values."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable(package="rshop")
class DroppedKernels(WeightsOfSequence):
    """A mark on what dropped kernels multiply.

    Example:
        >>> h_t = ops.tanh(Dense(10)(x_t) + Dense(10)(DroppedKernels(0.5)(h_tm1)))

    Args:
        rate: the probability that a weight is dropped.
        seed: an int for the draws.
    """

    def __init__(self, rate: float, *, seed: int | None = None, **options):
        super().__init__(**options)
        self.rate, self.seed = rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def changed(self, weights, training):
        """In training the kernels with dropped numbers."""
        if not (training and self.rate):
            return None
        draw = {"rate": self.rate, "seed": self.seed_generator}
        return [keras.random.dropout(ops.convert_to_tensor(weight), **draw) for weight in weights]

    def get_config(self):
        """The options as plain JSON values."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
