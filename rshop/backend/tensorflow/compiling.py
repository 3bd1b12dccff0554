"""Functions written as a graph once, compiled by XLA or not, and whether one is being written."""

import platform
from collections.abc import Callable
from contextvars import ContextVar

import tensorflow as tf

from rshop.backend.tensorflow.devices import has_gpu

# Whether the body of a loop is being written that is compiled, or not, as a whole.
_inside = ContextVar("inside a loop", default=False)


def compiled(function: Callable, xla: bool, hot=None) -> Callable:
    """A function of a list of tuples of arguments, which returns what each gives: written as a graph once.

    Example:
        >>> compiled(lambda a, b: a + b, xla=True)([(x, y), (z, w)])  # [x + y, z + w]

    Args:
        function: what to write.
        xla: compile it by XLA; within the body of a compiled loop, that does.
        hot: a boolean tensor: XLA waits as long as it is False, and the graph runs as it is.
    """

    def written(*given):
        token = _inside.set(True)
        try:
            return function(*given)
        finally:
            _inside.reset(token)

    def each(way, calls):
        return [way(*given) for given in calls]

    at_once = xla and hot is None and not _inside.get()
    plain = tf.function(written, jit_compile=at_once or None, autograph=False)
    if hot is None:
        return lambda calls: each(plain, calls)
    # The graph is written once, XLA compiles a call of it.
    fast = tf.function(lambda *given: plain(*given), jit_compile=True, autograph=False)
    return lambda calls: tf.cond(hot, lambda: each(fast, calls), lambda: each(plain, calls))


def writes_graph() -> bool:
    """Whether a graph is being written (in `fit`, `predict`, `tf.function`), to be run many times."""
    return tf.inside_function()


def is_compiled_outside() -> bool:
    """Whether what is being written is part of something that is compiled, or not, as a whole.

    It is the body of a loop, or the model was compiled with `jit_compile=True`: TensorFlow marks a
    conditional to be taken apart, except where XLA compiles all that is written.
    """
    if _inside.get():
        return True
    written = tf.cond(tf.constant(True), lambda: tf.constant(0), lambda: tf.constant(1)).op
    while "If" not in written.type:
        written = written.inputs[0].op
    return "_lower_using_switch_merge" not in written.node_def.attr


def has_xla() -> bool:
    """Whether XLA compiles for this machine's devices; for Apple's graphics it does not."""
    return not (platform.system() == "Darwin" and has_gpu())
