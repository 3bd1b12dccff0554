"""Tensors whose sizes are known only at run time: checked, split along the batch, padded along time."""

import keras
import tensorflow as tf

tree = keras.tree


def checked_size(values, found, size, text: str):
    """The values; when the graph runs they are refused with this text, unless two sizes are equal.

    What is computed from them waits for the check, so its message comes before any other's.

    Example:
        >>> states = checked_size(states, tf.shape(x)[0], 3, "a stateful layer of batch 3")

    Args:
        values: a structure of tensors.
        found, size: the two sizes, ints or scalar int tensors.
        text: the message of the error.
    """
    check = tf.debugging.assert_equal(found, size, message=text)
    with tf.control_dependencies([check]):
        return tree.map_structure(tf.identity, values)


def split_batch(values: list, sizes: list) -> list[list]:
    """Tensors `(batch, ...)` cut along the batch: for each size a list of the parts.

    Example:
        >>> split_batch([tf.zeros((3, 4)), tf.zeros((3, 5))], [1, 2])[1][0].shape
        (2, 4)
    """
    if all(isinstance(size, int) for size in sizes) and len(set(sizes)) == 1:
        split = [tf.split(x, len(sizes)) for x in values]
    else:
        # Not `tf.split` with sizes: with a loop in a conditional after it, TensorFlow mistakes its axis.
        starts = [sum(sizes[:k]) for k in range(len(sizes))]
        split = [[x[i : i + size] for i, size in zip(starts, sizes, strict=True)] for x in values]
    return [[parts[k] for parts in split] for k in range(len(sizes))]


def padded(x, length):
    """`x` `(batch, time, ...)`, padded with timesteps of 0 to a length.

    Example:
        >>> padded(tf.ones((1, 5, 2)), 8).shape
        (1, 8, 2)

    Args:
        x: a tensor.
        length: at least its number of timesteps, an int or a scalar int tensor.
    """
    return tf.pad(x, [[0, 0], [0, length - tf.shape(x)[1]], *[[0, 0]] * (x.shape.rank - 2)])
