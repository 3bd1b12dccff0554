"""The recorder: runs timesteps one after the other and keeps every value of each."""

from dataclasses import dataclass

from keras import ops

from rshop.call.timesteps import Timesteps
from rshop.cells.wrappers.rewritten import has_ours
from rshop.structure import tree


@dataclass(frozen=True, eq=False)
class Record:
    """What one timestep read and computed, flat lists of tensors `(batch, ...)`.

    Attributes:
        before, after: the states before it and after it.
        inputs, readouts, outputs: what it read and returned.
        values: every inner value, in the order of `Graph.named`.
    """

    before: list
    after: list
    inputs: list
    readouts: list
    outputs: list
    values: list


class Recorder:
    """A run in Python that keeps a `Record` of each timestep.

    Example:
        >>> recorder = Recorder(timesteps)
        >>> memory = timesteps.first
        >>> for t in range(timesteps.steps):
        ...     memory = recorder.step(memory, t, timesteps.inputs(t))
        >>> Trace(**recorder.arrays())["forget_gate"].shape
        (2, 7, 4)

    Args:
        timesteps: those of the call.
        records: timesteps that have run already.
    """

    def __init__(self, timesteps: Timesteps, records: list[Record] = ()):
        self.timesteps = timesteps
        self.records = list(records)

    def step(self, memory: dict, t: int, inputs: list, *, forced: bool = True) -> dict:
        """Run timestep `t` and keep what happened; the memory after it."""
        own, seen = self.timesteps.timestep, {}

        def run(inputs, states, readouts):
            how = {"training": own.training, "masks": own.masks, "of_sequence": own.of_sequence}
            outputs, states, seen["values"] = own.step.record(inputs, own.constants, states, readouts, **how)
            seen["readouts"] = readouts
            return outputs, states

        after, outputs = self.timesteps(memory, t, inputs, forced=forced, run=run)
        record = Record(memory["states"], after["states"], inputs, outputs=outputs, **seen)
        self.records.append(record)
        return after

    def arrays(self) -> dict:
        """The arguments of a `Trace`."""
        step, given, records = self.timesteps.step, self.timesteps.given, self.records
        inputs = [ops.convert_to_numpy(x) for x in given.inputs]
        if not self.timesteps.layer.decode:
            inputs = self._over_time("inputs")
        states = _over_time([*(record.before for record in records), records[-1].after])
        readouts, mask = self._over_time("readouts"), self.timesteps.sequences["mask"]
        names = [name for name, _ in step.graph.named()]
        return {
            "values": dict(zip(names, self._over_time("values"), strict=True)),
            "inputs": tree.pack_sequence_as(step.inputs, inputs),
            "constants": tree.pack_sequence_as(
                step.constants, [ops.convert_to_numpy(c) for c in self.timesteps.timestep.constants]
            )
            if step.constants is not None
            else None,
            "outputs": tree.pack_sequence_as(step.outputs, self._over_time("outputs")),
            "states": dict(zip(step.state_names, states, strict=True)),
            "readout": tree.pack_sequence_as(step.readouts, readouts) if readouts else None,
            "mask": ops.convert_to_numpy(mask[0]) if mask else None,
            "cell_weights": self._cell_weights(),
        }

    def _cell_weights(self):
        # A cell that stands in two places is kept once.
        cells = {n: node.operation for n, node in self.timesteps.step.graph.every_node()}
        cells = {name: cell for name, cell in cells.items() if has_ours(cell)}
        kept = {id(cell): cell.get_weights() for cell in cells.values()}
        return {name: kept[id(cell)] for name, cell in cells.items()}

    def _over_time(self, part):
        return _over_time([getattr(record, part) for record in self.records])


def _over_time(rows):
    return [ops.convert_to_numpy(ops.stack(column, axis=1)) for column in zip(*rows, strict=True)]
