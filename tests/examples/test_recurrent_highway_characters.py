"""A recurrent highway network reads characters (Zilly et al., 2017), with its carry gates and without."""

import keras
import numpy as np
import pytest
from keras import Input, layers

from rshop import RecurrentModel

LETTERS, FILLERS = "abcdefgh", "uvwxyz"
ALPHABET = LETTERS + FILLERS + "?"


def lines(count, rng):
    """Lines like `cwuyzxuuywxzv?c`: a letter, twelve fillers at random, a question mark, the letter again."""
    first = rng.choice(list(LETTERS), count)
    between = rng.choice(list(FILLERS), (count, 12))
    return ["".join([letter, *row, "?", letter]) for letter, row in zip(first, between, strict=True)]


def deep_transition(units, depth, carries):
    """A layer whose timestep has `depth` layers from state to state; it foresees the next character.

    With carry gates s_l = t * tanh(R s_{l-1} + b) + (1 - t) * s_{l-1}, t = sigmoid(T s_{l-1} + c), and
    without s_l = tanh(R s_{l-1} + b); the first layer reads the character too.
    """
    x, before = Input((len(ALPHABET),)), Input((units,))
    s = before
    for level in range(depth):
        seen = s if level else layers.Concatenate()([x, s])
        after = layers.Dense(units, activation="tanh")(seen)
        if carries:
            carry_first = keras.initializers.Constant(-5.0)
            t = layers.Dense(units, activation="sigmoid", bias_initializer=carry_first)(seen)
            after = t * after + (1 - t) * s
        s = after
    return RecurrentModel(x, layers.Dense(len(ALPHABET))(s), before, s, return_sequences=True)


def letters_right(carries, seed=0):
    """The share of unseen lines whose last letter it foresees; it learns to foresee every character."""
    keras.utils.set_random_seed(seed)
    text = lines(2000, np.random.default_rng(seed))
    places = np.array([[ALPHABET.index(character) for character in line] for line in text])
    x, y = np.eye(len(ALPHABET), dtype="float32")[places[:, :-1]], places[:, 1:]
    read = Input(x.shape[1:])
    model = keras.Model(read, deep_transition(32, 3, carries)(read))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.03), loss)
    model.fit(x[:1500], y[:1500], batch_size=64, epochs=20, verbose=0)
    last = model.predict(x[1500:], batch_size=500, verbose=0)[:, -1]
    return float(np.mean(last.argmax(-1) == y[1500:, -1]))


@pytest.mark.slow
def test_carry_gates_bring_a_letter_through_forty_layers():
    """Fourteen timesteps of three layers; one letter in eight is right by chance."""
    assert letters_right(carries=True) > 0.95


def test_without_carry_gates_the_letter_is_lost():
    assert letters_right(carries=False) < 0.3
