"""Gradients of functions of tensors, and functions that come with their own backward pass."""

from collections.abc import Callable

import tensorflow as tf


def gradients(function: Callable, points: list) -> list[list]:
    """The gradient of each scalar that a function returns, with respect to each of its points.

    Example:
        >>> gradients(lambda points: [points[0] ** 2, 3 * points[0]], [tf.constant(2.0)])
        [[4.0], [3.0]]

    Args:
        function: takes the points, returns a list of scalars.
        points: tensors; a scalar that does not depend on one has gradient 0 there.
    """
    with tf.GradientTape(persistent=True) as tape:
        for point in points:
            tape.watch(point)
        scalars = function(points)
    return [tape.gradient(s, points, unconnected_gradients="zero") for s in scalars]


def vjp(function: Callable, points: list, cotangents: list) -> tuple[list, object]:
    """The vector-Jacobian product of a function: the gradients of its points, from those of its results.

    Example:
        >>> vjp(lambda points: ([points[0] ** 2], "more"), [tf.constant(2.0)], [tf.constant(10.0)])
        ([40.0], 'more')

    Args:
        function: takes the points, returns a list of tensors, and anything else.
        points: tensors; one that nothing depends on has gradient 0.
        cotangents: the gradient of each tensor that the function returns.

    Returns:
        The gradients of the points, and what else the function returned.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        results, more = function(points)
    return tape.gradient(results, points, cotangents, unconnected_gradients="zero"), more


def custom_gradient(function: Callable) -> Callable:
    """A function of one structure of tensors, differentiated by the backward pass that it comes with.

    Example:
        A square whose gradient is always 1::

            >>> def square(xs):
            ...     return {"y": xs[0] ** 2}, lambda cotangents: [cotangents["y"]]
            >>> custom_gradient(square)([tf.constant(3.0)])
            {'y': 9.0}

    Args:
        function: `function(inputs) -> (outputs, backward)`, where `backward(cotangents) -> gradients`: the
            cotangents have the structure of the outputs, the gradients that of the inputs, None for no
            gradient.
    """

    @tf.custom_gradient
    def run(inputs):
        outputs, backward = function(inputs)

        def gradient(*cotangents):
            return backward(tf.nest.pack_sequence_as(outputs, cotangents))

        return outputs, gradient

    return run
