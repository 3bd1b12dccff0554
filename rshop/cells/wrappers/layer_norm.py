"""Layer normalization inside a cell (Ba et al., 2016)."""

import keras
from keras import layers, ops

from rshop.cells.weights import Product
from rshop.cells.wrappers.rewritten import check_open, run_rewritten, visible_cell
from rshop.cells.wrappers.wrapper import CellWrapper
from rshop.checks import check_number
from rshop.errors import message
from rshop.step.graph import Graph
from rshop.step.names import free_name


@keras.saving.register_keras_serializable(package="rshop")
class LayerNormCell(CellWrapper):
    """A cell whose products with weights are normalized, each over its features at each timestep.

    Every product `z = x W` of the cell is replaced by `LN(z) = gain * (z - mean(z)) / sqrt(var(z) + epsilon)
    + shift`, before biases are added; a next state that the same timestep reads again (the memory `c`
    of an LSTM, before its tanh) is normalized where it is read, and handed on as it was. For an LSTM these
    are the paper's equations::

        [i, f, g, o] = LN(x_t W) + LN(h_tm1 U) + b
        c_t = f * c_tm1 + i * g
        h_t = o * tanh(LN(c_t))

    Other cells are treated alike: the products are those of `Dense` layers and of the cells of rshop, at any
    depth. A GRU normalizes its three gates together. Weights and states are those of the cell, with a gain
    and a shift for each normalization.

    Example:
        >>> LayerNormCell(LSTMCell(10)).get_layer()(np.ones((2, 7, 5))).shape
        (2, 10)

    Traces a value `..._norm` beside each value that is normalized: `kernel_norm`, `recurrent_kernel_norm`.

    Args:
        cell: an `RNNCell`, or Keras's `LSTMCell`, `GRUCell` or `SimpleRNNCell`, which becomes ours with
            the same options and a copy of its weights; a wrapper around one of these becomes a copy around
            ours. Other cells in Keras's form, `StackedRNNCells` among them, cannot be seen into.
        epsilon: added to the variance.
        **options: `name`, `dtype`, `trainable`, `input_dim`.

    Raises:
        TypeError: `cell` is no cell, or one in Keras's form that cannot be seen into.
        ValueError: the cell multiplies by no weight or reads constants, or `epsilon` is not above 0.

    Source:
        J. L. Ba, J. R. Kiros and G. E. Hinton, Layer normalization, 2016 (arXiv:1607.06450).
    """

    def __init__(self, cell, *, epsilon: float = 1e-5, **options):
        super().__init__(cell, **options)
        self.cell = visible_cell(self.cell, type(self).__name__)
        self.epsilon = check_number("epsilon", epsilon, "number that is added to the variance", above=0)

    def run(self, xs, states):
        """The output and next states of the cell with normalized products."""
        graph = Graph(self.cell.model, of_cell=True)
        normalized = _Normalized(self)
        y, after = run_rewritten(self.cell, graph, normalized, [*xs, *states])
        if not normalized.count:
            raise ValueError(
                message(
                    f"LayerNormCell {self.name!r} has nothing to normalize.",
                    received=f"the cell {self.cell.name!r}, which multiplies by no weight",
                    expected="a cell with products of weights, such as Dense layers",
                    fix="LayerNormCell(LSTMCell(10)), or use the cell without it",
                )
            )
        return y, after

    def get_config(self):
        """The cell and the options as plain JSON values."""
        return {**super().get_config(), "epsilon": self.epsilon}


@keras.saving.register_keras_serializable(package="rshop")
class NormalizedDense(layers.Layer):
    """`x -> activation(LN(x W) + b)` with the weights of a `Dense` layer.

    Example:
        >>> NormalizedDense(keras.layers.Dense(3), keras.layers.LayerNormalization())(np.ones((2, 4))).shape
        (2, 3)

    Args:
        dense: the `Dense` layer.
        norm: the normalization.
    """

    def __init__(self, dense, norm, **options):
        super().__init__(**options)
        self.dense, self.norm = dense, norm

    def build(self, input_shape):
        """Build both layers."""
        if not self.dense.built:
            self.dense.build(input_shape)
        self.norm.build((*input_shape[:-1], self.dense.units))

    def call(self, x):
        """`(batch, features)` to `(batch, units)`."""
        z = self.norm(ops.matmul(x, ops.cast(self.dense.kernel, self.compute_dtype)))
        if self.dense.use_bias:
            z = z + ops.cast(self.dense.bias, z.dtype)
        return z if self.dense.activation is None else self.dense.activation(z)

    def compute_output_shape(self, input_shape):
        """`(batch, units)`."""
        return (*input_shape[:-1], self.dense.units)

    def get_config(self):
        """Both layers as plain JSON values."""
        parts = {"dense": self.dense, "norm": self.norm}
        return super().get_config() | {k: keras.saving.serialize_keras_object(v) for k, v in parts.items()}

    @classmethod
    def from_config(cls, config):
        """The layer that `get_config` described."""
        parts = {k: keras.saving.deserialize_keras_object(config[k]) for k in ("dense", "norm")}
        return cls(**{**config, **parts})


class _Normalized:
    # Calls each operation of a graph; those that are to be normalized with their normalization.
    def __init__(self, wrapper):
        self.wrapper, self.count = wrapper, 0
        self.taken: dict[int, set] = {}

    def __call__(self, graph, node, given):
        check_open(node, type(self.wrapper).__name__)
        operation = node.operation
        if type(operation) is Product:
            [z] = node.call(given)
            return [self.norm(graph, node, operation)(z)]
        if type(operation) is layers.Dense:
            norm = self.norm(graph, node, operation)
            name = self.name(graph, f"{node.name}_normalized")
            return [NormalizedDense(operation, norm, name=name, dtype=operation.dtype_policy)(given[0])]
        if len(given) == 1 and any(node.inputs[0] is state for state in graph.outputs[1:]):
            policy = getattr(operation, "dtype_policy", self.wrapper.dtype_policy)
            norm = self.make(self.name(graph, f"{node.name}_norm"), policy)
            return node.call([norm(given[0])])
        return node.call(given)

    def norm(self, graph, node, operation):
        self.count += 1
        return self.make(self.name(graph, f"{node.name}_norm"), operation.dtype_policy)

    def make(self, name, policy):
        return layers.LayerNormalization(epsilon=self.wrapper.epsilon, name=name, dtype=policy)

    def name(self, graph, base):
        taken = self.taken.setdefault(id(graph), {node.name for node in graph.nodes})
        name = free_name(base.replace("#", "_"), taken)
        taken.add(name)
        return name
