"""The bar of a whole training, with a clock that is set by hand."""

import io

import keras
import numpy as np
import pytest

from rshop.training import ProgressBar
from rshop.training.progress_bar import in_words


def lines(*, rewrite, epochs=4, initial=0, seconds=3.0):
    """What is written while 2 batches an epoch take some seconds each."""
    now = [0.0]

    class Tick(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            now[0] += seconds

    stream = io.StringIO()
    bar = ProgressBar(10, rewrite=rewrite, stream=stream, clock=lambda: now[0])
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.ones((4, 1), "float32")
    options = {"batch_size": 2, "epochs": epochs, "initial_epoch": initial, "verbose": 0}
    history = model.fit(x, x, validation_data=(x, x), callbacks=[Tick(), bar], **options).history
    return stream.getvalue(), history


def test_a_line_is_rewritten_and_says_what_is_left():
    text, history = lines(rewrite=True)
    shown = [line.strip() for line in text.split("\r") if line.strip()]
    assert text.count("\n") == 1 and text.endswith("\n")
    assert shown[0].startswith("epoch 1/4 [#---------]  12 %, 21 s left, loss ")
    half = [line for line in shown if "epoch 2/4 [#####-----]  50 %" in line]
    assert half and all("12 s left" in line for line in half)
    assert shown[-1].startswith("epoch 4/4 [##########] 100 %, 24 s in all, loss ")
    assert f"val_loss {history['val_loss'][-1]:.4g}" in shown[-1]


def test_a_log_gets_a_line_at_each_tenth():
    text, _ = lines(rewrite=False, epochs=20)
    shares = [int(line.split("] ")[1].split("%")[0]) for line in text.splitlines()]
    assert shares == [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]


def test_a_training_that_is_resumed_counts_what_it_still_does():
    text, _ = lines(rewrite=False, epochs=4, initial=2)
    assert text.splitlines()[-1].startswith("epoch 4/4 [##########] 100 %, 12 s in all")
    assert text.splitlines()[0].startswith("epoch 3/4 [##--------]  25 %, 9 s left")


def test_times_in_words():
    assert [in_words(s) for s in (0.4, 59.4, 60, 3599, 3660)] == [
        "0 s",
        "59 s",
        "1 min 0 s",
        "59 min 59 s",
        "1 h 1 min",
    ]


@pytest.mark.parametrize(
    "given", [{"width": 0}, {"width": "x"}, {"rewrite": "no"}, {"stream": 3}, {"clock": 3}]
)
def test_bad_calls(given):
    with pytest.raises((TypeError, ValueError)) as error:
        ProgressBar(**given)
    assert all(word in str(error.value) for word in ("Received: ", "Expected: ", "Fix: "))
