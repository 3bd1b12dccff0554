"""What is known of an operation: whether it may run compiled, whether time may be folded into its batch.

The lists say what is known, never what is forbidden: any other operation is looked into (see `effects`).
Keras does not publish the classes of its operations, so they are known by the names of class and package.
"""

import keras

from rshop import attention
from rshop.attention.masking import Blank, MaskedSoftmax
from rshop.cells.weights import Bias, Product
from rshop.step import teacher_forcing
from rshop.step.of_sequence import OncePerSequence, WeightsOfSequence
from rshop.step.recurrent import is_recurrent


def words(text: str) -> set[str]:
    """The words of a text as a set."""
    return set(text.split())


_ELEMENTWISE = words(
    """
    Absolute Add Arctan Ceil Celu Clip Cos Cosh Divide Elu Equal Exp Expm1 Floor Gelu Greater
    GreaterEqual HardSigmoid HardSilu HardTanh LeakyRelu Less LessEqual Log Log1p LogSigmoid
    LogicalAnd LogicalNot LogicalOr Maximum Minimum Multiply Negative NotEqual Power Reciprocal Relu
    Relu6 Round Rsqrt Selu Sigmoid Sign Silu Sin Sinh Softplus Softsign Sqrt Square Subtract Tan
    Tanh TrueDivide Where
    """
)
_OTHER_OPERATIONS = words(
    """
    Argmax BroadcastTo Cast Concatenate Cumsum Dot Einsum ExpandDims Flip GetItem LogSoftmax Logsumexp
    Matmul Max Mean Min Moveaxis OneHot OnesLike Prod Repeat Reshape Roll Softmax Split Squeeze
    Stack Std Sum Swapaxes Take TakeAlongAxis Tile Transpose Tril Triu Var ZerosLike
    """
)
_LAST_AXIS = {"Concatenate", "LogSoftmax", "Softmax", "Split"}
#: Layers that need no axis but the batch.
_OF_ONE_NUMBER = words(
    "Add Average ELU Embedding Identity LeakyReLU Maximum Minimum Multiply ReLU Rescaling ReversibleEmbedding"
)
_PER_SAMPLE_LAYERS = words(
    """
    Activation Add Average Concatenate Dense ELU Embedding Identity LayerNormalization LeakyReLU
    Maximum Minimum Multiply PReLU ReLU Rescaling ReversibleEmbedding Softmax Subtract
    """
)
_OTHER_LAYERS = words(
    """
    AlphaDropout Attention AdditiveAttention BatchNormalization Conv1D Dot Dropout EinsumDense
    Flatten GaussianDropout GaussianNoise GroupNormalization GRUCell LSTMCell Permute
    RMSNormalization RepeatVector Reshape SimpleRNNCell SpatialDropout1D StackedRNNCells
    UnitNormalization
    """
)
_DROPOUTS = words("Dropout GaussianDropout SpatialDropout1D SpatialDropout2D SpatialDropout3D")
#: The layers of this project that hold a cell's weights.
WEIGHT_LAYERS = (Product, Bias)
#: Its attentions, and the layers that their steps are made of.
ATTENTION_LAYERS = (MaskedSoftmax, Blank, *(getattr(attention, name) for name in attention.__all__))


def is_known(operation, training) -> bool:
    """Whether an operation gives the same numbers in the fast loop as in the plain one.

    Example:
        >>> is_known(keras.layers.Dense(3), training=True)
        True
        >>> is_known(keras.layers.Dropout(0.5), training=True)  # draws numbers
        False
    """
    if isinstance(operation, keras.layers.Layer):
        return _is_known_layer(operation, training)
    return _is_from_keras(operation) and _name(operation) in _ELEMENTWISE | _OTHER_OPERATIONS


def is_dropout(operation, training) -> bool:
    """Whether a layer multiplies what it reads by numbers that it draws anew at each timestep.

    What it draws depends on nothing of the step, so it can be drawn before the loop.

    Example:
        >>> is_dropout(keras.layers.Dropout(0.5), training=True)
        True
        >>> is_dropout(keras.layers.Dropout(0.5), training=False)  # known: it draws nothing
        False
    """
    is_one = isinstance(operation, keras.layers.Layer) and _name(operation) in _DROPOUTS
    if not training or not is_one or not _is_from_keras(operation) or not _draws(operation):
        return False
    return getattr(operation, "activity_regularizer", None) is None


