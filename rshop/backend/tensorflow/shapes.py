"""Shapes that are known only while a graph runs: checked, cut along the batch, padded along time."""

import keras
import numpy as np
import tensorflow as tf

tree = keras.tree


def checked_size(values, found, size, text: str):
    """`values`, unless a size turns out to be another one, as known only at run time.

    What is computed from them waits for the check, so its message comes before any other's.

    Example:
        >>> states = checked_size(states, tf.shape(x)[0], 3, "a stateful layer of batch 3")
    """
    check = tf.debugging.assert_equal(found, size, message=text)
    with tf.control_dependencies([check]):
        return tree.map_structure(tf.identity, values)


def deal(values: list, sizes: list) -> list[list]:
    """Tensors `(batch, ...)` cut along the batch: for each size a list of the values.

    Example:
        >>> deal([tf.zeros((3, 4)), tf.zeros((3, 5))], [1, 2])[1][0].shape
        (2, 4)
    """
    if all(isinstance(size, int) for size in sizes) and len(set(sizes)) == 1:
        cut = [tf.split(x, len(sizes)) for x in values]
    else:
        # Not split by sizes: with a loop in a conditional behind it TensorFlow takes its axis for another.
        starts = [sum(sizes[:k]) for k in range(len(sizes))]
        cut = [[x[i : i + size] for i, size in zip(starts, sizes, strict=True)] for x in values]
    return [[parts[k] for parts in cut] for k in range(len(sizes))]


def roomy(x, length):
    """`x` `(batch, time, ...)`, padded with timesteps of 0: to 4, 6, 8, 12, 16, 24, ... of them.

    XLA compiles anew for each length that it meets; so it meets few.

    Example:
        >>> roomy(tf.ones((1, 5, 2)), tf.constant(5)).shape
        (1, 6, 2)
    """
    some = tf.cast(tf.maximum(length, 1), "float64")
    power = 2 ** tf.cast(tf.math.ceil(tf.math.log(some) / np.log(2) - 1e-9), "int32")
    room = tf.where(length <= power // 4 * 3, power // 4 * 3, power)
    return tf.pad(x, [[0, 0], [0, room - length], *[[0, 0]] * (x.shape.rank - 2)])
