"""The five models that a teacher would open in the inspector, each `(rnn, x, options)`; random weights."""

import keras
import numpy as np
from keras import layers

from rshop import LSTMCell, RecurrentModel, RecurrentSequential
from rshop.attention import AdditiveAttention
from rshop.cells import AttentionCell

WORDS = ["the", "old", "cat", "sat", "on", "a", "mat"]
FRENCH = ["<eos>", "le", "vieux", "chat", "est", "assis", "sur", "un", "tapis"]
TEXT = [
    "once",
    "upon",
    "a",
    "time",
    "there",
    "was",
    "an",
    "extraordinarily",
    "long-winded",
    "<b>cat</b>",
    "who",
    "sat",
    "there",
]


def _normal(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def stack():
    """Two LSTMs of 32 units, one on the other."""
    rnn = RecurrentSequential(return_sequences=True, name="stack")
    rnn.add(LSTMCell(32, input_dim=6))
    rnn.add(LSTMCell(32))
    return rnn, _normal(2, 40, 6), {}


def attention():
    """A decoder that attends over seven words and reads its own last output."""
    memory, h = keras.Input((7, 8), name="memory"), keras.Input((12,), name="h_tm1")
    y = keras.Input((9,), name="y_tm1")
    query = keras.ops.expand_dims(layers.Dense(8, use_bias=False, name="query")(h), 1)
    weights = layers.Activation("softmax", name="attention")(keras.ops.sum(query * memory, -1))
    context = layers.Dot(axes=1, name="context")([weights, memory])
    of_state, of_readout = (layers.Dense(12, name=f"from_{name}") for name in ("state", "readout"))
    seen = layers.Dense(12, name="from_context")(context) + of_state(h)
    n = keras.ops.tanh(seen + of_readout(y))
    word = layers.Dense(9, "softmax", name="word")(n)
    decode = {"decode": True, "output_length": 9, "return_sequences": True, "readout_input": y}
    rnn = RecurrentModel(memory, word, h, n, name="decoder", **decode)
    return rnn, _normal(2, 7, 8), {"labels": {"memory": WORDS}, "output_labels": FRENCH}


def nested():
    """A recurrent layer within each timestep of another."""
    inner = LSTMCell(6, input_dim=5, name="inner").get_layer()
    x, h = keras.Input((4, 5), name="x"), keras.Input((6,), name="h_tm1")
    seen = inner(x)
    gate = layers.Dense(6, "sigmoid", name="gate")(keras.ops.concatenate([seen, h], -1))
    n = gate * h + (1 - gate) * seen
    return RecurrentModel(x, n, h, n, return_sequences=True, name="nested"), _normal(1, 10, 4, 5), {}


def images():
    """A convolutional layer on images of 8 x 8, that tells three classes."""
    x, h = keras.Input((8, 8, 1), name="x"), keras.Input((8, 8, 2), name="h_tm1")
    of_image, of_state = (
        layers.Conv2D(2, 3, padding="same", name=f"from_{name}") for name in ("image", "state")
    )
    n = keras.ops.tanh(of_image(x) + of_state(h))
    y = layers.Dense(3, "softmax", name="class")(layers.Flatten()(n))
    frames = np.zeros((1, 14, 8, 8, 1), "float32")
    for t in range(14):
        frames[0, t, t // 2 : t // 2 + 2, t % 7 : t % 7 + 2] = 1
    rnn = RecurrentModel(x, y, h, n, return_sequences=True, name="images")
    return rnn, frames, {"output_labels": ["left", "right", "still"]}


def words():
    """A model of words, with a label for each."""
    vocabulary = sorted(set(TEXT))
    tokens = np.array([[vocabulary.index(word) for word in TEXT]])
    word, h = keras.Input((), dtype="int32", name="word"), keras.Input((24,), name="h_tm1")
    seen = layers.Embedding(len(vocabulary), 8, name="embedding")(word)
    n = keras.ops.tanh(layers.Dense(24, name="of_word")(seen) + layers.Dense(24, name="of_state")(h))
    y = layers.Dense(len(vocabulary), "softmax", name="next_word")(n)
    rnn = RecurrentModel(word, y, h, n, return_sequences=True, name="word_model")
    return rnn, tokens, {"labels": TEXT, "output_labels": vocabulary}


def attending_cell():
    """A cell that attends over seven words at each timestep; built, so that it has equations."""
    cell = AttentionCell(LSTMCell(16), AdditiveAttention(12))
    rnn, memory = cell.get_layer(return_sequences=True, name="reader"), _normal(2, 7, 8)
    x = _normal(2, 6, 5)
    rnn(x, constants=memory)
    return rnn, x, {"constants": [memory], "labels": {"memory": WORDS}}


MODELS = {"stack": stack, "attention": attention, "nested": nested, "images": images, "words": words}