def is_per_sample(operation, constants: list, rank: int) -> bool:
    """Whether it treats each sample alone, so that time may be folded into the batch.

    Example:
        >>> is_per_sample(keras.layers.Dense(3), [], rank=2), is_per_sample(sum_over_samples, [], rank=2)
        (True, False)

    Args:
        operation: a known operation.
        constants: its arguments that are no tensors of the step; only numbers fit any batch.
        rank: the lowest rank of the tensors.
    """
    if any(hasattr(constant, "shape") and len(constant.shape) for constant in constants):
        return False
    name = _name(operation)
    if rank < 2 and name not in _ELEMENTWISE | _OF_ONE_NUMBER:
        return False  # the last axis is the batch
    if isinstance(operation, keras.layers.Layer):
        if name == "LayerNormalization" and operation.axis not in (-1, [-1]):
            return False
        listed = name in _PER_SAMPLE_LAYERS or type(operation) in WEIGHT_LAYERS
        return listed and getattr(operation, "axis", -1) in (-1, [-1])
    if name in _LAST_AXIS:
        return operation.axis == -1
    return name in _ELEMENTWISE


def is_dense(operation) -> bool:
    """Whether a layer is `activation(x W + b)` with a plain matrix `W`."""
    return (
        _name(operation) == "Dense"
        and _is_from_keras(operation)
        and operation.quantization_mode is None
        and not getattr(operation, "lora_enabled", False)
        and operation.autocast
        and not isinstance(operation.activation, keras.layers.Layer)
    )


def is_sum(operation) -> bool:
    """Whether an operation adds up tensors: `a + b`, or `keras.layers.Add`."""
    return _name(operation) == "Add" and _is_from_keras(operation)


def _is_known_layer(layer, training):
    name = _name(layer)
    if isinstance(layer, (OncePerSequence, WeightsOfSequence)):
        return True  # not run in the loop
    if is_recurrent(layer):
        return _is_known_recurrent(layer, training)
    if type(layer) in WEIGHT_LAYERS + ATTENTION_LAYERS:
        return True
    if not _is_from_keras(layer) or name not in _PER_SAMPLE_LAYERS | _OTHER_LAYERS:
        return False
    # Random states and statistics that change in training would have to leave the loop.
    if training is not False and (name == "BatchNormalization" or _draws(layer)):
        return False
    if getattr(layer, "activity_regularizer", None) is not None or getattr(layer, "mask_zero", False):
        return False
    parts = [layer, *getattr(layer, "cells", [])]
    functions = [getattr(p, k, None) for p in parts for k in ("activation", "recurrent_activation")]
    if not all(f is None or _is_known_function(f, training) for f in functions):
        return False
    return all(_is_from_keras(part) for part in parts)


def _is_known_recurrent(layer, training):
    # Its states, draws and counts would have to leave the loop; a mask of its outputs would be lost.
    if layer.stateful or layer.decode or layer.return_sequences or not layer.is_described:
        return False
    if training is not False and (
        teacher_forcing.is_on(layer.teacher_force) or _draws(layer, layer.draws.state)
    ):
        return False
    graph = layer.description.graph
    return all(shows_parts(o) or is_known(o, training) for o in graph.operations())


def shows_parts(operation) -> bool:
    """Whether it shows its own graph, by whose parts it is judged."""
    shows = hasattr(operation, "step_model") or hasattr(operation, "operations")
    return shows or isinstance(operation, keras.Sequential)


def _draws(layer, *unused) -> bool:
    # The state of a seed generator is a variable, but no weight.
    weights = {id(w) for w in [*layer.weights, *unused]}
    return any(id(v) not in weights for v in layer.variables)


def _is_from_keras(operation) -> bool:
    return type(operation).__module__.split(".")[0] == "keras"


def _is_known_function(function, training) -> bool:
    if isinstance(function, keras.layers.Layer):
        return is_known(function, training)
    module = getattr(function, "__module__", None) or type(function).__module__
    return module.split(".")[0] == "keras"


def _name(operation) -> str:
    return type(operation).__name__
