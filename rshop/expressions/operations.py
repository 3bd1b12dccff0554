"""Keras's operations as terms: which kind of term each is, and which of its settings count.

Keras does not publish the classes of its operations, so they are known by name.
"""

import keras

from rshop.expressions.refusals import refused
from rshop.expressions.terms import Term
from rshop.structure import flat

#: Operations unit by unit, whose operands have the type of their result.
ARITHMETIC = {
    "Add": "add", "Subtract": "subtract", "Multiply": "multiply", "Divide": "divide",
    "TrueDivide": "divide", "FloorDivide": "floor_divide", "Mod": "mod", "Power": "power",
    "Maximum": "maximum", "Minimum": "minimum", "Negative": "negative", "Absolute": "absolute",
    "Abs": "absolute",
    "Square": "square", "Sqrt": "sqrt", "Rsqrt": "rsqrt", "Reciprocal": "reciprocal", "Exp": "exp",
    "Expm1": "expm1", "Log": "log", "Log1p": "log1p", "Log2": "log2", "Log10": "log10", "Sin": "sin",
    "Cos": "cos", "Tan": "tan", "Sinh": "sinh", "Cosh": "cosh", "Arcsin": "arcsin", "Arccos": "arccos",
    "Arctan": "arctan", "Arctan2": "arctan2", "Tanh": "tanh", "Sigmoid": "sigmoid", "Softplus": "softplus",
    "Softsign": "softsign", "Silu": "silu", "LogSigmoid": "log_sigmoid", "HardSigmoid": "hard_sigmoid",
    "HardSilu": "hard_silu", "HardTanh": "hard_tanh", "Relu": "relu", "Relu6": "relu6", "Selu": "selu",
    "Floor": "floor", "Ceil": "ceil", "Round": "round", "Sign": "sign", "Erf": "erf", "Matmul": "matmul",
    "Mish": "mish",
}  # fmt: skip
#: Others: class -> kind, and the settings that the operation holds.
OTHERS = {
    "ReLU": ("relu", "negative_slope max_value threshold"),
    "Softmax": ("softmax", "axis"),
    "LogSoftmax": ("log_softmax", "axis"),
    "Elu": ("elu", "alpha"),
    "Celu": ("celu", "alpha"),
    "Gelu": ("gelu", "approximate"),
    "LeakyRelu": ("leaky_relu", "negative_slope"),
    "Sum": ("sum", "axis keepdims"),
    "Mean": ("mean", "axis keepdims"),
    "Max": ("max", "axis keepdims"),
    "Min": ("min", "axis keepdims"),
    "Prod": ("prod", "axis keepdims"),
    "Var": ("var", "axis keepdims"),
    "Std": ("std", "axis keepdims"),
    "Any": ("any", "axis keepdims"),
    "All": ("all", "axis keepdims"),
    "Logsumexp": ("logsumexp", "axis keepdims"),
    "Argmax": ("argmax", "axis keepdims"),
    "Argmin": ("argmin", "axis keepdims"),
    "Cumsum": ("cumsum", "axis"),
    "Sort": ("sort", "axis"),
    "Reshape": ("reshape", ""),
    "Transpose": ("transpose", "axes"),
    "Swapaxes": ("swapaxes", "axis1 axis2"),
    "Moveaxis": ("moveaxis", "source destination"),
    "ExpandDims": ("expand_dims", "axis"),
    "Squeeze": ("squeeze", "axis"),
    "Concatenate": ("concatenate", "axis"),
    "Stack": ("stack", "axis"),
    "Split": ("split", "indices_or_sections axis"),
    "Take": ("take", "axis"),
    "TakeAlongAxis": ("take_along_axis", "axis"),
    "Repeat": ("repeat", "repeats axis"),
    "Tile": ("tile", "repeats"),
    "Flip": ("flip", "axis"),
    "Roll": ("roll", "shift axis"),
    "BroadcastTo": ("broadcast_to", ""),
    "Einsum": ("einsum", "subscripts"),
    "Dot": ("dot", ""),
    "Where": ("where", ""),
    "Clip": ("clip", "x_min x_max"),
    "Cast": ("cast", ""),
    "OneHot": ("one_hot", "num_classes axis"),
    "OnesLike": ("ones_like", ""),
    "ZerosLike": ("zeros_like", ""),
    "Identity": ("same", ""),
    "StopGradient": ("same", ""),
    "HardShrink": ("hard_shrink", "threshold"),
    "SoftShrink": ("soft_shrink", "threshold"),
    "TanhShrink": ("tanh_shrink", ""),
    "Pad": ("pad", "pad_width mode"),
    "Unstack": ("unstack", "num axis"),
    "Conv": ("conv", "strides padding data_format dilation_rate"),
    "MaxPool": ("max_pool", "pool_size strides padding data_format"),
    "AveragePool": ("average_pool", "pool_size strides padding data_format"),
    "BatchNorm": ("batch_norm", "axis epsilon"),
    "LayerNorm": ("layer_norm", "axis epsilon rms_scaling"),
    "RMSNorm": ("rms_norm", "axis epsilon"),
    "Normalize": ("normalize", "axis order epsilon"),
    "DotProductAttention": ("dot_product_attention", "is_causal attn_logits_soft_cap"),
    **{name: (name.lower(), "") for name in ("Greater", "Less", "Equal")},
    "GreaterEqual": ("greater_equal", ""),
    "LessEqual": ("less_equal", ""),
    "NotEqual": ("not_equal", ""),
    "LogicalAnd": ("logical_and", ""),
    "LogicalOr": ("logical_or", ""),
    "LogicalNot": ("logical_not", ""),
    "LogicalXor": ("logical_xor", ""),
}
# They take an operand that may be None at a fixed place.
_WITH_NONE = {"DotProductAttention", "BatchNorm", "LayerNorm", "RMSNorm"}


