"""Functions that are called outside of graphs, and run as a graph of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial

import tensorflow as tf

from rshop.backend.tensorflow.compiling import is_eager
from rshop.backend.tensorflow.gradients import custom_gradient


class TwoWays:
    """A function of one structure of tensors that is traced once, and differentiated as if it were not.

    TensorFlow cannot vectorise the gradient of a loop in a graph, as a Jacobian asks for, nor differentiate
    it forwards. Where that is asked, the gradient is computed with each operation as it comes.

    Example:
        >>> def square(inputs, as_it_comes):
        ...     return {"y": inputs["x"] ** 2}
        >>> TwoWays(square)({"x": tf.constant([3.0])})
        {'y': [9.0]}

    Args:
        function: `function(inputs, as_it_comes) -> outputs`, structures of tensors; with `as_it_comes=True`
            it must use no loop of the graph.
    """

    def __init__(self, function: Callable):
        self.function = function
        # TensorFlow warns of code that is traced often, and all these functions have the same code: a
        # `partial` is counted for itself.
        traced = partial(function, as_it_comes=False)
        self.graph = tf.function(traced, autograph=False, reduce_retracing=True)

    def __call__(self, inputs):
        """The outputs of the function, from the graph. Variables count as tensors."""
        return custom_gradient(self._with_gradient)(tf.nest.map_structure(tf.convert_to_tensor, inputs))

    def _with_gradient(self, inputs):
        # Nobody may differentiate the graph itself.
        outputs = self.graph(tf.nest.map_structure(tf.stop_gradient, inputs))

        def backward(cotangents):
            known = [
                c for c, y in zip(*map(tf.nest.flatten, (cotangents, outputs)), strict=True) if _is_real(y)
            ]
            given = inputs, known
            found = iter(self.gradient(given) if is_eager() else self.gradient.function(given, True))
            return tf.nest.map_structure(lambda x: next(found) if _is_real(x) else None, inputs)

        return outputs, backward

    @cached_property
    def gradient(self) -> "TwoWays":
        """The vector-Jacobian product, likewise: inputs and cotangents to the gradients of the inputs."""
        return TwoWays(self._vjp)

    def _vjp(self, given, as_it_comes):
        # While TensorFlow differentiates forwards no tape of this thread records, and all would be 0.
        if _tapes_record():
            return self._vjp_here(given, as_it_comes)
        graph = tf.compat.v1.get_default_graph()

        def there():
            with graph.as_default():
                return self._vjp_here(given, as_it_comes)

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(there).result()

    def _vjp_here(self, given, as_it_comes):
        inputs, cotangents = given
        points = [x for x in tf.nest.flatten(inputs) if _is_real(x)]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(points)
            results = [y for y in tf.nest.flatten(self.function(inputs, as_it_comes)) if _is_real(y)]
        return tape.gradient(results, points, cotangents, unconnected_gradients="zero")


def _is_real(x) -> bool:
    return x.dtype.is_floating or x.dtype.is_complex


def _tapes_record() -> bool:
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        x = tf.constant(1.0)
        tape.watch(x)
        y = 2.0 * x
    return tape.gradient(y, x) is not None
