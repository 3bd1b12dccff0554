"""What is known of the body of a loop, so that its way back can be written out."""

from dataclasses import dataclass

import keras

from ..errors import message


@dataclass(frozen=True)
class Tap:
    """A sum of products in a body, `z = a W + h U + b + o`, whose weights wait until after the loop.

    Attributes:
        like: a Keras tensor of the shape and dtype of `z`.
        sources: for each product where its `a` comes from: `("carry", i)`, `("x", i)`, or
            `("body", like)` where the body computes it.
        kernels, biases: the places of the weights in `shared`.
    """

    like: keras.KerasTensor
    sources: list
    kernels: list[int]
    biases: list[int]


@dataclass(frozen=True)
class Known:
    """What is known of a body beforehand.

    Attributes:
        taps: its sums of products, in the order in which it calls `tap`.
        repeated: for a place in the flat carry, the place of the same value among the emitted.
        unread: places in the flat carry whose values the body does not need.
        only_tapped: places in `xs` that nothing but products read.
    """

    taps: list[Tap]
    repeated: dict[int, int]
    unread: set[int]
    only_tapped: set[int]


def no_second_derivative(*wanted):
    """Refuse: the loop back through time is written out, and has no way back of its own.

    Raises:
        NotImplementedError: always; the message says how to get second derivatives.
    """
    raise NotImplementedError(
        message(
            "The gradient of a fast loop has no gradient of its own.",
            received="a second derivative through a recurrent layer",
            expected="first derivatives",
            fix="use the plain loop: make the model inside `with rshop.fast.switched(late_gradients=False, "
            "xla=False, hoist=False):`, or the layer with unroll=True",
        )
    )
