"""Which derivatives the fast loop has: of floating point numbers, first ones only, summed in 32 bits."""

import keras
from keras import ops

from rshop.backend import custom_gradient
from rshop.errors import message
from rshop.structure import tree


def has_gradient(value) -> bool:
    """Whether these are floating point numbers, which have gradients."""
    return keras.backend.is_float_dtype(keras.backend.standardize_dtype(value.dtype))


def wide(x):
    """The numbers in 32 bits where they have 16, which cannot hold a sum of many.

    Example:
        >>> wide(ops.ones((2,), "bfloat16")).dtype
        tf.float32
    """
    return ops.cast(x, "float32") if keras.backend.standardize_dtype(x.dtype).endswith("16") else x


def without_gradient(values):
    """The same structure of tensors, as constants: no gradient passes through them.

    A loop with a custom gradient reads and returns such values. Else an automatic gradient of what it
    computes would be prepared as well, for which it would have to return all inner values.

    Example:
        >>> inputs = without_gradient(LoopInputs([h], [x], [kernel]))
    """
    return tree.map_structure(ops.stop_gradient, values)


def first_derivatives_only(x):
    """The same tensor, with a first derivative; a second one is refused as by `no_second_derivative`.

    Example:
        >>> y = first_derivatives_only(x) ** 2  # dy/dx is 2 x, and the derivative of that an error
    """
    gradient = custom_gradient(lambda dx: (dx + 0, no_second_derivative))
    return custom_gradient(lambda x: (x + 0, gradient))(x)


def no_second_derivative(cotangents):
    """Refuse a second derivative: the backward pass of a fast loop has no backward pass of its own.

    Raises:
        NotImplementedError: always; the message says how to get second derivatives.
    """
    shapes = ", ".join(str(tuple(value.shape)) for value in tree.flatten(cotangents)[:3])
    raise NotImplementedError(
        message(
            "The gradient of a fast loop has no gradient of its own.",
            received=f"a second derivative through a recurrent layer, of gradients of shape {shapes}",
            expected="first derivatives",
            fix="use the plain loop: make the model inside `with rshop.fast.switched(late_gradients=False, "
            "xla=False, hoist=False, split=False, cudnn=False):`, or the layer with unroll=True",
        )
    )
