"""What the timesteps of a walk emitted, put together as a `Trace`."""

import numpy as np
from keras import ops

from rshop.structure import flat, tree
from rshop.tracing.trace import Trace
from rshop.tracing.walk import Walk


class Recording:
    """The timesteps of a walk that records, one after the other.

    Example:
        >>> record = Recording(walk)
        >>> memory = record.step(walk.first, 0, walk.inputs(0))
    """

    def __init__(self, walk: Walk):
        self.walk = walk
        self.rows: list[dict] = []

    def step(self, memory: dict, t: int, inputs: list, *, forced: bool = True) -> dict:
        """Run timestep `t` and keep what happened; the memory after it."""
        after, emitted = self.walk(memory, t, inputs, forced=forced)
        step = self.walk.step
        counts = [len(flat(step.outputs)), len(step.states), len(flat(step.readouts))]
        ends = np.cumsum(counts)
        outputs, states, readouts, values = (list(part) for part in _cut(emitted, ends))
        self.rows.append(
            {
                "before": memory["states"],
                "states": states,
                "inputs": inputs,
                "outputs": outputs,
                "readouts": readouts,
                "values": values,
            }
        )
        return after

    def readouts(self, place: int) -> list:
        """What the timestep at this place read as readout."""
        return self.rows[place]["readouts"]

    def outputs(self) -> list:
        """The outputs of the last timestep, flat."""
        return self.rows[-1]["outputs"]


def join(walk: Walk, past: Recording, future: Recording) -> Trace:
    """The trace of a past and a future, which may start from other states than the past ended with.

    Args:
        walk: what both were recorded of.
        past, future: at least one timestep together.
    """
    rows = [*past.rows, *future.rows]
    befores = [row["before"] for row in rows] + [rows[-1]["states"]]
    step = walk.step
    outputs = _over_time([row["outputs"] for row in rows])
    readouts = _over_time([row["readouts"] for row in rows])
    inputs = [np.asarray(i) for i in walk.given.inputs]
    if not walk.rnn.decode:
        inputs = _over_time([row["inputs"] for row in rows])
    names = [name for name, _ in step.graph.named()]
    return Trace(
        dict(zip(names, _over_time([row["values"] for row in rows]), strict=True)),
        inputs=tree.pack_sequence_as(step.inputs, inputs),
        outputs=tree.pack_sequence_as(step.outputs, outputs),
        states=dict(zip(step.state_names, _over_time(befores), strict=True)),
        readout=tree.pack_sequence_as(step.readouts, readouts) if readouts else None,
        mask=walk.mask,
    )


def _cut(values, ends):
    starts = [0, *ends]
    return [values[a:b] for a, b in zip(starts, [*ends, len(values)], strict=True)]


def _over_time(rows):
    arrays = [[ops.convert_to_numpy(value) for value in row] for row in rows]
    return [np.stack(column, axis=1) for column in zip(*arrays, strict=True)]
