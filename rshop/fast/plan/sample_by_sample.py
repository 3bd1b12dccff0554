"""Whether an operation treats each sample alone, so that a batch may be split into parts.

As in `known_operations`, an operation that is not known to do so is taken to mix the samples.
"""

import math

import keras

from rshop.fast.plan import known_operations

_LAYERS = known_operations.words(
    """
    AdditiveAttention AlphaDropout Attention Conv1D Dot Dropout Flatten GaussianDropout GaussianNoise
    GroupNormalization GRUCell LSTMCell Permute RepeatVector Reshape RMSNormalization SimpleRNNCell
    SpatialDropout1D StackedRNNCells UnitNormalization
    """
)
#: Operations along axes that they name.
_ALONG = known_operations.words(
    """
    Argmax Concatenate Cumsum ExpandDims Flip LogSoftmax Logsumexp Max Mean Min Prod Repeat Softmax Split
    Squeeze Stack Std Sum TakeAlongAxis Var
    """
)
_EACH_VALUE = {"OneHot", "OnesLike", "ZerosLike"}


def by_sample(operation, tensors: list, constants: list, letters) -> bool:
    """Whether each sample of the results depends on that sample of the tensors alone.

    Example:
        >>> by_sample(mean_over_axis_1, [x], [], None), by_sample(mean_over_axis_0, [x], [], None)
        (True, False)

    Args:
        operation: a known operation.
        tensors: the Keras tensors that it reads.
        constants: its other arguments.
        letters: the axes of a contraction (see `contractions.letters_of`).
    """
    rank = min((len(t.shape) for t in tensors), default=0)
    # An array with as many axes may hold something for each sample.
    arrays = [c for c in constants if hasattr(c, "shape")]
    if rank == 0 or any(len(c.shape) >= rank for c in arrays):
        return False
    if letters is not None:
        return True
    if known_operations.is_per_sample(operation, [], rank):
        # Tensors of different ranks would be broadcast along the first axis of the larger one.
        return len({len(t.shape) for t in tensors}) == 1
    name = type(operation).__name__
    if type(operation) in known_operations.ATTENTION_LAYERS:
        return True
    if isinstance(operation, keras.layers.Layer):
        return name in _LAYERS or (name == "Concatenate" and _spares_batch(operation.axis, rank))
    if name == "GetItem":
        return constants[0] == slice(None)
    if name == "Reshape":
        return _keeps_batch(operation.newshape, tensors[0].shape)
    if name in _ALONG:
        return _spares_batch(operation.axis, rank)
    return name in _EACH_VALUE


def _spares_batch(axis, rank) -> bool:
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    return all(a is not None and a not in (0, -rank) and a >= -rank for a in axes)


def _keeps_batch(new, old) -> bool:
    return new[0] in (-1, None) and None not in old[1:] and math.prod(new[1:]) == math.prod(old[1:])
