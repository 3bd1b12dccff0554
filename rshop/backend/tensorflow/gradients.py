"""Gradients of a function with respect to tensors."""

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


def pull_back(function: Callable, points: list, upstream: list) -> tuple[list, object]:
    """The gradients of the points, from those of what a function makes of them.

    Example:
        >>> pull_back(lambda points: ([points[0] ** 2], "more"), [tf.constant(2.0)], [tf.constant(10.0)])
        ([40.0], 'more')

    Args:
        function: takes the points, returns a list of tensors, and anything else.
        points: tensors; where nothing depends on one its gradient is 0.
        upstream: the gradient of each tensor that the function returns.

    Returns:
        The gradients, and what else the function returned.
    """
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        made, more = function(points)
    return tape.gradient(made, points, upstream, unconnected_gradients="zero"), more
