"""Batches of sequences of about equal length, each padded to one of a few lengths."""

from collections.abc import Callable

import keras
from keras import ops

from rshop.backend import checked_size
from rshop.checks import check_count, check_number, check_seed, check_switch
from rshop.errors import message, told


def bucket(
    dataset,
    boundaries: list[int],
    batch_size: "int | list[int]",
    *,
    length: Callable | None = None,
    pad_value: float = 0,
    weights: bool = False,
    drop_longer: bool = False,
    drop_remainder: bool = False,
    shuffle: int | None = None,
    seed: int | None = None,
):
    """A dataset of batches whose sequences have about the same length, padded to the boundary above it.

    There are as many shapes as boundaries: little of a batch is padding, and few shapes are compiled.

    Example:
        Sequences of 3, 9 and 4 timesteps, in buckets up to 5 and up to 10::

            >>> batches = bucket(dataset, [5, 10], batch_size=2)
            >>> [x.shape for x, y in batches]
            [(2, 5, 1), (1, 10, 1)]

    Args:
        dataset: a `tf.data.Dataset` of single elements: a tensor, or any structure of them such as `(x, y)`.
            Axes of unknown size are padded.
        boundaries: the lengths to pad to, in rising order.
        batch_size: elements in a batch, or a list of it for each boundary.
        length: a function of an element, as the dataset hands it on, that gives its length; by default the
            longest of its tensors whose first axis is of unknown size.
        pad_value: what is put behind the end; for integers too.
        weights: hand on `(x, y, weights)` in place of `(x, y)`, the weights `(batch, time)` 1 at real
            timesteps of `y` and 0 behind them: `fit` and `evaluate` then leave padding out of loss and
            `weighted_metrics`.
        drop_longer: leave out elements longer than the last boundary; else they are an error in the run.
        drop_remainder: leave out the last, smaller batches.
        shuffle: the size of the buffer that elements are shuffled in beforehand; None for no shuffling.
        seed: an int for the shuffling.

    Returns:
        A `tf.data.Dataset`.

    Raises:
        TypeError: no dataset, or an argument of another type.
        ValueError: boundaries that do not rise, or a number of batch sizes that is not theirs.
    """
    if not hasattr(dataset, "bucket_by_sequence_length"):
        raise TypeError(
            message(
                "Buckets are filled from a dataset.",
                received=f"dataset={told(dataset)}",
                expected="a tf.data.Dataset of single elements",
                fix="tf.data.Dataset.from_generator(..., output_signature=...)",
            )
        )
    limits, sizes = _checked_sizes(boundaries, batch_size)
    for name, value in (
        ("weights", weights),
        ("drop_longer", drop_longer),
        ("drop_remainder", drop_remainder),
    ):
        check_switch(name, value)
    pad_value, seed = check_number("pad_value", pad_value, "value of padding"), check_seed(seed)
    measured = _length_of(length)
    if shuffle is not None:
        shuffle = check_count("shuffle", shuffle, "number of elements to shuffle among")
        dataset = dataset.shuffle(shuffle, seed=seed, reshuffle_each_iteration=True)
    if drop_longer:
        dataset = dataset.filter(lambda *element: measured(*element) <= limits[-1])
    else:
        dataset = dataset.map(lambda *element: _not_longer(element, measured(*element), limits[-1]))
    if weights:
        dataset = dataset.map(_with_weights)
    return dataset.bucket_by_sequence_length(
        # TensorFlow's boundaries belong to the next bucket.
        lambda *element: measured(*(element[:2] if weights else element)),
        bucket_boundaries=[limit + 1 for limit in limits],
        bucket_batch_sizes=[*sizes, sizes[-1]],
        padding_values=_padding(dataset.element_spec, pad_value, weights),
        pad_to_bucket_boundary=True,
        drop_remainder=drop_remainder,
    )


def _checked_sizes(boundaries, batch_size):
    known = isinstance(boundaries, (list, tuple)) and boundaries
    if not known:
        raise TypeError(_boundaries(boundaries))
    limits = [check_count("boundaries", limit, "length to pad to") for limit in boundaries]
    if any(a >= b for a, b in zip(limits, limits[1:], strict=False)):
        raise ValueError(_boundaries(boundaries))
    sizes = list(batch_size) if isinstance(batch_size, (list, tuple)) else [batch_size] * len(limits)
    if len(sizes) != len(limits):
        raise ValueError(
            message(
                "Each bucket has a size of its batches.",
                received=f"batch_size={batch_size} for {len(limits)} boundaries",
                expected=f"one number, or {len(limits)} of them",
                fix="batch_size=32",
            )
        )
    return limits, [check_count("batch_size", size, "number of elements in a batch") for size in sizes]


def _boundaries(boundaries):
    return message(
        "The boundaries of buckets are lengths in rising order.",
        received=f"boundaries={told(boundaries)}",
        expected="a list of whole numbers",
        fix="boundaries=[10, 20, 40]",
    )


def _length_of(length):
    if length is None:
        return _longest
    if not callable(length):
        raise TypeError(
            message(
                "The length of an element comes from a function.",
                received=f"length={told(length)}",
                expected="a function of an element",
                fix="length=lambda x, y: keras.ops.shape(x)[0]",
            )
        )
    return lambda *element: ops.cast(length(*element), "int32")


def _longest(*element):
    open_ended = [t for t in keras.tree.flatten(element) if len(t.shape) and t.shape[0] is None]
    found = [ops.shape(t)[0] for t in open_ended or keras.tree.flatten(element)[:1]]
    return ops.max(ops.stack([ops.cast(size, "int32") for size in found]))


def _not_longer(element, length, most):
    text = message(
        "An element is longer than the last boundary.",
        received=f"more than {most} timesteps",
        expected=f"at most {most}",
        fix="add a boundary, or drop_longer=True",
    )
    checked = checked_size(keras.tree.flatten(element), ops.minimum(length, most), length, text)
    whole = keras.tree.pack_sequence_as(element, checked)
    return whole if len(whole) > 1 else whole[0]


def _with_weights(x, y):
    return x, y, ops.ones((ops.shape(y)[0],), "float32")


def _padding(spec, pad_value, weights):
    def of(like):
        return ops.cast(pad_value, like.dtype)

    if not weights:
        return keras.tree.map_structure(of, spec)
    x, y, _ = spec
    return keras.tree.map_structure(of, x), keras.tree.map_structure(of, y), ops.cast(0, "float32")
