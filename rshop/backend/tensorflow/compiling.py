"""Functions traced once and compiled, and whether what runs now is being traced or compiled."""

import platform
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache, partial

import tensorflow as tf

from rshop.backend.tensorflow.devices import has_gpu

# Whether what is traced now is the body of a loop, which is compiled, or not, as a whole.
_inside = ContextVar("inside a loop", default=False)


def compiled(function: Callable, xla: bool, compile_now=None) -> Callable:
    """The function, traced once, for a list of calls: one tuple of arguments each, one result each.

    Example:
        >>> compiled(lambda a, b: a + b, xla=True)([(x, y), (z, w)])  # [x + y, z + w]

    Args:
        function: takes and returns structures of tensors.
        xla: XLA compiles it, unless it is part of a loop that is compiled as a whole.
        compile_now: a boolean tensor: while it is False the traced function runs without XLA.
    """

    def traced(*given):
        token = _inside.set(True)
        try:
            return function(*given)
        finally:
            _inside.reset(token)

    def run_all(run, calls):
        return [run(*given) for given in calls]

    at_once = xla and compile_now is None and not _inside.get()
    # TensorFlow warns of code that is traced often, and all these functions have the same code: a `partial`
    # is counted for itself.
    plain = tf.function(partial(traced), jit_compile=at_once or None, autograph=False)
    if compile_now is None:
        return lambda calls: run_all(plain, calls)
    # The graph is written once; XLA compiles a call of it.
    fast = tf.function(lambda *given: plain(*given), jit_compile=True, autograph=False)
    return lambda calls: tf.cond(compile_now, lambda: run_all(fast, calls), lambda: run_all(plain, calls))


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
