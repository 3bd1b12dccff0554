"""A compiled graph that generates: it reads a prompt, and stops when all sequences have ended."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

import keras
from keras import ops

from rshop.backend import Compiled, over_time, reader
from rshop.call.timesteps import knowing_constants
from rshop.generation.strategies import held
from rshop.step.of_sequence import OfSequence
from rshop.step.timestep import Timestep

#: How many programs, and answers about its outputs, are kept for one layer.
KEPT = 32
_kept: WeakKeyDictionary = WeakKeyDictionary()


def kept_for(layer, key, make):
    """What was made for a layer and this key, made where there is nothing yet.

    Example:
        >>> program = kept_for(rnn, ("greedy", None), lambda: Program(...))

    Args:
        layer: the last `KEPT` results are kept as long as it lives.
        key: what the result depends on, hashable.
        make: a function that makes it.
    """
    kept = _kept.setdefault(layer, OrderedDict())
    if key not in kept:
        kept[key] = make()
    kept.move_to_end(key)
    while len(kept) > KEPT:
        kept.popitem(last=False)
    return kept[key]


@dataclass(eq=False)
class Program:
    """What runs over time: the step, and what is generated from its outputs.

    Example:
        >>> program.generate(given)["emitted"][0].shape  # the tokens (time, batch)
        (20, 2)

    What is given is a dict: `memory` before the first timestep, `fixed` inputs of a decoder, `inputs` and
    `mask` `(batch, time, ...)`, `constants` and `masks` of the step, what it has computed once (`values` and
    `of_constants` by name, and `weights`, the tensors in place of `changed`), `prompt` `(batch, time, ...)`
    (or nothing) with its `prompt_length`, what is `drawn` `(time, ...)` (or nothing), a `seed` for the layers
    of the step, `numbers` (the options that are tensors) and `length`. A prompt and what is drawn may be
    longer than they are read.

    Attributes:
        timestep: the body of the loop, without anything that belongs to one call.
        changed: the weights in whose place a call gives other tensors.
        strategy: what is generated at a timestep.
        batch: the number of samples.
        feeding: how tokens are fed back, or None for values.
        room: the most timesteps, where XLA compiles, which has to know; else None, and any number may come.
            What is emitted has so many.
    """

    timestep: Timestep
    changed: list
    strategy: object
    batch: int
    feeding: object
    room: int | None = None

    def __post_init__(self):
        xla = self.room is not None
        self._generate = Compiled(self._whole, xla)
        self._read = Compiled(self._prompted, xla)
        self._step = Compiled(self._one, xla)

    def generate(self, given: dict) -> dict:
        """The prompt and all timesteps: what is emitted, `(time, batch, ...)`, and the last state."""
        return self._generate([(given,)])[0]

    def read(self, given: dict) -> tuple:
        """The prompt alone: what the first timestep after it begins with."""
        return self._read([(given,)])[0]

    def step(self, carry: tuple, now: dict, given: dict) -> tuple:
        """One timestep: what the next one begins with, what is emitted, whether all have ended."""
        return self._step([(carry, now, given)])[0]

    def _whole(self, given):
        carry = self._prompted(given)
        start, given = given["prompt_length"], self._for_beams(given)
        reads = {
            "t": lambda t: t,
            "inputs": [_from(start, x) for x in given["inputs"]],
            "mask": [_from(start, x) for x in given["mask"]],
            "drawn": [reader(x, axis=0) for x in given["drawn"]],
        }

        # Every value that is carried costs time: the timesteps are counted where they may be fewer.
        can_end = self.strategy.can_end

        def advance(carry, now):
            after, emitted = self._next(carry["now"], now, given)
            return {"now": after, **({"steps": now["t"] + 1} if can_end else {})}, emitted

        last, emitted = over_time(
            advance,
            {"now": carry, **({"steps": ops.zeros((), "int32")} if can_end else {})},
            reads,
            given["length"],
            emits=self.strategy.emits(self.batch),
            capacity=self.room or given["length"],
            until=(lambda carry: self.strategy.all_ended(carry["now"][1])) if can_end else None,
            differentiated=False,
        )
        steps = last["steps"] if can_end else given["length"]
        return {"state": {**last["now"][1], "steps": steps}, "emitted": emitted}

    def _prompted(self, given):
        memory, state = given["memory"], self.strategy.start(self.batch)
        if given["prompt"]:
            memory, state = self._with_prompt(memory, state, given)
        return self._beside(memory), state

    def _with_prompt(self, memory, state, given):
        # All beams of a sample have the same prompt, so it is read once for all of them.
        length = given["prompt_length"]
        reads = {part: [reader(x, axis=1) for x in given[part]] for part in ("inputs", "mask", "prompt")}
        reads["t"] = lambda t: t - length

        def read(memory, now):
            after, _ = self._run(memory, now, given)
            values = now["prompt"]
            fed = self.feeding.put(after["readouts"], values[0]) if self.feeding else values
            return {**after, "readouts": held(now, fed, memory["readouts"])}, []

        memory, _ = over_time(read, memory, reads, length, emits=[], capacity=length, differentiated=False)
        if self.feeding is None:
            return memory, state
        tokens = self._beside(given["prompt"][0])
        return memory, self.strategy.see_prompt(state, tokens, length)

    def _one(self, carry, now, given):
        after, emitted = self._next(carry, now, given)
        return after, emitted, self.strategy.all_ended(after[1])

    def _next(self, carry, now, given):
        memory, state = carry
        of_samples = {**now, "inputs": self._beside(now["inputs"]), "mask": self._beside(now["mask"])}
        after, outputs = self._run(memory, of_samples, given)
        state, readouts, beams, emitted = self.strategy(
            state, outputs, after["readouts"], now, given["numbers"]
        )
        before = memory["readouts"]
        if beams is not None:
            # The readouts are those of these beams already.
            after = {part: _taken(after[part], beams) for part in after if part != "readouts"}
            before = _taken(before, beams)
        return ({**after, "readouts": held(of_samples, readouts, before)}, state), emitted

    def _run(self, memory, now, given):
        timestep = self._timestep(given)
        read = {"inputs": given["fixed"] or now["inputs"], "mask": now["mask"], "truths": [], "coins": []}
        # Nothing that a layer of the step updates, or adds to the losses, leaves the loop; what it draws
        # depends on the seed of the call and on the timestep.
        seeds = [v for v in timestep.step.model.non_trainable_variables if v.name == "seed_generator_state"]
        states = [(v, _seed_state(v, given["seed"] + place, now["t"])) for place, v in enumerate(seeds)]
        with keras.StatelessScope(state_mapping=states, collect_losses=True):
            return timestep(memory, read)

    def _timestep(self, given) -> Timestep:
        weights = list(zip(self.changed, given["weights"], strict=True))
        of_sequence = OfSequence(given["values"], given["of_constants"], weights)
        own = {"constants": given["constants"], "masks": given["masks"], "of_sequence": of_sequence}
        return replace(self.timestep, **own)

    def _for_beams(self, given):
        if self.strategy.width == 1:
            return given
        parts = {part: self._beside(given[part]) for part in ("fixed", "constants", "values")}
        masks = given["masks"] and [m if m is None else self._beside(m) for m in given["masks"]]
        given = {**given, **parts, "masks": masks}
        # Computed anew for all beams: what reads constants alone need not have an axis of samples.
        return {**given, "of_constants": knowing_constants(self._timestep(given)).of_sequence.of_constants}

    def _beside(self, values):
        width = self.strategy.width
        if width == 1:
            return values
        return keras.tree.map_structure(lambda value: ops.repeat(value, width, axis=0), values)


def _seed_state(variable, seed, t):
    return ops.cast(ops.stack([seed, ops.cast(t, "int64")]), variable.dtype)


def _from(start, x):
    read = reader(x, axis=1)
    return lambda t: read(t + start)


def _taken(values, samples):
    return [ops.take(value, samples, axis=0) for value in values]
