"""The body of a loop, with all that the backward pass has to know of it beforehand."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import keras

from rshop.fast.loops.derivatives import has_gradient
from rshop.fast.loops.known_sums import Product, Tap
from rshop.fast.loops.loop_data import LoopInputs
from rshop.fast.plan.program import Program
from rshop.structure import flat, tree


@dataclass(frozen=True, eq=False)
class KnownBody:
    """One timestep of a loop, and what is known of it.

    Attributes:
        run: `(carry, x_t, shared, tap) -> (carry, emitted)`; it calls
            `tap(place, operands, others, compute)` for the value of each sum of products.
        carry: for the memory before the first timestep, any structure, the shape and dtype of each tensor.
        emits: one tensor-like per emitted value, for its shape `(batch, ...)` and dtype.
        taps: its sums of products, in the order of its calls of `tap`.
        repeated: for a place in the flat carry, the place of the same value among the emitted ones.
        unread: places in the flat carry whose values the body does not need.
        deferred_xs: places in `xs` that only products read, so that their gradients can be deferred.
        deferred_shared: places in `shared` that only taps read, so that theirs can be.
        by_sample: places in `shared` of tensors `(batch, ...)`, which are split with the batch.
        mask: the place in `xs` of the mask by which the body silences what it reads, or None.
    """

    run: Callable
    carry: object
    emits: list
    taps: list[Tap]
    repeated: dict[int, int]
    unread: set[int]
    deferred_xs: set[int]
    deferred_shared: set[int]
    by_sample: set[int]
    mask: int | None = None

    @cached_property
    def read(self) -> list[int]:
        """The places in the flat carry whose values the body needs."""
        return [i for i in range(len(flat(self.carry))) if i not in self.unread]

    @cached_property
    def saved(self) -> list[int]:
        """The places in the flat carry that the forward loop has to save: those not emitted anyway."""
        return [i for i in self.read if i not in self.repeated]

    @cached_property
    def computed(self) -> dict[tuple[int, int], keras.KerasTensor]:
        """For `(tap, product)` the shape and dtype of an operand that the body computes."""
        sources = {(i, j): p.source for i, tap in enumerate(self.taps) for j, p in enumerate(tap.products)}
        return {key: like for key, (kind, like) in sources.items() if kind == "body"}

    def packed(self, carry: list):
        """A flat carry in its structure."""
        return tree.pack_sequence_as(self.carry, carry)

    def differentiated(self, inputs: LoopInputs) -> tuple[list[int], list[int]]:
        """The places in `xs` and in `shared` whose gradients are computed within the loop."""
        xs, shared = ([i for i, x in enumerate(part) if has_gradient(x)] for part in inputs[1:])
        return (
            [i for i in xs if i not in self.deferred_xs],
            [i for i in shared if i not in self.deferred_shared],
        )


def known_body(
    program: Program, run: Callable, carry: dict, now: dict, *, sequences: bool, silent_in_loop: bool
) -> KnownBody:
    """The body of a program's loop, with what is known of it from the graph.

    Example:
        >>> body = known_body(program, run, carry, now, sequences=True, silent_in_loop=False)
        >>> [tap.like.shape for tap in body.taps]  # the gates of an LSTM with 10 units
        [(None, 40)]

    Args:
        program: of this kind of call.
        run: see `KnownBody`.
        carry, now: see `Timestep`, with a tensor-like for each tensor; the inputs in `now` are the sequences
            that the loop reads.
        sequences: whether it emits outputs at each timestep.
        silent_in_loop: whether it silences what it reads at masked timesteps.
    """
    places = tree.pack_sequence_as(carry, list(range(len(flat(carry)))))
    brought = tree.pack_sequence_as(now, list(range(len(flat(now)))))
    taps = _taps(program, _sources(program, places, brought))
    unread = set(places["held"])
    if places["truths"] and not now["coins"]:
        unread |= set(places["readouts"])
    read_by_products = program.only_multiplied
    inputs = zip(program.loop_sequences, brought["inputs"], strict=True)
    return KnownBody(
        run,
        carry,
        emits=program.emits if sequences else [],
        taps=taps,
        repeated=_repeated(program, places, carry) if sequences and not now["mask"] else {},
        unread=unread,
        deferred_xs={i for n, i in inputs if n in read_by_products},
        deferred_shared=_deferred_shared(program, taps),
        by_sample={i for i, (kind, _) in enumerate(program.shared_order()) if kind == "fixed"},
        mask=brought["mask"][0] if silent_in_loop else None,
    )


def _sources(program, places, brought) -> dict[int, tuple]:
    # Where the values come from that are not computed within a timestep.
    sources = {n: ("x", i) for n, i in zip(program.loop_sequences, brought["inputs"], strict=True)}
    sources |= {n: ("carry", i) for n, i in zip(program.states, places["states"], strict=True)}
    if not brought["coins"]:
        fed = places["truths"] or places["readouts"]
        sources |= {n: ("carry", i) for n, i in zip(program.readouts, fed, strict=True)}
    return sources


def _repeated(program, places, carry) -> dict[int, int]:
    emitted = {n: i for i, n in enumerate(program.plan.emitted)}
    states = zip(places["states"], program.next_states, carry["states"], strict=True)
    return {
        place: emitted[n]
        for place, n, start in states
        if n in emitted and program.lowered.likes[n].dtype == keras.backend.standardize_dtype(start.dtype)
    }


def _taps(program, sources) -> list[Tap]:
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


def _deferred_shared(program, taps) -> set[int]:
    order = program.shared_order()
    multiplied = {product.kernel for tap in taps for product in tap.products}
    deferred = {place for tap in taps for place in tap.biases}
    deferred |= {i for i in multiplied if order[i][0] == "weight" or order[i][1] in program.only_multiplied}
    return deferred | {i for i, (kind, _) in enumerate(order) if kind == "merged"}
