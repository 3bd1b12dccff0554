"""What a function consists of, found by tracing it once."""

from collections.abc import Callable

import tensorflow as tf

_TYPES = """
    Abs Acos Acosh AddN AddV2 All Any ArgMax ArgMin Asin Asinh Atan Atan2 Atanh AvgPool BatchMatMulV2
    BiasAdd Bitcast BitwiseAnd BroadcastArgs BroadcastTo Cast Ceil ClipByValue ConcatV2 Const Conv2D Cos
    Cosh Cumprod Cumsum DepthwiseConv2dNative DivNoNan Einsum Elu EnsureShape Equal Erf Erfc Exp
    ExpandDims Expm1 Fill Floor FloorDiv FloorMod GatherNd GatherV2 Greater GreaterEqual Identity
    InvertPermutation IsFinite IsInf IsNan L2Loss LeakyRelu Less LessEqual Lgamma Log Log1p
    LogSoftmax LogicalAnd LogicalNot LogicalOr MatMul MatrixBandPart MatrixDiagPartV3 MatrixDiagV3
    MatrixInverse MatrixSetDiagV3 MatrixSolve Max MaxPool Maximum Mean Min Minimum Mul MulNoNan Neg NoOp
    NotEqual OneHot OnesLike Pack Pad PadV2 Placeholder Pow Prod Qr Range RealDiv Reciprocal Relu Relu6
    Reshape ReverseV2 Rint Roll Round Rsqrt Select SelectV2 Selu Shape ShapeN Sigmoid Sign Sin Sinh Size
    Slice Softmax Softplus Softsign Split SplitV Sqrt Square SquaredDifference Squeeze StopGradient
    StridedSlice Sub Sum Tan Tanh TensorScatterUpdate Tile TopKV2 Transpose Unpack Xdivy Xlog1py Xlogy
    ZerosLike
"""
#: Types of operations that give the same numbers for the same tensors, and that XLA compiles with their
#: derivatives.
PURE = frozenset(_TYPES.split())

_SHAPES = {"Const", "Shape", "ShapeN", "Size"}
#: The inputs that say sizes, axes or places, which XLA has to know as it compiles.
_SIZES = {
    **dict.fromkeys(
        ["All", "Any", "ArgMax", "ArgMin", "Cumprod", "Cumsum", "ExpandDims", "Max", "Mean"], [1]
    ),
    **dict.fromkeys(["Min", "Prod", "ReverseV2", "Sum", "BroadcastTo", "OneHot", "Pad", "PadV2"], [1]),
    **dict.fromkeys(["Reshape", "Tile", "TopKV2", "Transpose"], [1]),
    **dict.fromkeys(["BroadcastArgs", "Range"], [0, 1, 2]),
    **dict.fromkeys(["MatrixDiagV3", "MatrixDiagPartV3", "StridedSlice"], [1, 2, 3]),
    **dict.fromkeys(["Fill", "Split"], [0]),
    "ConcatV2": [-1],
    "GatherV2": [2],
    "MatrixSetDiagV3": [2],
    "Roll": [2],
    "Slice": [1, 2],
    "SplitV": [1, 2],
}


def is_pure(function: Callable, likes: list) -> bool:
    """Whether a function computes from the tensors that it is given, by operations that XLA compiles too.

    It is traced once, with tensors of these shapes, and not run. One that draws random numbers, reads or
    assigns a variable or another tensor, calls Python back, has a gradient of its own, a loop or a branch, or
    sizes that depend on values, is not.

    Example:
        >>> is_pure(lambda x: tf.tanh(2 * x), [keras.KerasTensor((None, 3))])
        True
        >>> is_pure(lambda x: x + tf.random.normal((3,)), [keras.KerasTensor((None, 3))])
        False

    Args:
        function: of tensors, as many as there are `likes`.
        likes: objects with a `shape` and a `dtype`.

    Raises:
        Exception: whatever the function raises.
    """
    given = [tf.TensorSpec(like.shape, like.dtype) for like in likes]
    with tf.init_scope():
        graph = tf.function(function, autograph=False).get_concrete_function(*given).graph
    return not graph.captures and all(map(_is_known, graph.get_operations()))


def _is_known(operation) -> bool:
    sizes = [operation.inputs[i] for i in _SIZES.get(operation.type, ()) if i < len(operation.inputs)]
    return operation.type in PURE and all(map(_is_of_shapes, sizes))


def _is_of_shapes(tensor) -> bool:
    # Whether it is computed from constants and shapes alone.
    if tensor.op.type in _SHAPES:
        return True
    return bool(tensor.op.inputs) and all(map(_is_of_shapes, tensor.op.inputs))
