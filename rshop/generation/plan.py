"""From the arguments of `generate` to a program and what it is given: checked, before anything runs."""

import random
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import ops

from rshop.backend import has_xla
from rshop.generation import prompt as prompts
from rshop.generation.beam import Beams
from rshop.generation.feeding import Feeding
from rshop.generation.options import Options
from rshop.generation.outputs import read_outputs
from rshop.generation.program import Program, kept_for
from rshop.generation.request import Request, read
from rshop.generation.strategies import Tokens, Values
from rshop.step.of_sequence import OfSequence
from rshop.tracing.timesteps_of_call import timesteps_of


@dataclass(frozen=True, eq=False)
class Plan:
    """A program, and what it is given.

    Example:
        >>> plan = Plan.of(rnn, 20, options, x=None, warm_up=None, batch=1, ...)
        >>> plan.program.generate(plan.given)["state"]["score"]

    Attributes:
        request: the checked arguments.
        program: the compiled search.
        given: its arguments (see `Program`).
        options: for the vocabulary, where tokens are generated.
        feeding: how tokens are fed back, None for values.
        from_logits: whether the outputs are logits, None for values.
    """

    request: Request
    program: Program
    given: dict
    options: Options
    feeding: Feeding | None
    from_logits: bool | None

    @classmethod
    def of(cls, rnn, length, options: Options, **given) -> "Plan":
        """The plan for the arguments of `generate`.

        Raises:
            TypeError, ValueError: as `generate` says.
        """
        request = read(rnn, length, options, **given)
        feeding, from_logits = read_outputs(
            request.rnn, options, request.meant, request.batch, lambda: _first_outputs(request)
        )
        if feeding is not None:
            options = options.for_vocabulary(feeding.vocabulary)
        timesteps = _timesteps(request, feeding)
        masked = bool(timesteps.sequences["mask"])
        key = (masked, *_key(request, options, feeding, from_logits))
        program = kept_for(
            request.rnn,
            key,
            lambda: Program(
                replace(timesteps.timestep, constants=[], masks=None, of_sequence=OfSequence()),
                [weight for weight, _ in timesteps.timestep.of_sequence.weights],
                _strategy(request, options, feeding, from_logits, masked),
                request.batch,
                feeding,
                _room(request, options),
            ),
        )
        return cls(
            request, program, _given(request, timesteps, options, feeding), options, feeding, from_logits
        )

    @property
    def pad(self) -> int:
        """The token after the end of a sequence."""
        return _pad(self.options)


def _first_outputs(request):
    # With the first readout left out: what it means depends on these outputs.
    with keras.StatelessScope(collect_losses=True):
        timesteps = timesteps_of(request.rnn, request.x, **{**request.call, "initial_readout": None})
        own, first = timesteps.timestep, timesteps.first
        read = timesteps.inputs(0), own.constants, first["states"], first["readouts"]
        return timesteps.step(*read, training=False, masks=own.masks)[0]


def _timesteps(request, feeding):
    call = request.call
    if feeding is not None:
        first = prompts.first_readout(call["initial_readout"], request.batch, feeding)
        call = {**call, "initial_readout": first}
    with keras.StatelessScope(collect_losses=True):
        return timesteps_of(request.rnn, request.x, **call)


def _strategy(request, options, feeding, from_logits, masked):
    step = request.rnn.description
    if feeding is None:
        return Values(step, options)
    make = Beams if options.strategy == "beam" else Tokens
    return make(step, options, feeding, from_logits, masked)


def _key(request, options, feeding, from_logits) -> tuple:
    """What the graph depends on, beside the shapes of what is given."""
    switches = ("top_p", "end_token", "forbidden")
    return (
        *("program", feeding is not None, from_logits, request.batch, options.strategy, options.top_k),
        *(getattr(options, name) is None for name in switches),
        *(options.min_length == 0, options.repetition_penalty == 1),
        (options.beam_width, options.length_penalty == 0) if options.strategy == "beam" else 1,
        _room(request, options),
    )


def _room(request, options) -> int | None:
    compiles = options.jit_compile and has_xla(request.rnn.description.types)
    return prompts.room(request.length) if compiles else None


def _given(request, timesteps, options, feeding) -> dict:
    if feeding is None:
        prompt = prompts.read_values(request.warm_up, request.batch, timesteps.step)
    else:
        prompt = prompts.read_tokens(request.warm_up, request.batch, feeding)
    decode, own = request.rnn.decode, timesteps.timestep
    seed = random.randrange(2**31) if options.seed is None else int(options.seed) % 2**32
    return {
        "memory": timesteps.first,
        "fixed": timesteps.inputs(0) if decode else [],
        "inputs": [] if decode else _as_read(timesteps),
        "mask": timesteps.sequences["mask"],
        "constants": [ops.convert_to_tensor(value) for value in own.constants],
        "masks": own.masks,
        "values": own.of_sequence.values,
        "of_constants": own.of_sequence.of_constants,
        "weights": [tensor for _, tensor in own.of_sequence.weights],
        "prompt": [ops.convert_to_tensor(prompts.padded(part)) for part in prompt],
        "prompt_length": ops.convert_to_tensor(request.warm_up_length, "int32"),
        "drawn": _drawn(request, options, seed),
        "seed": ops.convert_to_tensor(seed, "int64"),
        "numbers": {} if feeding is None else _numbers(options, feeding.vocabulary),
        "length": ops.convert_to_tensor(request.length, "int32"),
    }


def _as_read(timesteps):
    likes = keras.tree.flatten(timesteps.step.inputs)
    sequences = timesteps.sequences["inputs"]
    return [ops.cast(value, like.dtype) for value, like in zip(sequences, likes, strict=True)]


def _drawn(request, options, seed) -> list:
    # One number, or one seed, for each timestep: what is drawn does not depend on how the timesteps are run.
    numbers, time = np.random.default_rng(seed), request.length
    if options.own is not None:
        drawn = numbers.integers(0, 2**31, (time, 2))
        state = keras.random.SeedGenerator(0).state
        return [ops.convert_to_tensor(_lengthened(drawn), state.dtype)]
    if options.strategy != "sample":
        return []
    return [ops.convert_to_tensor(_lengthened(numbers.random((time, request.batch))), "float64")]


def _lengthened(drawn):
    return prompts.padded(drawn[None])[0]


def _numbers(options, vocabulary) -> dict:
    """The options of tokens that the graph takes as tensors, so that another value is no other graph."""
    tokens = np.arange(vocabulary)
    found = {
        "pad": ops.convert_to_tensor(_pad(options), "int32"),
        "temperature": ops.convert_to_tensor(options.temperature, "float64"),
        "length_penalty": ops.convert_to_tensor(options.length_penalty, "float64"),
    }
    if options.end_token is not None:
        found["end"] = ops.convert_to_tensor(options.end_token, "int32")
        found["is_end"] = ops.convert_to_tensor(tokens == options.end_token)
        found["min_length"] = ops.convert_to_tensor(options.min_length, "int32")
    if options.top_p is not None:
        found["top_p"] = ops.convert_to_tensor(options.top_p, "float64")
    if options.forbidden is not None:
        found["forbidden"] = ops.convert_to_tensor(np.isin(tokens, options.forbidden))
    if options.repetition_penalty != 1:
        found["penalty"] = ops.convert_to_tensor(options.repetition_penalty, "float64")
    return found


def _pad(options):
    return options.pad_token if options.pad_token is not None else options.end_token or 0
