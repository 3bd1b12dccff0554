"""The recurrent layers of a `Forecaster`: one that reads the past, and one that reads its own forecasts."""

import keras

from rshop.layers.model import RecurrentModel
from rshop.layers.stack_graph import chain, stack_state_names
from rshop.seq2seq.parts import cell_from
from rshop.step.describe.describe_step import describe_step


def make_closed(prototype: dict, *, depth: int, features: int, known: int, teacher_force) -> tuple:
    """The reader and the decoder of a closed loop: one graph, `(value, known inputs) -> next value`.

    The reader has the values as inputs and returns `[outputs, *states]`. The decoder has its last output
    instead, and as inputs the known ones; without any it is called with one number that nothing reads.

    Args:
        prototype: the config of a cell.
        depth: the number of cells.
        features, known: the numbers of values and of known inputs of a timestep.
        teacher_force: as in `RecurrentModel`.
    """
    value, beside, made, names = _cells(prototype, depth, features, known)
    y = keras.layers.Dense(features, name="output")(made.y)
    parts = {"states": made.states, "next_states": made.next_states, "state_names": names}
    reads = describe_step([value, beside] if known else value, y, **parts)
    reader = RecurrentModel(reads, None, return_sequences=True, return_states=True, name="reader")
    ahead = beside if known else keras.Input((1,), name="nothing")
    feeds = describe_step(ahead, y, readouts=value, unused_inputs=not known, **parts)
    how = {"return_sequences": True} if known else {"decode": True, "output_length": 1}
    return reader, RecurrentModel(feeds, None, name="decoder", teacher_force=teacher_force, **how)


def make_direct(prototype: dict, *, depth: int, features: int, known: int) -> RecurrentModel:
    """The reader of a direct forecast: `(value, known inputs)` of each timestep, and the last output."""
    value, beside, made, names = _cells(prototype, depth, features, known)
    parts = {"states": made.states, "next_states": made.next_states, "state_names": names}
    step = describe_step([value, beside] if known else value, made.y, **parts)
    return RecurrentModel(step, None, name="reader")


def _cells(prototype, depth, features, known):
    value = seen = keras.Input((features,), name="value")
    beside = keras.Input((known,), name="known") if known else None
    if known:
        seen = keras.layers.Concatenate(name="seen")([value, beside])
    cells = [cell_from(prototype, f"cell_{i}") for i in range(depth)]
    taken = {"value", "known", "nothing", "seen", "output", *(cell.name for cell in cells)}
    made = chain(cells, seen, taken)
    return value, beside, made, stack_state_names(cells, state_sync=False)
