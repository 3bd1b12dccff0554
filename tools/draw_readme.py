"""Draws the pictures of the README and the guides into docs/: run it after a change of how pictures look."""

from pathlib import Path

import keras
from keras.layers import Dense, Embedding

import viz
from rshop import LSTMCell, RecurrentModel, RecurrentSequential

DOCS = Path(__file__).parent.parent / "docs"


def pictures() -> dict:
    """The figures by file name."""
    rnn = RecurrentSequential(readout="add", teacher_force=True, return_sequences=True)
    rnn.add(LSTMCell(5, input_dim=5, name="lower"))
    rnn.add(LSTMCell(5, name="upper"))
    rnn.build((None, None, 5))
    lstm = LSTMCell(10, input_dim=5).get_layer()
    return {
        "stack_with_teacher_forcing.svg": viz.draw_unrolled(rnn, steps=3),
        "lstm.svg": viz.draw_step(lstm),
        "schedule.svg": viz.draw_step(language_model(), schedule=True),
    }


def language_model() -> RecurrentModel:
    """A step with something to do before the loop, in it and after it."""
    word, h_tm1 = keras.Input((), dtype="int32", name="word"), keras.Input((64,), name="h_tm1")
    seen = Dense(64, "relu", name="hidden")(Embedding(2000, 64)(word))
    h_t = keras.ops.tanh(Dense(64, name="of_input")(seen) + Dense(64, name="of_state")(h_tm1))
    return RecurrentModel(word, Dense(2000, name="logits")(h_t), initial_states=h_tm1, final_states=h_t)


if __name__ == "__main__":
    DOCS.mkdir(exist_ok=True)
    for name, figure in pictures().items():
        figure.save(DOCS / name)
