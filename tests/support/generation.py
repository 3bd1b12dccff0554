"""A small step over tokens, and the same in NumPy: what generation is compared with."""

from dataclasses import dataclass
from functools import cache

import keras
import numpy as np
from keras import layers

from rshop import RecurrentModel

UNITS, TOKENS = 6, 4
#: How the step reads a token, and what it returns.
KINDS = ("one-hot to logits", "number to logits", "one-hot to probabilities")


@dataclass
class Oracle:
    """`h = tanh(E[token] + h U)`, `p = softmax(h W + b)` in NumPy; no token yet is `E`'s row of zeros.

    Attributes:
        embeddings, recurrent, kernel, bias: the weights.
        whole: whether the first token, before any, is token 0.
    """

    embeddings: np.ndarray
    recurrent: np.ndarray
    kernel: np.ndarray
    bias: np.ndarray
    whole: bool

    def first(self):
        """The state before the first timestep, for one sample, and the first token."""
        return np.zeros(UNITS), 0 if self.whole else None

    def step(self, h, token):
        """The next state, and the log-probabilities of the next token."""
        seen = np.zeros(UNITS) if token is None else self.embeddings[token]
        h = np.tanh(seen + h @ self.recurrent)
        y = h @ self.kernel + self.bias
        return h, y - np.log(np.exp(y - y.max()).sum()) - y.max()

    def score(self, sequence, h=None, token=None):
        """The sum of the log-probabilities of a sequence of tokens."""
        h, token = self.first() if h is None else (h, token)
        total = 0.0
        for following in sequence:
            h, log_p = self.step(h, token)
            total, token = total + log_p[following], following
        return total


@cache
def token_model(kind="one-hot to logits", seed=0):
    """A decoder over `TOKENS` tokens, made once, and its oracle."""
    return new_token_model(kind, seed)


def new_token_model(kind="one-hot to logits", seed=0, **options):
    """A new decoder over `TOKENS` tokens, and its oracle."""
    rng = np.random.default_rng(seed)
    arrays = [
        rng.normal(0, s, n) for s, n in ((2, (TOKENS, UNITS)), (1, (UNITS, UNITS)), (1, (UNITS, TOKENS)))
    ]
    weights = [a.astype("float32") for a in [*arrays, rng.normal(0, 0.5, TOKENS)]]
    whole = kind.startswith("number")
    x, h = keras.Input((1,), name="x"), keras.Input((UNITS,), name="h")
    readout = keras.Input(() if whole else (TOKENS,), dtype="int32" if whole else "float32", name="readout")
    seen = (
        layers.Embedding(TOKENS, UNITS, name="E") if whole else layers.Dense(UNITS, use_bias=False, name="E")
    )
    recurrent = layers.Dense(UNITS, use_bias=False, name="U")
    after = layers.Activation("tanh")(layers.Add()([seen(readout), recurrent(h)]))
    top = layers.Dense(TOKENS, name="W", activation="softmax" if kind.endswith("probabilities") else None)
    given = {"decode": True, "output_length": 4, "teacher_force": True, **options}
    rnn = RecurrentModel(x, top(after), h, after, readout, **given)
    rnn.build((2 if rnn.stateful else None, 1))
    seen.set_weights(weights[:1])
    recurrent.set_weights(weights[1:2])
    top.set_weights(weights[2:])
    return rnn, Oracle(*(w.astype("float64") for w in weights), whole)


def forced_scores(rnn, tokens, x=None, **call):
    """The log-probability of each token `(batch, time)`, found by teacher forcing the layer itself."""
    whole = not keras.backend.is_float_dtype(rnn.description.readouts.dtype)
    truth = tokens if whole else np.eye(TOKENS, dtype="float32")[tokens]
    x = np.zeros((len(tokens), 1), "float32") if x is None else x
    length = {"output_length": tokens.shape[1]} if rnn.decode else {}
    y = np.asarray(rnn(x, ground_truth=truth, training=True, **length, **call), "float64")
    log_p = (
        np.log(y) if np.allclose(y.sum(-1), 1, atol=1e-4) else y - np.log(np.exp(y).sum(-1, keepdims=True))
    )
    return np.take_along_axis(log_p, tokens[..., None], axis=-1)[..., 0]


def scores_until(log_p, lengths):
    """The sums of the first `lengths` of log-probabilities `(batch, time)`."""
    return np.array([row[:n].sum() for row, n in zip(log_p, lengths, strict=True)])
