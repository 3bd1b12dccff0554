"""Run a program over time: what comes before the loop, the loop, and what comes after it."""

import math

import keras
from keras import ops

from rshop.backend import cores, count_up, has_gpu, has_xla, is_compiled_outside
from rshop.fast.loops.compiled_loops import CompiledLoops, KeptLoops
from rshop.fast.loops.custom_loop import scan_known
from rshop.fast.loops.derivatives import without_gradient
from rshop.fast.loops.known_body import known_body
from rshop.fast.plan.program import Program
from rshop.fast.switches import Switches
from rshop.step.masks import blank, silence
from rshop.step.readout import feed_back
from rshop.step.start_values import start_value
from rshop.step.timestep import Timestep
from rshop.structure import flat, tree

# Measured on a CPU: the library that multiplies splits a product of more weights itself, and a prediction of
# fewer weights times timesteps is over before a second loop has begun.
MANY_WEIGHTS = 2**18
LITTLE_WORK = 2**19
# To compile a loop takes as long as a hundred calls of a small one save, or a few calls of a large one.
COLD_CALLS = 16
MUCH_WORK = 2**30
# With more parts than this an ordinary batch leaves too few samples for each core.
MOST_PARTS = 4
# What a timestep of more samples reads and writes does not stay in a core's cache; each part is traced, so
# there is an end to how many there are.
MOST_SAMPLES, MANY_PARTS = 1024, 32


def run(
    program: Program,
    first: dict,
    now: dict,
    fixed: list,
    *,
    drawn: list,
    length,
    batch,
    switches: Switches,
    sequences: bool,
    zero_masked: bool,
    training_runs,
    kept: KeptLoops,
    as_it_is,
):
    """The memory after the last timestep, the outputs `(batch, time, ...)`, and `(variable, value)` of each
    variable that layers change.

    Example:
        >>> memory, outputs, changed = run(program, first, now, constants, drawn=[], length=7, batch=2, ...)
        >>> outputs[0].shape
        (2, 7, 10)

    Args:
        program: of this kind of call.
        first: the memory before the first timestep (see `Timestep`).
        now: what the timesteps bring, each `(batch, time, ...)`.
        fixed: what every timestep sees whole: constants, in a decoder the inputs.
        drawn: what `program.draw` returned.
        length, batch: ints or scalar tensors.
        switches: which optimisations are on.
        sequences: whether there are outputs at each timestep.
        zero_masked: whether the output at a masked timestep is 0, not that of the timestep before.
        training_runs: the `backend.counter` of the layer's runs in training.
        kept: the layer's loops, from calls before.
        as_it_is: what `as_it_is` says of the layer now.
    """
    forced = not program.readouts and bool(flat(program.step.readouts))
    given = [*now["inputs"], *(_previous_truths(first["truths"], now["truths"]) if forced else [])]
    given += drawn
    # Masked timesteps read 0: in the loop each is silenced as it is read, which copies nothing.
    silent_in_loop = bool(now["mask"]) and not program.plan.before
    if now["mask"] and not silent_in_loop:
        given = [silence(now["mask"][0], x) for x in given]
    shared, inputs = program.before(fixed, given)
    held, changed = _held(program, first, batch), list(program.lowered.changed.values())
    carry = {**first, "held": held, "variables": without_gradient(list(map(ops.convert_to_tensor, changed)))}
    now = {**now, "inputs": inputs}
    if forced:
        carry |= {"readouts": [], "truths": []}
        truths, now = now["truths"], {**now, "truths": []}
    on, is_own = {"sequences": sequences, "silent_in_loop": silent_in_loop}, not is_compiled_outside()
    xla, compile_now, part_sizes = switches.xla and has_xla(program.step.types), None, None
    if is_own:
        waits = xla and _waits_for_compiler(program, length, batch, switches)
        compile_now = count_up(training_runs) > COLD_CALLS if waits else None
        part_sizes = _part_sizes(program, length, batch) if switches.split else None

    def loops():
        likes = [tree.map_structure(_like, part) for part in (carry, now)]
        run_body = _body(program, likes[1], zero_masked=zero_masked, **on)
        return CompiledLoops(known_body(program, run_body, *likes, **on), xla)

    kind = (program.kind, xla, zero_masked, *on.values(), _shapes(carry), _shapes(now))
    memory, emitted = scan_known(
        kept.get(kind, as_it_is, loops) if program.lowered.lasting else loops(),
        carry,
        flat(now),
        shared,
        length=length,
        save=bool(program.training),
        compile_now=compile_now,
        in_blocks=switches.blocks,
        in_windows=is_own,
        part_sizes=part_sizes,
    )
    outputs = program.after(emitted, over_time=True) if sequences else []
    memory["held"] = program.after(memory["held"], over_time=False) if memory["held"] else []
    if forced:
        memory |= _last_fed(program, [y[:, -1] for y in outputs] or memory["held"], truths)
    return memory, outputs, list(zip(changed, memory.pop("variables"), strict=True))


