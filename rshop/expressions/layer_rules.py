"""Layers that have a rule of their own, because it reads better than what their call consists of."""

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from rshop.cells.weights import Bias, Product
from rshop.cells.wrappers.dropout import SequenceMask
from rshop.expressions.activations import activated
from rshop.expressions.layer_use import Use
from rshop.expressions.operations import cast
from rshop.expressions.refusals import refused
from rshop.expressions.terms import Term, number
from rshop.step.graph import Graph
from rshop.step.of_sequence import OncePerSequence, WeightsOfSequence
from rshop.structure import flat


def _dense(use: Use):
    layer = use.layer
    if use.is_changed:
        return None
    term = use.term("matmul", [use.given[0], use.weight(layer.kernel)])
    if layer.use_bias:
        term = use.term("add", [term, use.weight(layer.bias)])
    return [activated(use.reader, layer.activation, term, use.path)]


def _product(use: Use):
    kernel = use.weight(use.layer.kernel)
    columns = slice(use.option("start", 1), use.option("stop", 2))
    if columns != slice(None, None):
        shape = (kernel.shape[0], use.node.outputs[0].shape[-1])
        kernel = Term("item", [kernel], {"key": (slice(None), columns)}, shape, kernel.dtype)
    return [use.term("matmul", [use.given[0], kernel])]


def _bias(use: Use):
    value, row = use.weight(use.layer.value), use.option("row")
    if row is not None:
        value = Term("item", [value], {"key": row}, value.shape[1:], value.dtype)
    return [use.term("add", [use.given[0], value])]


def _activation(use: Use):
    return [activated(use.reader, use.layer.activation, use.given[0], use.path)]


def _as_it_is(use: Use):
    return [use.given[0]]


def _chain(kind: str) -> Callable:
    # Merging layers put an axis of size 1 before the units of what has fewer axes, as NumPy does where
    # they have no batch alone; only equal ranks are written in place.
    def rule(use: Use):
        if len({len(t.shape) for t in use.given}) > 1:
            return None
        term = use.given[0]
        for other in use.given[1:]:
            term = use.term(kind, [term, other])
        return [term]

    return rule


def _average(use: Use):
    total = _chain("add")(use)
    return total and [use.term("divide", [total[0], number(len(use.given))])]


def _concatenate(use: Use):
    return [use.term("concatenate", use.given, axis=use.layer.axis)]


def _embedding(use: Use):
    if use.is_changed:
        return None
    ids = use.given[0] if "int" in use.given[0].dtype else cast(use.given[0], "int32")
    return [use.term("lookup", [use.weight(use.layer.embeddings), ids])]


def _reversible_embedding(use: Use):
    # Backwards it gives a score for each row: the product with its own matrix, transposed, or with another.
    layer = use.layer
    if not use.option("reverse"):
        return _embedding(use)
    if use.is_changed or layer.reverse_dtype is not None or layer.logit_soft_cap is not None:
        return None
    if not layer.tie_weights:
        return [use.term("matmul", [use.given[0], use.weight(layer.reverse_embeddings)])]
    rows = use.weight(layer.embeddings)
    columns = Term("transpose", [rows], {"axes": None}, rows.shape[::-1], rows.dtype)
    return [use.term("matmul", [use.given[0], columns])]


def _conv(use: Use):
    # Keras lays a convolution in groups out only when it runs.
    layer = use.layer
    if layer.data_format == "channels_first" or layer.padding == "causal" or use.is_changed:
        return None
    how = {"strides": layer.strides, "padding": layer.padding, "dilation_rate": layer.dilation_rate}
    term = use.term("conv", [use.given[0], use.weight(layer.kernel)], **how)
    if layer.use_bias:
        term = use.term("add", [term, use.weight(layer.bias)])
    return [activated(use.reader, layer.activation, term, use.path)]


def _additive_attention(use: Use):
    # Scores tanh(q + k), one for each query and key; a key that is masked gets the weight 0.
    layer, of = use.layer, use.given
    additive = type(layer) is layers.AdditiveAttention
    kept = set(use.node.kwargs) <= {"training"} and len(use.node.args) == 1 and len(use.node.outputs) == 1
    if (not additive and layer.score_mode == "dot") or not kept or of[0].mask is not None:
        return None
    query, value, key = of[0], of[1], of[-1]
    rows, columns, units = query.shape[1], key.shape[1], query.shape[2]
    like = keras.KerasTensor((None, rows, columns, units), query.dtype)
    scores = keras.KerasTensor((None, rows, columns), query.dtype)
    wide = [Term("expand_dims", [query], {"axis": -2}), Term("expand_dims", [key], {"axis": -3})]
    total = use.term("add", wide, like=like)
    if not additive and layer.use_scale:
        total = use.term("multiply", [use.weight(layer.scale), total], like=like)
    total = use.term("tanh", [total], like=like)
    if additive and layer.use_scale:
        total = use.term("multiply", [use.weight(layer.scale), total], like=like)
    z = use.term("sum", [total], like=scores, axis=-1, keepdims=False)
    if not additive:
        z = use.term("multiply", [use.weight(layer.concat_score_weight), z], like=scores)
    if value.mask is not None:
        valid = Term("expand_dims", [value.mask], {"axis": -2}, (None, 1, columns), "bool")
        z = use.term("where", [valid, z, use.term("subtract", [z, number(1e9)], like=scores)], like=scores)
    return [use.term("matmul", [use.term("softmax", [z], like=scores, axis=-1), value])]


