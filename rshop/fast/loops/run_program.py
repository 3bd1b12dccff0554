"""Run a program over time: what comes before the loop, the loop, and what comes after it."""

import math

from keras import ops

from rshop.backend import cores, has_xla, is_compiled_outside
from rshop.fast.loops.custom_loop import scan_known
from rshop.fast.loops.known_sums import Known, Product, Tap
from rshop.fast.plan.program import Program
from rshop.fast.switches import Switches
from rshop.step.masks import blank, silence
from rshop.step.readout import feed_back
from rshop.step.start_values import start_value
from rshop.step.timestep import Timestep
from rshop.structure import flat, tree

# Measured on a CPU: a product of more weights is cut into parts by the library that multiplies, and a
# prediction of fewer weights times timesteps is over before a second loop has begun.
MANY_WEIGHTS = 2**18
LITTLE_WORK = 2**19
# XLA compiles for as long as a hundred calls of a small loop gain by it, and a few of a large one.
COLD_CALLS = 16
MUCH_WORK = 2**30
# More parts than this leave each core too few samples of an ordinary batch.
MOST_PARTS = 4


def run(program: Program, first: dict, now: dict, fixed: list, length, batch, switches: Switches, **options):
    """The memory after the last timestep, and the outputs `(batch, time, ...)`.

    Example:
        >>> memory, outputs = run(program, first, now, constants, 7, 2, Switches(), sequences=True)
        >>> outputs[0].shape
        (2, 7, 10)

    Args:
        program: of this kind of call.
        first: the memory before the first timestep (see `Timestep`).
        now: what the timesteps bring, each `(batch, time, ...)`.
        fixed: what every timestep sees whole: constants, in a decoder the inputs.
        length, batch: ints or scalar tensors.
        switches: which ways of being fast are on.
        **options: `sequences`, whether outputs are wanted at each timestep; `zero_masked`;
            `training_runs`, the `counter` of the layer's runs in training.
    """
    forced = not program.readouts and bool(flat(program.step.readouts))
    given = [*now["inputs"], *(_late(first["truths"], now["truths"]) if forced else [])]
    # What stands at masked timesteps: in the loop each is silenced as it is read, which copies nothing.
    silent_in_loop = bool(now["mask"]) and not program.plan.before
    if now["mask"] and not silent_in_loop:
        given = [silence(now["mask"][0], x) for x in given]
    shared, sequences = program.before(fixed, given)
    carry = {**first, "held": _held(program, first, batch)}
    now = {**now, "inputs": sequences}
    if forced:
        carry |= {"readouts": [], "truths": []}
        truths, now = now["truths"], {**now, "truths": []}
    timestep = Timestep(
        program.step,
        zero_masked=options["zero_masked"],
        emit_outputs=options["sequences"],
        wiring=program.wiring,
    )

    def body(memory, values, shared, tap):
        values = tree.pack_sequence_as(now, values)
        if silent_in_loop:
            values = {**values, "inputs": blank(values["mask"][0], values["inputs"])}
        return timestep(memory, values, program.timestep(shared, tap))

    outside = is_compiled_outside()
    memory, emitted = scan_known(
        body,
        carry,
        flat(now),
        shared,
        length,
        emits=program.emits if options["sequences"] else [],
        known=_known(program, carry, now, options["sequences"], silent_in_loop),
        save=bool(program.training),
        xla=switches.xla and has_xla(),
        hot=None if outside else _hot(program, length, batch, switches, options["training_runs"]),
        in_blocks=switches.blocks,
        parts=_parts(program, length, batch) if switches.split and not outside else 1,
        batch=batch,
    )
    outputs = program.after(emitted, over_time=True) if options["sequences"] else []
    memory["held"] = program.after(memory["held"], over_time=False) if memory["held"] else []
    if forced:
        last = [y[:, -1] for y in outputs] if outputs else memory["held"]
        types = [t.dtype for t in flat(program.step.readouts)]
        memory["readouts"] = feed_back(program.step.wiring, last, types)
        memory["truths"] = [truth[:, -1] for truth in truths]
    return memory, outputs


