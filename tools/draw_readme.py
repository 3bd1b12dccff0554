"""Draws the pictures of the README into docs/: run it after a change of how pictures look."""

from pathlib import Path

import viz
from rshop import LSTMCell, RecurrentSequential

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
    }


if __name__ == "__main__":
    DOCS.mkdir(exist_ok=True)
    for name, figure in pictures().items():
        figure.save(DOCS / name)
