"""What the machine has: a GPU, and how many parts of a graph run side by side."""

import os

import tensorflow as tf


def has_gpu() -> bool:
    """Whether TensorFlow sees a GPU."""
    return bool(tf.config.list_physical_devices("GPU"))


def cores() -> int:
    """How many parts of a graph run side by side; 1 where a GPU runs them.

    Example:
        >>> cores()  # on a laptop with two
        2
    """
    if has_gpu():
        return 1
    threads = tf.config.threading
    limits = [threads.get_inter_op_parallelism_threads(), threads.get_intra_op_parallelism_threads()]
    return min([os.cpu_count() or 1, *(n for n in limits if n)])