def _late(first, truths):
    # The truth of the previous timestep.
    return [
        ops.concatenate([ops.expand_dims(ops.cast(start, truth.dtype), 1), truth[:, :-1]], axis=1)
        for start, truth in zip(first, truths, strict=True)
    ]


def _held(program, first, batch):
    return [start_value(0, t.shape[1:], t.dtype, batch) for t in program.emits] if first["held"] else []


def _parts(program, length, batch) -> int:
    """Into how many parts the batch is cut: one for each core, where it pays."""
    if not program.lowered.by_sample or max(program.product_sizes, default=0) >= MANY_WEIGHTS:
        return 1
    is_short = isinstance(length, int) and length * sum(program.product_sizes) < LITTLE_WORK
    if is_short and not program.training and not program.has_inner_loops:
        return 1
    return max(1, min(cores(), batch if isinstance(batch, int) else MOST_PARTS, MOST_PARTS))


def _hot(program, length, batch, switches, training_runs):
    """Whether the loop has trained so often that compiling it pays; None where it does not wait for that."""
    sizes = length, batch, sum(program.product_sizes)
    much = all(isinstance(size, int) for size in sizes) and math.prod(sizes) > MUCH_WORK
    waits = program.training and switches.tiered and switches.xla and has_xla()
    if not waits or much:
        return None
    return training_runs.assign_add(1) > COLD_CALLS


def _known(program, carry, now, sequences, silent_in_loop) -> Known:
    places = tree.pack_sequence_as(carry, list(range(len(flat(carry)))))
    bring = tree.pack_sequence_as(now, list(range(len(flat(now)))))
    sources = {n: ("x", i) for n, i in zip(program.loop_sequences, bring["inputs"], strict=True)}
    sources |= {n: ("carry", i) for n, i in zip(program.states, places["states"], strict=True)}
    if not now["coins"]:
        fed = places["truths"] or places["readouts"]
        sources |= {n: ("carry", i) for n, i in zip(program.readouts, fed, strict=True)}
    taps = _taps(program, sources)
    unread = set(places["held"])
    if places["truths"] and not now["coins"]:
        unread |= set(places["readouts"])
    repeated = {}
    if sequences and not now["mask"]:
        emitted = {n: i for i, n in enumerate(program.plan.emitted)}
        for place, n, start in zip(places["states"], program.next_states, carry["states"], strict=True):
            if n in emitted and program.lowered.likes[n].dtype == start.dtype:
                repeated[place] = emitted[n]
    late = program.only_multiplied
    late_xs = {i for n, i in zip(program.loop_sequences, bring["inputs"], strict=True) if n in late}
    by_sample = {i for i, (kind, _) in enumerate(program.shared_order()) if kind == "fixed"}
    mask = bring["mask"][0] if silent_in_loop else None
    return Known(taps, repeated, unread, late_xs, _late_shared(program, taps), by_sample, mask)


def _taps(program, sources):
    likes, place = program.lowered.likes, {key: i for i, key in enumerate(program.shared_order())}

    def product(factors):
        other = ("weight", factors.weight) if factors.fixed is None else ("fixed", factors.fixed)
        source = sources.get(factors.read, ("body", likes[factors.read]))
        return Product(source, place[other], factors.letters)

    return [
        Tap(
            likes[group.write],
            [product(factors) for factors in group.products],
            [place["weight", w] for w in group.biases],
            group in program.merged,
        )
        for group in program.groups
    ]


def _late_shared(program, taps):
    order = program.shared_order()
    multiplied = {product.kernel for tap in taps for product in tap.products}
    late = {place for tap in taps for place in tap.biases}
    late |= {i for i in multiplied if order[i][0] == "weight" or order[i][1] in program.only_multiplied}
    return late | {i for i, (kind, _) in enumerate(order) if kind == "merged"}
