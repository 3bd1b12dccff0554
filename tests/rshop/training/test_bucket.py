"""Buckets: every element once, in the bucket of its length, padded to the boundary."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from rshop import LSTMCell
from rshop.training import bucket

LENGTHS = [3, 9, 4, 5, 10, 1, 6, 2, 5, 7]


def elements(lengths=LENGTHS):
    """`(x, y)`: x counts up from 1, y is twice that."""
    for n in lengths:
        x = np.arange(1, n + 1, dtype="float32")[:, None]
        yield x, 2 * x


def dataset(lengths=LENGTHS):
    spec = tf.TensorSpec((None, 1))
    return tf.data.Dataset.from_generator(lambda: elements(lengths), output_signature=(spec, spec))


def by_hand(boundaries, size, lengths=LENGTHS):
    """The batches that fill up in this order, then what is left, as sorted lists of lengths."""
    waiting, full = {b: [] for b in boundaries}, []
    for n in lengths:
        own = min(b for b in boundaries if n <= b)
        waiting[own].append(n)
        if len(waiting[own]) == size:
            full.append((own, waiting[own]))
            waiting[own] = []
    return sorted([*full, *((b, w) for b, w in waiting.items() if w)])


def found(batches):
    return sorted((x.shape[1], [int(n) for n in (x.numpy()[..., 0] != 0).sum(1)]) for x, *_ in batches)


def test_the_batches_are_those_that_fill_up_by_hand():
    batches = list(bucket(dataset(), [5, 10], batch_size=2))
    assert found(batches) == by_hand([5, 10], 2)
    for x, y in batches:
        np.testing.assert_array_equal(y, 2 * x)
        for row, n in zip(x.numpy()[..., 0], (x.numpy()[..., 0] != 0).sum(1), strict=True):
            np.testing.assert_array_equal(row[:n], np.arange(1, n + 1))


def test_a_size_for_each_bucket_and_whole_batches_alone():
    batches = list(bucket(dataset(), [5, 10], batch_size=[3, 2], drop_remainder=True))
    assert sorted(tuple(x.shape) for x, _ in batches) == [(2, 10, 1), (2, 10, 1), (3, 5, 1), (3, 5, 1)]


def test_shuffling_keeps_every_element_and_is_the_same_for_a_seed():
    def order(seed):
        return [x.numpy().tolist() for x, _ in bucket(dataset(), [5, 10], 2, shuffle=10, seed=seed)]

    assert order(1) == order(1) != order(2)
    lengths = [n for _, rows in found(bucket(dataset(), [5, 10], 2, shuffle=10, seed=3)) for n in rows]
    assert sorted(lengths) == sorted(LENGTHS)


def test_longer_elements_are_an_error_or_left_out():
    with pytest.raises(tf.errors.InvalidArgumentError, match="more than 5 timesteps.*drop_longer=True"):
        list(bucket(dataset(), [5], 2))
    kept = [n for _, rows in found(bucket(dataset(), [5], 2, drop_longer=True)) for n in rows]
    assert sorted(kept) == sorted(n for n in LENGTHS if n <= 5)


def test_weights_are_one_at_real_timesteps_and_leave_padding_out_of_the_loss():
    batches = bucket(dataset(), [5, 10], 2, pad_value=7, weights=True)
    keras.utils.set_random_seed(1)
    model = keras.Sequential([LSTMCell(3).get_layer(return_sequences=True), keras.layers.Dense(1)])
    model.compile("sgd", keras.losses.MeanSquaredError(reduction="mean_with_sample_weight"))
    for x, y, w in batches:
        model.train_on_batch(x, y, w)
    squares = []
    for x, _, w in batches:
        np.testing.assert_array_equal(x.numpy()[..., 0] == 7, (w.numpy() == 0) | (x.numpy()[..., 0] == 7))
    for x, y in elements():
        squares += list(np.square(model.predict(x[None], verbose=0)[0] - y)[:, 0])
    total = count = 0.0
    for x, y, w in batches:
        error = np.square(model.predict(x, verbose=0) - y.numpy())[..., 0] * w.numpy()
        total, count = total + error.sum(), count + w.numpy().sum()
    assert count == sum(LENGTHS)
    np.testing.assert_allclose(total / count, np.mean(squares), rtol=1e-4)


def test_dicts_integers_and_targets_of_other_lengths():
    def pairs():
        for n in LENGTHS:
            yield {"source": np.full(n, 3, "int64"), "kind": np.int64(n)}, np.full(n // 2 + 1, 4, "int64")

    many, one = tf.TensorSpec((None,), tf.int64), tf.TensorSpec((), tf.int64)
    data = tf.data.Dataset.from_generator(pairs, output_signature=({"source": many, "kind": one}, many))
    for x, y in bucket(data, [5, 10], 3):
        assert x["source"].shape == y.shape and y.shape[1] in (5, 10)
        np.testing.assert_array_equal((x["source"].numpy() == 3).sum(1), x["kind"])
        np.testing.assert_array_equal((y.numpy() == 4).sum(1), x["kind"].numpy() // 2 + 1)
    short = bucket(data, [6], 3, length=lambda x, y: keras.ops.shape(y)[0], drop_longer=True)
    with pytest.raises(tf.errors.DataLossError):
        list(short)  # a source is longer than the bucket of its target


@pytest.mark.parametrize(
    "given",
    [
        {"dataset": [1, 2]},
        {"boundaries": [5, 5]},
        {"boundaries": 5},
        {"boundaries": []},
        {"boundaries": [5, "x"]},
        {"batch_size": [2]},
        {"batch_size": 0},
        {"length": 3},
        {"pad_value": None},
        {"weights": "yes"},
        {"shuffle": -1},
        {"seed": "x"},
    ],
)
def test_bad_calls(given):
    with pytest.raises((TypeError, ValueError)) as error:
        bucket(**{"dataset": dataset(), "boundaries": [5, 10], "batch_size": 2, **given})
    assert all(word in str(error.value) for word in ("Received: ", "Expected: ", "Fix: "))
