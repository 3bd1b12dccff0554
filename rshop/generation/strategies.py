"""What is generated at a timestep, from the outputs: likeliest, drawn, or chosen by a function."""

import inspect

import keras
from keras import KerasTensor, ops

from rshop.generation.feeding import Feeding
from rshop.generation.options import Options
from rshop.generation.probabilities import drawn, likeliest, limited, log_probabilities
from rshop.step.masks import hold
from rshop.step.step import Step
from rshop.structure import flat, tree


class Tokens:
    """One token a sample and timestep: the likeliest, one that is drawn, or one that a function chooses.

    Example:
        >>> state = greedy.start(batch=2)
        >>> state, readouts, parents, emitted = greedy(state, outputs, readouts, now, numbers)

    Args:
        step: the checked step.
        options: checked for the vocabulary.
        feeding: how tokens are fed back.
        from_logits: whether the outputs are logits.
        masked: whether inputs are masked at some timesteps.
    """

    width = 1

    def __init__(self, step: Step, options: Options, feeding: Feeding, from_logits: bool, masked: bool):
        self.step, self.options, self.feeding, self.from_logits = step, options, feeding, from_logits
        self.penalised = options.repetition_penalty != 1
        self.is_limited = self.penalised or options.forbidden is not None or options.min_length > 0
        self.can_end = options.end_token is not None
        self.can_rest = self.can_end or masked
        self.own = None if options.own is None else Own(step, options.own)

    def emits(self, batch: int) -> list:
        """What comes out of each timestep, for its shape and dtype: the tokens `(batch,)`."""
        return [KerasTensor((batch,), "int32")]

    def start(self, batch: int) -> dict:
        """What is carried from timestep to timestep, before the first: a flat dict of tensors."""
        state = {"score": ops.zeros((batch,), "float64"), **self.start_seen(batch)}
        if self.can_rest:
            state |= {"ended": ops.zeros((batch,), "bool"), "length": ops.zeros((batch,), "int32")}
        return state

    def start_seen(self, samples: int) -> dict:
        """Which tokens were there already, none: booleans `(samples, vocabulary)`, where they are needed."""
        return {"seen": ops.zeros((samples, self.feeding.vocabulary), "bool")} if self.penalised else {}

    def see(self, state: dict, tokens, moving=None) -> dict:
        """The state after these tokens `(samples,)`, of the samples that are `moving` (None: all)."""
        if not self.penalised:
            return state
        now = ops.one_hot(tokens, self.feeding.vocabulary, dtype="bool")
        now = now if moving is None else ops.logical_and(now, moving[:, None])
        return {**state, "seen": ops.logical_or(state["seen"], now)}

    def see_prompt(self, state: dict, prompt, length) -> dict:
        """The state after the first `length` tokens of a prompt `(samples, time)`."""
        if not self.penalised:
            return state
        tokens = ops.one_hot(prompt, self.feeding.vocabulary, dtype="bool")
        read = ops.arange(ops.shape(prompt)[1], dtype="int32") < length
        there = ops.any(ops.logical_and(tokens, read[:, None]), axis=1)
        return {**state, "seen": ops.logical_or(state["seen"], there)}

    def all_ended(self, state: dict):
        """Whether every sequence has ended, a boolean tensor."""
        return ops.all(state["ended"]) if self.can_rest else ops.convert_to_tensor(False)

    def __call__(self, state: dict, outputs: list, readouts: list, now: dict, numbers: dict) -> tuple:
        """One timestep.

        Args:
            state: what `start` returned, or the last call.
            outputs: of the step, flat, `(batch, ...)`.
            readouts: what the step would read next if nothing were chosen.
            now: `t`, `mask`, and what is `drawn` for this timestep.
            numbers: the options that are tensors.

        Returns:
            The next state, the next readouts, the beams to go on with (None: all), what is emitted.
        """
        log_p = log_probabilities(outputs[self.feeding.output], self.from_logits)
        chosen, gained = self._choose(log_p, state, outputs, now, numbers)
        if not self.can_rest:
            after = {**self.see(state, chosen), "score": state["score"] + gained}
            return after, self.feeding.put(readouts, chosen), None, [chosen]
        resting = resting_samples(state["ended"], now)
        moving = ops.logical_not(resting)
        after = {
            **self.see(state, chosen, moving),
            "score": state["score"] + ops.where(resting, ops.zeros_like(gained), gained),
            "length": state["length"] + ops.cast(moving, "int32"),
        }
        tokens = ops.where(resting, numbers["pad"], chosen)
        if self.options.end_token is not None:
            ends = ops.logical_and(moving, chosen == numbers["end"])
            after["ended"] = ops.logical_or(state["ended"], ends)
        return after, self.feeding.put(readouts, tokens), None, [tokens]

    def shaped(self, log_p, state: dict, now: dict, numbers: dict):
        """The log-probabilities to choose by: without forbidden tokens, with repeated ones less likely."""
        forbidden = numbers.get("forbidden")
        if self.options.min_length:
            held_back = ops.logical_and(numbers["is_end"], now["t"] < numbers["min_length"])
            forbidden = held_back if forbidden is None else ops.logical_or(forbidden, held_back)
        return limited(log_p, forbidden=forbidden, penalty=numbers.get("penalty"), seen=state.get("seen"))

    def _choose(self, log_p, state, outputs, now, numbers):
        """The tokens `(batch,)`, and what they add to the scores: log-probabilities of the model as it is."""
        if self.own is not None:
            chosen = ops.cast(self.own(outputs, now["drawn"][0]), "int32")
            return chosen, self._of_tokens(log_p, chosen)
        shaped = self.shaped(log_p, state, now, numbers)
        if self.options.strategy == "greedy":
            best, chosen = self._likeliest(shaped)
            return chosen, best if shaped is log_p else self._of_tokens(log_p, chosen)
        shaped = likeliest(
            shaped / numbers["temperature"], top_k=self.options.top_k, top_p=numbers.get("top_p")
        )
        chosen = drawn(shaped, now["drawn"][0])
        return chosen, self._of_tokens(log_p, chosen)

    def _likeliest(self, shaped):
        if self.options.jit_compile:  # XLA sorts for top_k
            return ops.max(shaped, axis=-1), ops.cast(ops.argmax(shaped, axis=-1), "int32")
        # One operation finds both; of equal ones it takes the first, as argmax does.
        best, chosen = ops.top_k(shaped, 1)
        return ops.squeeze(best, -1), ops.cast(ops.squeeze(chosen, -1), "int32")

    def _of_tokens(self, log_p, tokens):
        places = ops.arange(ops.shape(tokens)[0], dtype="int32") * self.feeding.vocabulary + tokens
        return ops.take(ops.reshape(log_p, (-1,)), places)


