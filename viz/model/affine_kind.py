"""What an operation is to an affine map."""

import keras
from keras import layers

from rshop.cells.weights import Bias, Product

#: Layers whose product is written with an asterisk.
CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.Conv3D, layers.DepthwiseConv1D, layers.DepthwiseConv2D)
_PRODUCTS = (
    Product,
    layers.Dense,
    layers.EinsumDense,
    *CONVOLUTIONS,
)


def affine_kind(operation) -> str | None:
    """What an operation is to an affine box: `product`, `bias`, `sum`, `split`, or None.

    Example:
        >>> affine_kind(layers.Dense(3)), affine_kind(layers.Dense(3, "tanh"))
        ('product', None)
    """
    if isinstance(operation, Bias):
        return "bias"
    if isinstance(operation, _PRODUCTS):
        return None if is_curved(operation) else "product"
    return {"Add": "sum", "Split": "split"}.get(type(operation).__name__)


def is_curved(layer) -> bool:
    """Whether a layer applies an activation to its product."""
    return getattr(layer, "activation", None) not in (None, keras.activations.linear)
