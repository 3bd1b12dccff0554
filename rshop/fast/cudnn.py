"""On a GPU, cuDNN for a layer of one LSTM or GRU cell, through the Keras layer that calls it."""

import keras
from keras import ops

from rshop.backend import has_gpu, is_compiled_outside, is_eager
from rshop.fast import switches
from rshop.fast.loops.derivatives import first_derivatives_only


class Twin:
    """A Keras layer that computes with the weights of one of our cells: on a GPU it runs in cuDNN.

    Example:
        >>> twin = Twin(cell)  # an LSTMCell(10), built for 5 features
        >>> y, [h, c] = twin.run(x, [h0, c0])  # x (2, 7, 5), h0 and c0 (2, 10)
        >>> y.shape
        (2, 7, 10)

    Args:
        cell: a built `LSTMCell` or `GRUCell`. The twin computes with the cell's weights, not with its own.

    Source:
        J. Appleyard et al., Optimizing performance of recurrent neural networks on GPUs, 2016
        (arXiv:1604.01946).
    """

    def __init__(self, cell):
        self.mine = cell.weights
        zeros = dict.fromkeys(("kernel_initializer", "recurrent_initializer", "bias_initializer"), "zeros")
        self.layer = cell.keras_layer(
            cell.units,
            return_sequences=True,
            return_state=True,
            dtype=cell.dtype_policy,
            **zeros,
        )
        self.layer.build((None, None, self.mine[0].shape[0]))

    def run(self, x, states: list) -> tuple:
        """All outputs `(batch, time, units)` and the last states `(batch, units)`."""
        # cuDNN has no second derivatives: they are refused before they reach it.
        weights = [first_derivatives_only(ops.convert_to_tensor(w)) for w in self.mine]
        x, states = first_derivatives_only(x), [first_derivatives_only(state) for state in states]
        with keras.StatelessScope(state_mapping=list(zip(self.layer.weights, weights, strict=True))):
            y, *last = self.layer(x, initial_state=states)
        return y, last


def twin(cell, layer) -> Twin | None:
    """The twin of a cell's layer, where there is a GPU and cuDNN has the cell; else None.

    Example:
        >>> twin(LSTMCell(10, activation="relu"), rnn) is None  # cuDNN has tanh alone
        True
    """
    return Twin(cell) if runs(cell, layer) else None


def runs(cell, layer) -> bool:
    """Whether there is a GPU, and cuDNN computes what this layer of a cell does.

    Example:
        >>> runs(LSTMCell(10), rnn)  # on a laptop without a GPU
        False
    """
    return has_gpu() and has_kernel(cell, layer)


def has_kernel(cell, layer) -> bool:
    """Whether cuDNN computes what this layer of a cell does.

    Example:
        >>> has_kernel(GRUCell(10, reset_after=False), rnn)  # the paper's GRU
        False
    """
    # The exact type: a subclass may compute something else.
    if vars(type(cell)).get("keras_layer") is None or layer.decode or layer.unroll:
        return False
    o = cell.options
    usual = o.activation is keras.activations.tanh and o.recurrent_activation is keras.activations.sigmoid
    drops = o.dropout or o.recurrent_dropout
    return bool(
        usual
        and o.use_bias
        and not drops
        and getattr(o, "reset_after", True)
        and cell.compute_dtype == layer.compute_dtype
        and cell.compute_dtype in ("float32", "float16")
    )


def is_wanted(layer, masked: bool) -> bool:
    """Whether this call runs in cuDNN: without a mask, in a graph that is not compiled as a whole.

    cuDNN takes masks at the end of a sequence only, and code that XLA compiles cannot call it.
    """
    can = layer.twin is not None and switches.current().cudnn
    return can and not masked and not is_eager() and not is_compiled_outside()
