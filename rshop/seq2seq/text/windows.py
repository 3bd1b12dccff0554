"""A text in streams that are read side by side, window by window: batches for truncated backpropagation."""

import math

import keras
import numpy as np


class TextWindows(keras.utils.PyDataset):
    """Batches of windows of a text; each goes on where the one before ended.

    The tokens that are predicted, all but the first, are cut into as many streams of equal length; a window
    has `length` tokens of each. What a stream lacks at its end has weight 0.

    Example:
        >>> (x, fresh), y, weights = TextWindows(np.arange(10), length=2, streams=2)[1]
        >>> x.tolist(), y.tolist(), weights.tolist(), fresh.tolist()
        ([[2, 3], [7, 8]], [[3, 4], [8, 9]], [[1.0, 1.0], [1.0, 1.0]], [False, False])

    Args:
        tokens: of the text `(time,)`, two or more.
        length: the number of tokens of a window; less where a stream is shorter.
        streams: the number of streams; fewer where these would be shorter than a window.
    """

    def __init__(self, tokens: np.ndarray, *, length: int, streams: int):
        super().__init__(workers=1, use_multiprocessing=False)
        self.tokens = tokens
        self.predicted = len(tokens) - 1
        self.streams = max(1, min(streams, self.predicted // length))
        self.each = math.ceil(self.predicted / self.streams)
        self.length = min(length, self.each)
        #: The window that an epoch begins with, where a training is resumed in the middle of one.
        self.first = 0

    @property
    def windows(self) -> int:
        """The number of windows of an epoch."""
        return math.ceil(self.each / self.length)

    @property
    def num_batches(self) -> int:
        """The number of windows that are left of this epoch."""
        return self.windows - self.first

    def __getitem__(self, i):
        """`([tokens, fresh], next tokens, weights)`; fresh streams do not go on from a window before."""
        window = self.first + i
        inside = window * self.length + np.arange(self.length)
        place = np.arange(self.streams)[:, None] * self.each + inside
        weights = (inside < self.each) & (place < self.predicted)
        place = np.minimum(place, self.predicted - 1)
        fresh = np.full(self.streams, window == 0)
        return (self.tokens[place], fresh), self.tokens[place + 1], weights.astype("float32")