def _like(tensor):
    return keras.KerasTensor(tensor.shape, keras.backend.standardize_dtype(tensor.dtype))


def _shapes(values: dict) -> tuple:
    likes = {name: [_like(value) for value in flat(part)] for name, part in values.items()}
    return tuple((name, tuple((t.shape, t.dtype) for t in part)) for name, part in likes.items())


def _body(program, now, *, sequences, zero_masked, silent_in_loop):
    # The body of the loop, as `KnownBody.run`.
    timestep = Timestep(program.step, zero_masked=zero_masked, emit_outputs=sequences, wiring=program.wiring)

    def body(memory, values, shared, tap):
        values = tree.pack_sequence_as(now, values)
        if silent_in_loop:
            values = {**values, "inputs": blank(values["mask"][0], values["inputs"])}
        variables = list(memory["variables"])
        after, emitted = timestep(memory, values, program.timestep(shared, tap, variables))
        return {**after, "variables": variables}, emitted

    return body


def _previous_truths(first, truths):
    return [
        ops.concatenate([ops.expand_dims(ops.cast(start, truth.dtype), 1), truth[:, :-1]], axis=1)
        for start, truth in zip(first, truths, strict=True)
    ]


def _last_fed(program, outputs, truths) -> dict:
    # The readouts and truths after the last timestep, which the loop with forced readouts does not carry.
    types = [t.dtype for t in flat(program.step.readouts)]
    readouts = feed_back(program.step.wiring, outputs, types)
    return {"readouts": readouts, "truths": [truth[:, -1] for truth in truths]}


def _held(program, first, batch):
    return [start_value(0, t.shape[1:], t.dtype, batch) for t in program.emits] if first["held"] else []


def _part_sizes(program, length, batch) -> list | None:
    """The sizes of the parts that the batch is split into, where it pays: one a core, or more; else None."""
    if not program.lowered.by_sample or max(program.product_sizes, default=0) >= MANY_WEIGHTS:
        return None
    is_short = isinstance(length, int) and length * sum(program.product_sizes) < LITTLE_WORK
    if is_short and not program.training and not program.has_inner_loops:
        return None
    parts = min(cores(), MOST_PARTS)
    if isinstance(batch, int):
        small = 1 if has_gpu() else min(math.ceil(batch / MOST_SAMPLES), MANY_PARTS)
        parts = max(min(parts, batch), small)
    return [(batch + i) // parts for i in range(parts)] if parts > 1 else None


def _waits_for_compiler(program, length, batch, switches) -> bool:
    """Whether the loop trains a few times as it is, until compiling it pays."""
    sizes = length, batch, sum(program.product_sizes)
    much = all(isinstance(size, int) for size in sizes) and math.prod(sizes) > MUCH_WORK
    return bool(program.training and switches.tiered and not much)