def _time_distributed(use: Use):
    # Each timestep of the inner sequence is one more sample: (batch, time, ...) -> (batch * time, ...).
    x, tensor, inner = use.given[0], use.node.inputs[0], use.layer.layer
    leaf = keras.Input(tensor.shape[2:], dtype=tensor.dtype)
    graph = Graph(keras.Model(leaf, inner(leaf)))
    flat_x = Term("reshape", [x], {}, (None, *x.shape[2:]), x.dtype)
    (y,) = use.reader.within(graph, [flat_x], f"{use.path}/")
    sizes = Term("unfold", [y, x], {}, (*x.shape[:2], *y.shape[1:]), y.dtype)
    return [sizes]


#: The class of a layer -> its rule, which may leave a use to the layer's call by returning None.
def _changes_weights(use: Use):
    # In inference the weights of most are as they are; the kernels that it would change are not known here.
    if use.layer.changed([], False) is not None:
        raise refused(
            f"a {type(use.layer).__name__}",
            use.node.name,
            "it changes weights in inference too",
            "set the weights to the changed ones, and leave the layer out",
        )
    return _as_it_is(use)


def _once_per_sequence(use: Use):
    raise refused(
        f"a {type(use.layer).__name__}",
        use.node.name,
        "it is computed once a sequence, from what the first timestep reads",
        "make what it computes a constant of the step",
    )


def rule_of(layer) -> Callable | None:
    """The rule of a layer, or None: then it is what its call consists of."""
    if isinstance(layer, WeightsOfSequence):
        return _changes_weights
    own = RULES.get(type(layer))
    return _once_per_sequence if own is None and isinstance(layer, OncePerSequence) else own


RULES = {
    # In inference it drops nothing.
    SequenceMask: lambda use: [number(np.ones((), use.node.outputs[0].dtype))],
    layers.Dense: _dense,
    layers.Activation: _activation,
    layers.Embedding: _embedding,
    layers.ReversibleEmbedding: _reversible_embedding,
    layers.Add: _chain("add"),
    layers.Subtract: _chain("subtract"),
    layers.Multiply: _chain("multiply"),
    layers.Maximum: _chain("maximum"),
    layers.Minimum: _chain("minimum"),
    layers.Average: _average,
    layers.Concatenate: _concatenate,
    layers.TimeDistributed: _time_distributed,
    layers.Conv1D: _conv,
    layers.Conv2D: _conv,
    layers.Conv3D: _conv,
    layers.Attention: _additive_attention,
    layers.AdditiveAttention: _additive_attention,
    Product: _product,
    Bias: _bias,
    **dict.fromkeys(
        (
            layers.Dropout,
            layers.SpatialDropout1D,
            layers.SpatialDropout2D,
            layers.SpatialDropout3D,
            layers.GaussianDropout,
            layers.GaussianNoise,
            layers.AlphaDropout,
            layers.ActivityRegularization,
            layers.Identity,
        ),
        _as_it_is,
    ),
}


def mask_of(use: Use) -> Term | None:
    """The mask that the result of a layer carries.

    Raises:
        ValueError: a layer of which it is not known.
    """
    layer, given = use.layer, [t.mask for t in use.given]
    if type(layer) is layers.Embedding:
        if not layer.mask_zero:
            return None
        return Term("not_equal", [use.given[0], number(0)], {}, use.given[0].shape, "bool")
    if type(layer) is layers.Masking:
        x = use.given[0]
        differs = Term("not_equal", [x, number(layer.mask_value)], {}, x.shape, "bool")
        return Term("any", [differs], {"axis": -1, "keepdims": False}, x.shape[:-1], "bool")
    masks = [mask for mask in given if mask is not None]
    if not masks or not layer.supports_masking:
        return None
    if type(layer).compute_mask is layers.Layer.compute_mask or type(layer) is layers.TimeDistributed:
        return given[0]
    return _computed(use, given)


def _computed(use, given):
    # What the layer's own `compute_mask` says, on symbolic masks.
    leaves = [keras.Input(batch_shape=t.shape, dtype=t.dtype) for t in use.node.inputs]
    masks = [None if m is None else keras.Input(batch_shape=m.shape, dtype="bool") for m in given]
    first = use.node.args[0] if use.node.args else next(iter(use.node.kwargs.values()))
    count = len(flat(first))
    many = isinstance(first, (list, tuple))
    try:
        found = use.layer.compute_mask(
            leaves[:count] if many else leaves[0], masks[:count] if many else masks[0]
        )
    except Exception as error:
        raise _unknown_mask(use) from error
    if found is None:
        return None
    for mask, term in zip(masks, given, strict=True):
        if found is mask:
            return term
    carried = [(leaf, term) for leaf, term in zip(leaves, use.given, strict=True)]
    carried += [(m, t) for m, t in zip(masks, given, strict=True) if m is not None]
    graph = Graph(keras.Model([leaf for leaf, _ in carried], found), of_cell=True)
    return use.reader.within(graph, [term for _, term in carried], f"{use.path}/mask/")[0]


def _unknown_mask(use):
    return refused(
        f"a {type(use.layer).__name__}",
        use.node.name,
        "what it does with a mask is not known",
        "call it on tensors without a mask",
    )
