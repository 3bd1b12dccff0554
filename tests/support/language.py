"""Small language models, a text for them, and what tokens cost in NumPy."""

import keras
import numpy as np
from keras import layers

from rshop import GRUCell
from rshop.seq2seq import CharacterTokenizer, LanguageModel

TEXT = "the cat sat on the mat. a rat ran at the hat. " * 4
TOKENS = CharacterTokenizer("".join(set(TEXT))).encode(TEXT)
KINDS = {
    "tied": {},
    "tied without projection": {"embedding": 6},
    "untied": {"tied": False},
    "deep": {"cell": GRUCell, "depth": 2},
    "of Keras": {"cell": layers.LSTMCell, "tied": False},
}


def made(kind="tied", tokenizer=None, **options):
    """A model with every weight drawn."""
    given = {"embedding": 5, **KINDS[kind], **options}
    model = LanguageModel(6, tokenizer or CharacterTokenizer(TEXT), **given)
    rng = np.random.default_rng(3)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape) * 0.5)
    return model


def logits_of(model, tokens):
    """The logits after each token of one text, read at once from its beginning."""
    return keras.ops.convert_to_numpy(model(np.array(tokens)[None]))[0].astype("float64")


def surprise(logits, said):
    """`-log p(token)` of each token."""
    logs = logits - np.log(np.exp(logits - logits.max()).sum(axis=-1, keepdims=True)) - logits.max()
    return -logs[np.arange(len(said)), said]