def operation_terms(node, known, constant) -> list[Term]:
    """The results of an operation of Keras as terms.

    Example:
        >>> [t.kind for t in operation_terms(node, known, constant)]  # of ops.split(z, 4, axis=-1)
        ['part', 'part', 'part', 'part']

    Args:
        node: a use of the operation.
        known: the terms of the Keras tensors that it reads, by identity.
        constant: gives the term of a fixed value that it reads.

    Raises:
        ValueError: no term stands for this operation.
    """
    name, operation = type(node.operation).__name__, node.operation
    from_keras = type(operation).__module__.split(".")[0] == "keras"
    result = node.outputs[0]
    about = {"shape": tuple(result.shape), "dtype": result.dtype}
    if name == "GetItem" and from_keras:
        key = node.args[1] if len(node.args) > 1 else node.kwargs["key"]
        if any(is_symbolic(part) for part in flat(key)):
            raise _unknown(node, "it picks by values that are computed")
        return [Term("item", [known(node.inputs[0])], {"key": key}, **about)]
    kind, settings = (ARITHMETIC[name], "") if name in ARITHMETIC else OTHERS.get(name, (None, ""))
    if kind is None or not from_keras:
        raise _unknown(node, f"there is no rule for the operation {name}")
    how = {key: getattr(operation, key) for key in settings.split()}
    operands = _operands(node, known, constant)
    if kind in ("add", "multiply", "maximum", "minimum") and len(operands) == 1:
        kind = "same"
    if kind == "cast" and operands[0].dtype == result.dtype:
        kind = "same"
    if how.get("data_format") == "channels_first" or how.get("attn_logits_soft_cap") is not None:
        raise _unknown(node, "its data_format or soft cap has no rule")
    if name in ARITHMETIC:
        operands = [cast(term, result.dtype) for term in operands]
    term = Term(kind, operands, how, **about)
    return [term] if len(node.outputs) == 1 else parts(term, node.outputs)


def parts(term: Term, tensors: list) -> list[Term]:
    """A term for each of several results."""
    return [Term("part", [term], {"index": i}, tuple(t.shape), t.dtype) for i, t in enumerate(tensors)]


def cast(term: Term, dtype: str) -> Term:
    """The term with numbers of this type; a number adapts by itself."""
    if term.kind == "number" or term.dtype == dtype:
        return term
    return Term("cast", [term], {}, term.shape, dtype, mask=term.mask)


def is_symbolic(value) -> bool:
    """Whether a value is a tensor that only the running step knows."""
    return isinstance(value, keras.KerasTensor)


def _operands(node, known, constant):
    # What it is called with, numbers and fixed arrays too; a list of tensors counts as its tensors.
    operands = []
    for value in flat([node.args, node.kwargs]):
        if isinstance(value, keras.KerasTensor):
            operands.append(known(value))
        elif isinstance(value, (int, float)) or hasattr(value, "shape"):
            operands.append(constant(value))
        elif value is None and type(node.operation).__name__ in _WITH_NONE:
            operands.append(Term("number", how={"value": None}))
    return operands


def _unknown(node, why):
    return refused(
        f"a {type(node.operation).__name__}",
        node.name,
        why,
        "write this part with other operations of keras.ops",
    )
