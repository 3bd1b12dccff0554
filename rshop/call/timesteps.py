"""A call of a layer, taken apart into its timesteps."""

from dataclasses import dataclass, replace
from functools import partial

from keras import ops

from rshop.call.arguments import Arguments
from rshop.call.first_memory import first_memory, own_states
from rshop.call.shape_checks import checked_while_running
from rshop.errors import message
from rshop.fast.plan.known_operations import is_known
from rshop.step import teacher_forcing
from rshop.step.masks import blank
from rshop.step.step import Step
from rshop.step.timestep import Timestep
from rshop.structure import flat


@dataclass(frozen=True, eq=False)
class Timesteps:
    """The timesteps of one call: the memory before the first, what each reads, and how one runs.

    Example:
        A loop in Python. The loop of a layer runs the same `timestep` over the same `sequences`.

            >>> timesteps = Timesteps.of(rnn, arguments)
            >>> memory = timesteps.first
            >>> for t in range(timesteps.steps):
            ...     memory, outputs = timesteps(memory, t, timesteps.inputs(t))

    Attributes:
        layer: the built `RecurrentLayer`.
        given: the checked arguments of the call.
        first: the memory before timestep 0, a dict of flat lists (see `Timestep`).
        sequences: `inputs`, `truths`, `coins` and `mask`, flat lists of tensors `(batch, time, ...)` in the
            order of processing; a decoder has no `inputs` here.
        timestep: the body of the loop.
        steps, batch: the numbers of timesteps and of samples, ints or scalar tensors.
        copied: how often each sample is repeated (see `copies`).
    """

    layer: object
    given: Arguments
    first: dict
    sequences: dict
    timestep: Timestep
    steps: object
    batch: object
    copied: int = 1

    @classmethod
    def of(
        cls, layer, given: Arguments, *, training: bool | None = False, forced=False, every_output=True
    ) -> "Timesteps":
        """The timesteps of a call.

        Args:
            layer: a built `RecurrentLayer`.
            given: its checked `Arguments`.
            training: handed to the step's layers.
            forced: feed the ground truth as readout; in training as often as `teacher_force` says.
            every_output: emit the outputs of each timestep, not just hold the last ones.

        Raises:
            ValueError: no ground truth to feed.
        """
        step = layer.description
        batch = ops.shape(given.inputs[0])[0] if given.batch is None else given.batch
        steps = ops.shape(given.inputs[0])[1] if given.length is None else given.length
        hold = given.mask is not None or not every_output
        own = own_states(layer, given, batch=batch, training=training)
        first = first_memory(layer, given, own, batch=batch, forced=forced, hold_outputs=hold)
        first, given = checked_while_running(layer, given, first, length=steps, batch=batch)
        # Truths and coins are in the order of the outputs: the input alone is read from its end.
        ordered = _from_the_end if layer.go_backwards else list
        sequences = {
            "inputs": ordered([] if layer.decode else given.inputs),
            "truths": _truths(step, given) if forced else [],
            "coins": _coins(layer, batch, steps) if forced and training else [],
            "mask": ordered([] if given.mask is None else [given.mask]),
        }
        timestep = Timestep(
            step,
            given.constants,
            training=training,
            masks=given.step_masks,
            zero_masked=layer.zero_output_for_mask,
            emit_outputs=every_output,
            of_sequence=_of_sequence(step, given, {**first, "states": own}, sequences, training),
        )
        return cls(layer, given, first, sequences, timestep, steps, batch)

    def __call__(self, memory: dict, t: int, inputs: list, *, forced=True, run=None) -> tuple[dict, list]:
        """The memory after timestep `t`, and the flat list of its outputs `(batch, ...)`.

        Args:
            memory: the memory before it.
            t: the timestep, which says what mask and truth there are.
            inputs: what it reads as inputs, such as `self.inputs(t)`.
            forced: whether it reads and hands on a truth, where there are any.
            run: what runs in place of the step (see `Timestep`).
        """
        mask = self._at("mask", t)
        now = {
            # A NaN at a masked timestep must reach neither the results nor the gradients.
            "inputs": blank(mask[0], inputs) if mask else inputs,
            "truths": self._at("truths", t) if forced else [],
            "coins": self._at("coins", t),
            "mask": mask,
        }
        return self.timestep(memory if forced else {**memory, "truths": []}, now, run)

    def inputs(self, t: int) -> list:
        """The inputs of timestep `t`, a flat list of tensors `(batch, ...)` of the step's dtypes."""
        values = self._spread(self.given.inputs) if self.layer.decode else self._at("inputs", t)
        likes = flat(self.step.inputs)
        return [ops.cast(value, like.dtype) for value, like in zip(values, likes, strict=True)]

    def copies(self, count: int) -> "Timesteps":
        """The same timesteps with each sample `count` times: the whole batch, then the whole batch again."""
        many, own = replace(self, copied=count, batch=self.batch * count), self.timestep
        masks = own.masks and [m if m is None else many._spread([m])[0] for m in own.masks]
        values = {name: many._spread(value) for name, value in own.of_sequence.values.items()}
        fixed = replace(own.of_sequence, values=values)
        timestep = replace(own, constants=many._spread(own.constants), masks=masks, of_sequence=fixed)
        first = {part: many._spread(values) for part, values in self.first.items()}
        many = replace(many, timestep=timestep, first=first)
        return many.knowing_constants() if own.of_sequence.of_constants else many

    def knowing_constants(self) -> "Timesteps":
        """The same timesteps, in which what reads constants alone is computed once and for all."""
        return replace(self, timestep=knowing_constants(self.timestep))

    @property
    def step(self) -> Step:
        """The checked step of the layer."""
        return self.layer.description

    @property
    def states(self) -> list[str]:
        """The names of the states."""
        return list(self.step.state_names)

    @property
    def readouts(self) -> list[str]:
        """The names of the readouts."""
        return self.step.readout_names

    def _at(self, part, t):
        return self._spread([sequence[:, t] for sequence in self.sequences[part]])

    def _spread(self, tensors):
        if self.copied == 1:
            return list(tensors)
        return [ops.concatenate([ops.convert_to_tensor(a)] * self.copied, axis=0) for a in tensors]


