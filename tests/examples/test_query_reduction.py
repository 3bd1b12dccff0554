"""A query reduction network follows stories (Seo et al., 2017), not with one layer or without its gates."""

import keras
import numpy as np
import pytest
from keras import Input, layers

from rshop import RecurrentModel

PEOPLE, PLACES = ["john", "mary", "daniel", "sandra"], ["kitchen", "garden", "office", "hall"]
THINGS = ["ball", "milk", "apple"]
WORDS = [*PEOPLE, *PLACES, *THINGS, "took", "the", "went", "to", "where", "is"]
SENTENCES = 8


def story(rng):
    """Sentences, a question such as `where is the ball`, and the place of the one who took it.

    Everybody walks about; two things are taken, and the one who took the ball walks afterwards.
    """
    asked, other = rng.choice(THINGS, 2, replace=False)
    holder, somebody = rng.choice(PEOPLE, 2, replace=False)
    takes, *spots = rng.choice(SENTENCES, 3, replace=False)
    taken, walks = sorted(spots)
    told, place = [], None
    for t in range(SENTENCES):
        who, where = holder if t == walks else rng.choice(PEOPLE), rng.choice(PLACES)
        if t in (taken, takes):
            told.append(f"{holder} took the {asked}" if t == taken else f"{somebody} took the {other}")
            continue
        told.append(f"{who} went to the {where}")
        if t > taken and who == holder:
            place = where
    return told, f"where is the {asked}", place


def bag(sentence):
    """1 for each word that the sentence has, `(words,)`."""
    said = sentence.split()
    return [float(word in said) for word in WORDS]


def stories(count, rng):
    """Bags of words `(count, sentences, words)`, of the questions `(count, words)`, and the answers."""
    told, asked, places = zip(*[story(rng) for _ in range(count)], strict=True)
    x = np.array([[bag(sentence) for sentence in sentences] for sentences in told], "float32")
    return x, np.array([bag(q) for q in asked], "float32"), np.array([PLACES.index(p) for p in places])


def reduction(units, gates):
    """A layer that reads a sentence and a query at each timestep; its output is what is still to be asked.

    z_t = sigmoid(w . (x_t * q_t) + b), h_t = z_t tanh(W [x_t; q_t] + v) + (1 - z_t) h_{t-1}
    """
    x, q, h = Input((units,)), Input((units,)), Input((units,))
    candidate = layers.Dense(units, activation="tanh")(layers.Concatenate()([x, q]))
    z = layers.Dense(1, activation="sigmoid")(x * q) if gates else 0.5
    after = z * candidate + (1 - z) * h
    return RecurrentModel([x, q], after, h, after, return_sequences=True)


def answers_right(depth=2, gates=True, seed=0):
    """The share of unseen stories whose question it answers."""
    keras.utils.set_random_seed(seed)
    x, q, places = stories(2500, np.random.default_rng(seed))
    told, asked, embedding = Input(x.shape[1:]), Input(q.shape[1:]), layers.Dense(32, use_bias=False)
    sentences, query = embedding(told), layers.RepeatVector(SENTENCES)(embedding(asked))
    for _ in range(depth):
        query = reduction(32, gates)([sentences, query])
    model = keras.Model([told, asked], layers.Dense(len(PLACES))(query[:, -1]))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss)
    model.fit([x[:2000], q[:2000]], places[:2000], batch_size=64, epochs=12, verbose=0)
    logits = model.predict([x[2000:], q[2000:]], batch_size=500, verbose=0)
    return float(np.mean(logits.argmax(-1) == places[2000:]))


def test_two_layers_follow_two_facts():
    """`where is the ball` becomes `where is john` in the first layer, and `kitchen` in the second."""
    assert answers_right() > 0.95


@pytest.mark.parametrize("without", [{"depth": 1}, {"gates": False}], ids=["one layer", "no gates"])
def test_one_layer_or_no_gates_lose_the_thread(without):
    """What is left is to name a place that was mentioned late: right in one of two stories."""
    assert answers_right(**without) < 0.75
