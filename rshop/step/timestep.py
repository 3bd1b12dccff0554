"""The body of the loop: the step, with what it reads from the last timestep and hands to the next."""

from dataclasses import dataclass, field

from keras import ops

from rshop.step.losses import with_loss
from rshop.step.masks import blank, hold
from rshop.step.of_sequence import OfSequence
from rshop.step.readout import feed_back
from rshop.step.step import Step
from rshop.step.teacher_forcing import feed
from rshop.structure import flat


@dataclass
class Timestep:
    """The body of the loop: `memory, emitted = timestep(memory, now)`.

    The memory is a dict of flat lists: `states`, `readouts` (the model's own last outputs),
    `truths` (the previous ground truth, while it is fed), `held` (the last valid output, where it is
    needed) and, where layers add losses, `losses` (their sum so far). `now` is a dict of flat lists for this
    timestep: `inputs`, `truths`, `coins`, `mask`.

    Attributes:
        step: the checked step.
        constants: tensors that every timestep reads whole.
        training: handed to the step's layers.
        masks: a Keras mask (or None) for each tensor that the step reads, or None.
        zero_masked: emit 0 at masked timesteps in place of the last output.
        emit_outputs: emit the outputs.
        of_sequence: what the step has computed once for the call.
        wiring: which output feeds which readout; that of the step, where a program does not say otherwise.
    """

    step: Step
    constants: list = field(default_factory=list)
    training: bool | None = False
    masks: list | None = None
    zero_masked: bool = False
    emit_outputs: bool = True
    of_sequence: OfSequence = field(default_factory=OfSequence)
    wiring: list | None = None

    def __post_init__(self):
        if self.wiring is None:
            self.wiring = self.step.wiring
        self.readout_types = [t.dtype for t in flat(self.step.readouts)][: len(self.wiring)]

    def __call__(self, memory: dict, now: dict, run=None) -> tuple[dict, list]:
        """The memory after this timestep, and the flat list of what it emits.

        Args:
            memory, now: as above.
            run: `run(inputs, states, readouts) -> outputs, next_states` in place of the step: a program of
                `fast`, or a recorder.
        """
        readouts = feed(now["coins"], memory["truths"], memory["readouts"])
        given = now["inputs"], memory["states"], readouts
        run = run or self._run
        if "losses" in memory:
            (outputs, states), loss = with_loss(self.step, lambda: run(*given))
        else:
            outputs, states = run(*given)
        after = {
            "states": _like(states, memory["states"]),
            "readouts": feed_back(self.wiring, outputs, self.readout_types),
            "truths": now["truths"],
            "held": outputs if memory["held"] else [],
        }
        emitted = outputs
        if now["mask"]:
            mask = now["mask"][0]
            after = {key: hold(mask, after[key], memory[key]) for key in after}
            emitted = blank(mask, outputs) if self.zero_masked else after["held"]
        if "losses" in memory:
            after["losses"] = [memory["losses"][0] + loss]
        return after, emitted if self.emit_outputs else []

    def _run(self, inputs, states, readouts):
        how = {"training": self.training, "masks": self.masks, "of_sequence": self.of_sequence}
        return self.step(inputs, self.constants, states, readouts, **how)


def _like(values, references):
    # Mixed precision computes in 16 bits, and the state has a dtype of its own.
    return [ops.cast(v, r.dtype) for v, r in zip(values, references, strict=True)]