def knowing_constants(timestep: Timestep) -> Timestep:
    """The same timestep, with what reads its constants alone computed beforehand.

    Example:
        >>> knowing_constants(timestep).of_sequence.of_constants  # of a step with attention
        {'attention/keys': [<tensor (2, 5, 8)>]}
    """
    if not timestep.constants or timestep.masks is not None:
        return timestep
    accepts = partial(is_known, training=timestep.training)
    found = timestep.step.of_constants(timestep.constants, accepts, timestep.training)
    return replace(timestep, of_sequence=replace(timestep.of_sequence, of_constants=found))


def _truths(step, given):
    if not given.truths:
        raise ValueError(
            message(
                "In training, teacher forcing feeds the truth of the previous timestep, and none was given.",
                received="ground_truth=None with training=True",
                expected="ground_truth of shape (batch, time, ...)",
                fix="call the layer as rnn(x, ground_truth=y), or make it with teacher_force=False",
            )
        )
    readouts = flat(step.readouts)
    return [ops.cast(t, like.dtype) for t, like in zip(given.truths, readouts, strict=True)]


def _coins(layer, batch, length):
    calls = layer.training_calls
    coins = teacher_forcing.draw(layer.teacher_force, calls, batch, length, seed=layer.draws)
    if calls is not None:
        calls.assign_add(1)
    return [] if coins is None else [coins]


def _of_sequence(step, given, memory, sequences, training):
    inputs = [x[:, 0] for x in sequences["inputs"]] or given.inputs  # a decoder has no sequence
    if sequences["mask"]:
        inputs = blank(sequences["mask"][0][:, 0], inputs)
    parts = inputs, given.constants, memory["states"], memory["readouts"]
    return step.of_sequence(*parts, training=training)


def _from_the_end(values):
    return [ops.flip(value, axis=1) for value in values]
