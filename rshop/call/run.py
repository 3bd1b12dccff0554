"""Run a layer's step over time: put the memory together, loop, hand back what came out."""

from dataclasses import replace

from keras import ops

from rshop.backend import checked_size, is_eager, scan
from rshop.call import arguments
from rshop.call.added_losses import adds_losses
from rshop.call.arguments import Arguments
from rshop.errors import message
from rshop.fast import cudnn, switches
from rshop.fast.loops import run_program
from rshop.fast.plan.program import program
from rshop.step import teacher_forcing
from rshop.step.masks import silence
from rshop.step.start_values import start_value
from rshop.step.timestep import Timestep
from rshop.structure import flat, shape_of, tree


def run(layer, given: Arguments, training: bool | None, recorder=None) -> tuple[dict, dict, list]:
    """Run the loop of a layer on checked arguments.

    Example:
        >>> first, memory, emitted = run(rnn, arguments, training=False)
        >>> memory["states"][0].shape, emitted[0].shape
        ((2, 10), (2, 7, 10))

    Args:
        layer: a built `RecurrentLayer`.
        given: what `arguments.read` returned.
        training: whether the truth is fed and dropout is on.
        recorder: see `trace`; every inner value is emitted, and nothing is carried to the next call.

    Returns:
        The memory before the first timestep, the memory after the last one (see `Timestep`), and
        the emitted values, each `(batch, time, ...)`.
    """
    step = layer.description
    sequences = layer.return_sequences or recorder is not None
    length = ops.shape(given.inputs[0])[1] if given.length is None else given.length
    batch = ops.shape(given.inputs[0])[0] if given.batch is None else given.batch
    forced = bool(training) and teacher_forcing.is_on(layer.teacher_force)
    hold_outputs = given.mask is not None or not sequences
    first = first_memory(layer, given, batch, training, forced, hold_outputs)
    first, given = _checked_at_run_time(layer, given, first, length, batch)
    mask = [] if given.mask is None else [given.mask]
    # The truth and its coins are in the order of the outputs: only the input is read from its end.
    turn = _from_the_end if layer.go_backwards else list
    now = {
        "inputs": turn([] if layer.decode else given.inputs),
        "truths": _truths(step, given) if forced else [],
        "coins": _coins(layer, batch, length) if forced else [],
        "mask": turn(mask),
    }
    in_cudnn = recorder is None and cudnn.is_wanted(layer, masked=bool(mask))
    ready = None if in_cudnn or recorder is not None else _program(layer, given, training, now)
    if in_cudnn:
        y, states = layer.twin.run(now["inputs"][0], first["states"])
        memory = {**first, "states": states, "held": [y[:, -1]] if first["held"] else []}
        emitted = [y] if sequences else []
    elif ready is None:
        memory, emitted = _plainly(layer, given, first, now, length, training, recorder)
    else:
        memory, emitted = run_program.run(
            ready,
            first,
            now,
            [*(given.inputs if layer.decode else []), *given.constants],
            length=length,
            batch=batch,
            switches=switches.current(),
            sequences=sequences,
            zero_masked=layer.zero_output_for_mask,
            training_runs=layer.training_runs,
        )
    if layer.carried is not None and recorder is None:
        layer.carried.keep(memory)
    return first, memory, emitted


def _checked_at_run_time(layer, given, first, length, batch):
    # What a graph that is written for any size could not compare. All that runs later waits for it.
    tensors = {name: getattr(given, name) for name in ("inputs", "constants", "truths")}
    values = {"first": first, **tensors, "mask": [] if given.mask is None else [given.mask]}
    if layer.carried is not None:
        wrong = layer.carried.wrong_batch("a batch of another size")
        values = checked_size(values, batch, layer.carried.batch, wrong)
    for what, x in arguments.timed(given, layer.decode):
        if not (isinstance(shape_of(x)[1], int) and isinstance(length, int)):
            values = checked_size(values, ops.shape(x)[1], length, arguments.wrong_length(what))
    for x in given.constants:
        if isinstance(shape_of(x)[0], int) and not isinstance(batch, int):
            values = checked_size(values, shape_of(x)[0], batch, arguments.wrong_batch(shape_of(x)))
    first, mask = values.pop("first"), values.pop("mask")
    return first, replace(given, **values, mask=mask[0] if mask else None)