class Values:
    """What the step reads next, for a readout of numbers: its own output, or what a function makes of it.

    Example:
        >>> state, readouts, parents, emitted = Values(step, options)({}, outputs, readouts, now, {})

    Args:
        step: the checked step.
        options: the checked options.
    """

    width, can_end = 1, False

    def __init__(self, step: Step, options: Options):
        self.step, self.options = step, options
        self.own = None if options.own is None else Own(step, options.own)

    def emits(self, batch: int) -> list:
        """What comes out of each timestep, for its shape and dtype: a value for each readout."""
        return [KerasTensor((batch, *t.shape[1:]), t.dtype) for t in flat(self.step.readouts)]

    def start(self, batch: int) -> dict:
        """What is carried: nothing."""
        return {}

    def see(self, state: dict, tokens, moving=None) -> dict:
        """The state after given values."""
        return state

    def all_ended(self, state: dict):
        """Values do not end."""
        return ops.convert_to_tensor(False)

    def __call__(self, state: dict, outputs: list, readouts: list, now: dict, numbers: dict) -> tuple:
        """One timestep; see `Tokens`."""
        if self.own is not None:
            values = flat(self.own(outputs, now["drawn"][0]))
            likes = flat(self.step.readouts)
            readouts = [ops.cast(v, like.dtype) for v, like in zip(values, likes, strict=True)]
        return state, readouts, None, readouts


class Own:
    """A function of the caller's, called with the outputs and, where it takes one, with a `seed`.

    Args:
        step: the checked step.
        function: `function(output)` or `function(output, seed)`.
    """

    def __init__(self, step: Step, function):
        self.step, self.function = step, function
        self.takes_seed = takes_seed(function)
        self.generator = keras.random.SeedGenerator(0)

    def __call__(self, outputs: list, seed):
        """What the function makes of the outputs, in the structure of the step's output."""
        output = tree.pack_sequence_as(self.step.outputs, outputs)
        if not self.takes_seed:
            return self.function(output)
        # The numbers that are drawn depend on the timestep alone, so a stream draws the same.
        with keras.StatelessScope(state_mapping=[(self.generator.state, seed)]):
            return self.function(output, seed=self.generator)


def takes_seed(function) -> bool:
    """Whether a function has a parameter `seed`."""
    try:
        return "seed" in inspect.signature(function).parameters
    except (TypeError, ValueError):  # some built-in functions have no signature
        return False


def resting_samples(ended, now: dict):
    """The samples that generate nothing at this timestep: they have ended, or their input is masked."""
    if not now["mask"]:
        return ended
    masked = ops.logical_not(now["mask"][0])
    return ops.logical_or(ended, masked if len(ended.shape) == 1 else masked[:, None])


def held(now: dict, after: list, before: list) -> list:
    """The readouts that masked samples keep."""
    return hold(now["mask"][0], after, before) if now["mask"] else after
