"""A request to generate: its arguments, checked, with the batch and the inputs that they imply."""

from dataclasses import dataclass

import numpy as np

from rshop.call.arguments import read_first_readouts, read_first_states
from rshop.checks import check_count
from rshop.errors import describe, message, told
from rshop.generation import prompt as prompts
from rshop.generation.feeding import check_readout, feeding_of, takes_token_numbers
from rshop.generation.options import Options
from rshop.generation.token_readouts import TokenReadout
from rshop.step.start_values import check_call, check_numbers
from rshop.structure import flat, shape_of, tree
from rshop.tracing.check_layer import check_layer


@dataclass(frozen=True, eq=False)
class Request:
    """What was asked for, checked as far as it can be before the outputs of the step are known.

    Attributes:
        rnn: the built layer.
        length, batch: the number of timesteps to generate, and of samples.
        x: the input of the layer: what was given, or zeros where the step reads none.
        call: the other arguments of a call of the layer.
        warm_up, warm_up_length: the prompt as it was given, and its number of timesteps.
        meant: whether tokens are meant, None where only the outputs can say.
    """

    rnn: object
    length: int
    batch: int
    x: object
    call: dict
    warm_up: object
    warm_up_length: int
    meant: bool | None


def read(rnn, length, options: Options, *, x, warm_up, batch, **call) -> Request:
    """The checked request; nothing has changed but that the layer may have been built.

    Args:
        rnn, length, x, warm_up, batch: as in `generate`.
        options: the arguments of `generate` that say what is chosen.
        **call: its arguments that a call of the layer takes.

    Raises:
        TypeError, ValueError: as `generate` says.
    """
    fix = "give the layer itself: model.get_layer(name)"
    check_layer(rnn, "Only a recurrent layer of rshop can generate.", fix=fix)
    length = check_count("length", length, "number of timesteps to generate")
    check_count("batch", batch, "number of samples")
    check_call({"x": x, "warm_up": warm_up, **call}, symbolic=False)
    for name, owner in (("mask", x), ("constants_mask", call["constants"])):
        if call[name] is not None and owner is None:
            raise ValueError(_mask_of_nothing(name, call[name]))
    step = _step_of(rnn, x, batch)
    check_readout(rnn, step)
    if isinstance(warm_up, (list, tuple)) and len(flat(step.readouts)) == 1:
        warm_up = check_numbers("`warm_up`", warm_up) or np.asarray(warm_up)  # in lists, written by hand
    meant = _tokens_are_meant(step, options, warm_up)
    as_tokens = bool(meant)
    if as_tokens:
        feeding_of(step)  # an error where the step cannot read tokens
    sizes = [shape_of(part)[0] for part in flat(x) if shape_of(part)] + _sizes(step, call)
    batch = _batch(rnn, batch, [*sizes, prompts.batch_of(step, warm_up, as_tokens)])
    before = prompts.length_of(step, warm_up, as_tokens)
    x = _known_inputs(rnn, step, x, batch=batch, steps=before + length)
    call |= {"training": False, "output_length": length if rnn.decode else None}
    return Request(rnn, length, batch, x, call, warm_up, before, meant)


def _mask_of_nothing(name, value):
    owner = "x" if name == "mask" else "constants"
    return message(
        f"`{name}` belongs to `{owner}`, which was not given.",
        received=f"{name}={told(value)} with {owner}=None",
        expected="both, or neither",
        fix=f"give {owner}=, or leave {name} out",
    )


def _step_of(rnn, x, batch):
    if not rnn.built and x is not None:
        rnn.build(tree.map_structure(shape_of, x))
    step = rnn.description
    if not rnn.built:
        shapes = [
            (batch, *t.shape[1:]) if rnn.decode else (batch, None, *t.shape[1:]) for t in flat(step.inputs)
        ]
        rnn.build(shapes[0] if len(shapes) == 1 else shapes)
    return step


def _tokens_are_meant(step, options, warm_up) -> bool | None:
    if options.tokens is not None:
        return options.tokens
    reads = any(isinstance(layer, TokenReadout) for layer in step.graph.operations())
    if (
        reads
        or options.chooses_tokens
        or takes_token_numbers(step)
        or prompts.looks_like_tokens(step, warm_up)
    ):
        return True
    return None


def _sizes(step, call) -> list:
    """The numbers of samples that the arguments of the call have, None where one is for all samples."""
    found = [shape_of(part)[0] for part in flat(call["constants"]) if shape_of(part)]
    found += [shape_of(part)[0] for part in flat(call["mask"]) if len(shape_of(part)) == 2]
    values = [*zip(read_first_states(step, call["initial_state"], None), step.states, strict=True)]
    first = call["initial_readout"]
    if prompts.are_first_tokens(step, first):
        found += shape_of(first)
    else:
        values += zip(read_first_readouts(step, first, None), flat(step.readouts), strict=True)
    whole = [a for a, like in values if a is not None and len(shape_of(a)) == len(like.shape)]
    return found + [shape_of(a)[0] for a in whole]


def _batch(rnn, batch, sizes) -> int:
    carried = [rnn.carried.batch] if rnn.carried is not None else []
    found = next((size for size in [*sizes, *carried] if size is not None), batch)
    if batch not in (1, found):
        raise ValueError(
            message(
                "`batch` is another number than that of the samples which are given.",
                received=f"batch={batch}, and {found} samples",
                expected="one of them",
                fix="leave batch out",
            )
        )
    return found


def _known_inputs(rnn, step, x, *, batch, steps):
    likes = flat(step.inputs)
    if x is None:
        _check_unread(step)
        time = () if rnn.decode else (steps,)
        blank = [np.zeros((batch, *time, *(size or 1 for size in t.shape[1:])), "float32") for t in likes]
        return tree.pack_sequence_as(step.inputs, blank)
    for value in flat(x):
        shape = shape_of(value)
        if not rnn.decode and len(shape) > 1 and shape[1] < steps:
            raise ValueError(
                message(
                    "`x` ends before the generated sequence: the step reads an input at each timestep.",
                    received=f"x={told(value)}",
                    expected=f"{steps} timesteps, those of warm_up and length",
                    fix=f"give the inputs of {steps} timesteps, or a smaller length",
                )
            )
    return x


def _check_unread(step):
    reach = step.graph.reach()
    used = frozenset().union(*(reach[t] for t in step.graph.outputs))
    read = [t for place, t in enumerate(flat(step.inputs)) if place in used]
    if read:
        raise ValueError(
            message(
                "The step reads an input at each timestep, and none was given.",
                received="x=None",
                expected=f"the {describe('input', read[0])} in x",
                fix="give x=, what the layer is called with",
            )
        )
