"""A sequence is said from its end by the decoders of seq2seq, with attention and without."""

import keras
import numpy as np
import pytest
from keras import Input, layers

from rshop import LSTMCell
from rshop.fast import switched
from tests.examples.test_seq2seq_cells import attention_decoder, lstm_decoder

TIME, SYMBOLS, HIDDEN = 10, 8, 32


def symbols_right(energies, seed=0):
    """The share of right symbols of unseen sequences, said from their end; what it said is fed back."""
    keras.utils.set_random_seed(seed)
    said = np.random.default_rng(seed).integers(0, SYMBOLS, (2500, TIME))
    x = np.eye(SYMBOLS, dtype="float32")[said]
    y = x[:, ::-1]
    heard, truth = Input((TIME, SYMBOLS)), Input((TIME, SYMBOLS))
    memory, h, c = LSTMCell(HIDDEN).get_layer(return_sequences=True, return_states=True)(heard)
    options = {"activation": "softmax", "output_length": TIME, "teacher_force": True}
    if energies:
        code = memory
        decoder = attention_decoder(HIDDEN, (TIME, HIDDEN), SYMBOLS, energies=energies, **options)
    else:
        decoder, code = lstm_decoder(HIDDEN, SYMBOLS, peek=True, **options), layers.Dense(SYMBOLS)(h)
    model = keras.Model([heard, truth], decoder(code, initial_state=[h, c], ground_truth=truth))
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy")
    model.fit([x[:2000], y[:2000]], y[:2000], batch_size=64, epochs=16, verbose=0)
    alone = model.predict([x[2000:], 0 * y[2000:]], batch_size=500, verbose=0)
    return float(np.mean(alone.argmax(-1) == said[2000:, ::-1]))


def test_a_decoder_that_attends_says_a_sequence_from_its_end():
    with switched(xla=False):  # the compiler would take longer than the training
        assert symbols_right("tanh") > 0.85


@pytest.mark.parametrize("energies", [None, "linear"], ids=["no attention", "attention that stands still"])
def test_a_decoder_that_cannot_look_about_has_to_remember_the_sequence(energies):
    """Linear energies weigh the places alike at every timestep: the state adds the same to each of them."""
    with switched(xla=False):
        assert symbols_right(energies) < 0.8
