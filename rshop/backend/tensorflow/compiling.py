"""Functions traced once and compiled, and whether what runs now is being traced or compiled."""

import platform
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache, partial

import tensorflow as tf

from rshop.backend.tensorflow.devices import has_gpu

# Whether what is traced now is the body of a loop, which is compiled, or not, as a whole.
_inside = ContextVar("inside a loop", default=False)


class Compiled:
    """A function that is traced once, and run on a list of calls: a tuple of arguments each, a result each.

    Example:
        >>> add = Compiled(lambda a, b: a + b, xla=True)
        >>> add([(x, y), (z, w)])  # [x + y, z + w]

    Args:
        function: takes and returns structures of tensors; what it reads it is given.
        xla: XLA compiles it, unless it is part of a loop that is compiled as a whole.
    """

    def __init__(self, function: Callable, xla: bool):
        def traced(*given):
            token = _inside.set(True)
            try:
                return function(*given)
            finally:
                _inside.reset(token)

        self.xla = xla
        # TensorFlow warns of code that is traced often, and all these functions have the same code: a
        # `partial` is counted for itself.
        self._plain = tf.function(partial(traced), autograph=False)
        self._fast = tf.function(partial(traced), jit_compile=True, autograph=False)
        # The graph is written once; XLA compiles a call of it.
        self._fast_later = tf.function(lambda *given: self._plain(*given), jit_compile=True, autograph=False)

    def __call__(self, calls: list, compile_now=None) -> list:
        """The results of the calls.

        Args:
            calls: tuples of arguments.
            compile_now: a boolean tensor: while it is False the traced function runs without XLA.
        """
        if compile_now is None:
            run = self._fast if self.xla and not _inside.get() else self._plain
            return [run(*given) for given in calls]
        return tf.cond(
            compile_now,
            lambda: [self._fast_later(*given) for given in calls],
            lambda: [self._plain(*given) for given in calls],
        )


class Traced:
    """A function that is traced once, as part of whatever calls it: what it reads it is given.

    Example:
        >>> double = Traced(lambda x: 2 * x)
        >>> double(x) + double(y)  # one graph, called twice

    Args:
        function: takes and returns structures of tensors.
    """

    def __init__(self, function: Callable):
        self._run = tf.function(partial(function), autograph=False)

    def __call__(self, *given):
        """The results of the function."""
        return self._run(*given)


def is_eager() -> bool:
    """Whether operations run at once; else they are traced (in `fit`, `predict`), to run many times."""
    return not tf.inside_function()


def is_compiled_outside() -> bool:
    """Whether what is traced now belongs to something larger that is compiled, or not, as a whole.

    That is the body of a loop, or a model that was compiled with `jit_compile=True`: TensorFlow marks a
    conditional to be taken apart, except where XLA compiles all that is traced.
    """
    if _inside.get():
        return True
    operation = tf.cond(tf.constant(True), lambda: tf.constant(0), lambda: tf.constant(1)).op
    while "If" not in operation.type:
        operation = operation.inputs[0].op
    return "_lower_using_switch_merge" not in operation.node_def.attr


def has_xla(types: set[str]) -> bool:
    """Whether XLA compiles for this machine's devices: not for Apple's graphics processors.

    Args:
        types: the names of the types of numbers; `float16` needs a processor that converts them.
    """
    return not (platform.system() == "Darwin" and has_gpu()) and ("float16" not in types or _has_half())


@cache
def _has_half() -> bool:
    # XLA has no conversion of its own: without the processor's (F16C) what it compiles cannot be loaded.
    with tf.init_scope():
        both_ways = tf.function(lambda x: tf.cast(tf.cast(x, "float16") + 1, x.dtype), jit_compile=True)
        try:
            both_ways(tf.constant([1.0]))
        except tf.errors.InternalError:
            return False
    return True
