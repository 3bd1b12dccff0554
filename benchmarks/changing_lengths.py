"""Batches padded to their own longest length, as a pipeline of texts makes them, from the first batch on."""

import time
from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from keras import Input, layers

BATCH, TOKENS, EMBEDDING, UNITS = 32, 2000, 32, 64
#: Lengths lie between these, but for those in buckets.
SHORTEST, LONGEST = 5, 120
BUCKETS = (16, 32, 48, 64)
#: The batches after which the seconds are noted.
MARKS = (1, 20, 50, 100, 200, 500)


def batches(count: int, buckets: bool = False) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Tokens `(BATCH, time)`, 0 where padded, and targets `(BATCH, 1)`; the same ones each time.

    Example:
        >>> [x.shape for x, _ in batches(3, buckets=True)]
        [(32, 32), (32, 16), (32, 64)]
    """
    rng = np.random.default_rng(1)
    for _ in range(count):
        length = int(rng.choice(BUCKETS) if buckets else rng.integers(SHORTEST, LONGEST))
        x = rng.integers(1, TOKENS, (BATCH, length)).astype("int32")
        ends = rng.integers(max(1, length // 2), length + 1, BATCH)
        ends[0] = length
        x[np.arange(length)[None] >= ends[:, None]] = 0
        yield x, rng.integers(0, 2, (BATCH, 1)).astype("float32")


def model(rnn: layers.Layer) -> keras.Model:
    """A compiled model that reads tokens `(batch, time)` with a layer of `UNITS`, and says yes or no."""
    tokens = Input((None,), dtype="int32")
    h = rnn(layers.Embedding(TOKENS, EMBEDDING, mask_zero=True)(tokens))
    made = keras.Model(tokens, layers.Dense(1, activation="sigmoid")(h))
    made.compile("adam", "binary_crossentropy")
    return made


class Clock(keras.callbacks.Callback):
    """The seconds since a start at which each of the `MARKS` was passed: `at`.

    Args:
        start: as `time.perf_counter()` says it.
    """

    def __init__(self, start: float):
        super().__init__()
        self.at, self._start, self._done = {}, start, 0

    def on_train_batch_end(self, batch, logs=None):
        """Count."""
        self._done += 1
        if self._done in MARKS:
            self.at[str(self._done)] = time.perf_counter() - self._start


def by_fit(make_rnn, count: int, buckets: bool = False) -> dict:
    """The seconds after which `fit` has passed each mark, the making of the model included.

    Example:
        >>> by_fit(lambda: layers.LSTM(UNITS), 50)
        {'1': 2.1, '20': 4.3, '50': 7.4}

    Args:
        make_rnn: returns the layer, `(batch, time, features) -> (batch, UNITS)`.
        count: of all batches.
        buckets: lengths are a few instead of any.
    """
    clock = Clock(time.perf_counter())
    like = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, 1), tf.float32)
    data = tf.data.Dataset.from_generator(lambda: batches(count, buckets), output_signature=like)
    data = data.apply(tf.data.experimental.assert_cardinality(count))
    model(make_rnn()).fit(data.prefetch(2), shuffle=False, verbose=0, callbacks=[clock])
    return clock.at


def by_hand(make_rnn, count: int) -> dict:
    """The same with `train_on_batch` in a Python loop."""
    clock = Clock(time.perf_counter())
    made = model(make_rnn())
    for place, (x, y) in enumerate(batches(count)):
        made.train_on_batch(x, y)
        clock.on_train_batch_end(place)
    return clock.at
