"""A count of how often a graph ran."""

import tensorflow as tf


def counter():
    """A count `()` that starts at 0; TensorFlow's checkpoints hold it, Keras's files do not.

    Example:
        >>> runs = counter()
        >>> count_up(runs), count_up(runs)
        (1, 2)
    """
    one_each = {
        "synchronization": tf.VariableSynchronization.ON_READ,
        "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,
    }
    with tf.init_scope():
        return tf.Variable(0, dtype="int64", trainable=False, **one_each)


def count_up(counter):
    """Add one to a counter each time that this runs; the new count, an integer tensor `()`.

    Example:
        >>> count_up(runs) > 16  # at the 17th time
    """
    return counter.assign_add(1)
