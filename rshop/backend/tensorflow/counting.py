"""A number that counts how often a graph ran."""

import tensorflow as tf


def counter():
    """A number that a graph counts up when it runs; TensorFlow's checkpoints hold it, Keras's files do not.

    Example:
        >>> counter().assign_add(1) > 16  # at the 17th time
    """
    one_each = {
        "synchronization": tf.VariableSynchronization.ON_READ,
        "aggregation": tf.VariableAggregation.ONLY_FIRST_REPLICA,
    }
    with tf.init_scope():
        return tf.Variable(0, dtype="int64", trainable=False, **one_each)
