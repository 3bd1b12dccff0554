"""The loop of a layer over time: a program, cuDNN, or one timestep after the other."""

from rshop.backend import is_eager
from rshop.call import traced_calls
from rshop.call.arguments import Arguments
from rshop.call.as_it_is import as_it_is
from rshop.call.first_memory import has_unknown_sizes
from rshop.call.plain_loop import in_plain_loop
from rshop.call.timesteps import Timesteps
from rshop.fast import cudnn, switches
from rshop.fast.loops import run_program
from rshop.fast.plan.program import program
from rshop.step import teacher_forcing
from rshop.step.of_sequence import replaced
from rshop.structure import flat


def run(layer, given: Arguments, training: bool | None) -> tuple[dict, list]:
    """Run the loop of a layer on checked arguments.

    Example:
        >>> memory, emitted = run(rnn, arguments, training=False)  # with return_sequences=True
        >>> memory["states"][0].shape, emitted[0].shape
        ((2, 10), (2, 7, 10))

    Args:
        layer: a built `RecurrentLayer`.
        given: what `arguments.read` returned.
        training: whether the truth is fed and dropout is on.

    Returns:
        The memory after the last timestep (see `Timestep`), which a stateful layer keeps, and the
        outputs of all timesteps, each `(batch, time, ...)`, where the layer returns them.
    """
    forced = bool(training) and teacher_forcing.is_on(layer.teacher_force)
    timesteps = Timesteps.of(
        layer, given, training=training, forced=forced, every_output=layer.return_sequences
    )
    memory, emitted = _loop(timesteps)
    if layer.carried is not None:
        layer.carried.keep(memory)
    return memory, emitted


def _loop(timesteps):
    layer = timesteps.layer
    if cudnn.is_wanted(layer, masked=bool(timesteps.sequences["mask"])):
        return _in_cudnn(timesteps)
    if (ready := _program(timesteps)) is not None:
        return _in_program(timesteps, ready)
    if traced_calls.pays(timesteps):
        return layer.traced_calls.run(timesteps)
    return in_plain_loop(timesteps, unroll=layer.unroll)


def _in_cudnn(timesteps):
    layer, first = timesteps.layer, timesteps.first
    y, states = layer.twin.run(timesteps.sequences["inputs"][0], first["states"])
    memory = {**first, "states": states, "held": [y[:, -1]] if first["held"] else []}
    return memory, [y] if layer.return_sequences else []


def _in_program(timesteps, ready):
    layer, given = timesteps.layer, timesteps.given
    of_sequence = timesteps.timestep.of_sequence
    # Before weights are replaced: what draws counts its draws, and would count in the scope of those weights.
    drawn = ready.draw(timesteps.batch, timesteps.steps)
    with replaced(of_sequence.weights, timesteps.step.variables):
        memory, outputs, changed = run_program.run(
            ready,
            timesteps.first,
            timesteps.sequences,
            [*(given.inputs if layer.decode else []), *given.constants, *of_sequence.in_order],
            drawn=drawn,
            length=timesteps.steps,
            batch=timesteps.batch,
            switches=switches.current(),
            sequences=layer.return_sequences,
            zero_masked=layer.zero_output_for_mask,
            training_runs=layer.training_runs,
            kept=layer.loops,
            as_it_is=as_it_is(timesteps),
        )
    # Out of the scope of replaced weights, for the same reason.
    for variable, value in changed:
        variable.assign(value)
    return memory, outputs


def _program(timesteps):
    # What runs faster and gives the same numbers, or None. A call outside of a graph runs once: it is
    # not worth compiling.
    layer, given, now = timesteps.layer, timesteps.given, timesteps.sequences
    on = switches.current()
    known_length = not layer.decode or isinstance(given.length, int)
    if layer.unroll or not on.any or is_eager() or not known_length or given.step_masks is not None:
        return None
    holds = now["mask"] or not layer.return_sequences
    if holds and has_unknown_sizes(flat(layer.description.outputs)):
        return None
    forced = bool(now["truths"]) and not now["coins"] and not now["mask"]
    ready = program(
        layer.description,
        timesteps.timestep.training,
        decode=layer.decode,
        forced=forced,
        after=not now["mask"],
        late_gradients=on.late_gradients,
        hoist=on.hoist,
    )
    # The loop reads weights as the layer computes, in mixed precision rounded; a layer of one's own may not.
    mixed = layer.compute_dtype != layer.variable_dtype
    return None if ready is not None and ready.lowered.closed and mixed else ready