def _plainly(layer, given, first, now, length, training, recorder):
    step = layer.description
    sequences = layer.return_sequences or recorder is not None
    timestep = Timestep(
        step,
        given.constants,
        fixed=given.inputs if layer.decode else None,
        training=training,
        masks=_step_masks(step, given),
        zero_masked=layer.zero_output_for_mask,
        recorder=recorder,
        emit_outputs=sequences,
    )
    if now["mask"]:
        now = {**now, "inputs": [silence(now["mask"][0], x) for x in now["inputs"]]}
    emits = flat(step.outputs) if sequences else []
    if recorder is not None:
        emits = [*emits, *step.states, *flat(step.readouts), *recorder.values]
    # Laid out one by one, the timesteps leave their losses where Keras finds them.
    kept_apart = not layer.unroll or recorder is not None
    parts = _first_parts(layer, given, first)
    if kept_apart and adds_losses(step, parts, training, _step_masks(step, given)):
        first = {**first, "losses": [ops.zeros((), "float32")]}
    memory, emitted = scan(
        lambda memory, values: timestep(memory, tree.pack_sequence_as(now, values)),
        first,
        flat(now),
        length,
        emits=emits,
        unroll=layer.unroll,
    )
    for loss in memory.pop("losses", []):
        if recorder is None:
            layer.add_loss(loss)
    return memory, emitted


def _program(layer, given, training, now):
    # What runs faster and gives the same numbers, or None. A call outside of a graph runs once: it is
    # not worth compiling.
    on = switches.current()
    known_length = not layer.decode or isinstance(given.length, int)
    if layer.unroll or not on.any or is_eager() or not known_length:
        return None
    if any(mask is not None for mask in given.step_masks):
        return None
    holds = now["mask"] or not layer.return_sequences
    if holds and _has_unknown_sizes(flat(layer.description.outputs)):
        return None
    forced = bool(now["truths"]) and not now["coins"] and not now["mask"]
    return program(
        layer.description,
        training,
        decode=layer.decode,
        forced=forced,
        after=not now["mask"],
        late_gradients=on.late_gradients,
        hoist=on.hoist,
    )


def first_memory(layer, given, batch, training, forced=False, hold_outputs=False) -> dict:
    """The memory before the first timestep: what was given, else carried over, else initial.

    Example:
        >>> first_memory(rnn, arguments, batch=2, training=False)["states"][0].shape
        (2, 10)
    """
    step = layer.description
    carried = layer.carried.values(training) if layer.carried is not None else None
    states = []
    for i, (value, first) in enumerate(zip(given.states, layer.first_states, strict=True)):
        if value is not None:
            states.append(start_value(value, first.shape, first.dtype, batch))
        else:
            states.append(carried["states"][i] if carried else first(batch, training))
    memory = {"states": states, "readouts": [], "truths": [], "held": []}
    for i, (value, like) in enumerate(zip(given.readouts, flat(step.readouts), strict=True)):
        for part in ("readouts", "truths") if forced else ("readouts",):
            if value is None and carried:
                memory[part].append(carried[part][i])
            else:
                first = 0 if value is None else value
                memory[part].append(start_value(first, like.shape[1:], like.dtype, batch))
    if hold_outputs:
        memory["held"] = _nothing_held(layer, given, memory, batch)
    return memory


def _nothing_held(layer, given, memory, batch):
    # Zeros of the size of each output: where the step does not know it, its first timestep does.
    step = layer.description
    likes = flat(step.outputs)
    if not _has_unknown_sizes(likes):
        return [start_value(0, t.shape[1:], t.dtype, batch) for t in likes]
    outputs, _ = step(*_first_parts(layer, given, memory), training=False, masks=_step_masks(step, given))
    return [ops.zeros_like(y) for y in outputs]


def _first_parts(layer, given, memory) -> list[list]:
    # What the step sees at the first timestep, but for a truth in place of a readout.
    now = given.inputs if layer.decode else [x[:, 0] for x in given.inputs]
    return [now, given.constants, memory["states"], memory["readouts"]]


def _has_unknown_sizes(likes) -> bool:
    return any(None in like.shape[1:] for like in likes)


def check_unroll(layer, given: Arguments):
    """Unrolling needs to know the number of timesteps.

    Raises:
        ValueError: it is not known.
    """
    if layer.unroll and not isinstance(given.length, int):
        raise ValueError(
            message(
                "Unrolling lays out one copy of the step for each timestep, so it needs to know how "
                "many there are.",
                received=f"x of shape {shape_of(given.inputs[0])}, whose time is not known",
                expected="a fixed number of timesteps",
                fix="give the time in keras.Input((timesteps, ...)), or use unroll=False",
            )
        )


def _step_masks(step, given):
    if all(mask is None for mask in given.step_masks):
        return None
    return given.step_masks + [None] * (len(step.model.inputs) - len(given.step_masks))


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
    coins = teacher_forcing.draw(layer.teacher_force, calls, batch, length, layer.draws)
    if calls is not None:
        calls.assign_add(1)
    return [] if coins is None else [coins]


def _from_the_end(values):
    return [ops.flip(value, axis=1) for value in values]
