"""When each instruction of a step runs: before the loop over time, in it, or after it."""

from dataclasses import dataclass

from rshop.fast.plan.instructions import Instruction, Lowered
from rshop.fast.plan.sums_of_products import Group, group

# What an input of the step is: the same at all timesteps, given for each of them, or known only in the loop.
FIXED, SEQUENCE, FED = 0, 1, 2


@dataclass
class Schedule:
    """The instructions of a step, by when they run.

    Attributes:
        fixed: instructions that read constants alone; they run once.
        before: instructions that read the input alone; they run once, for all timesteps together.
        loop: instructions and groups that run at each timestep.
        after: instructions that read what the loop emits; they run once, for all timesteps together.
        from_fixed, from_before: the numbers of the values that the loop reads from these.
        emitted: the numbers of the values that the loop emits: outputs, and what `after` reads.
    """

    fixed: list[Instruction]
    before: list[Instruction]
    loop: list
    after: list[Instruction]
    from_fixed: list[int]
    from_before: list[int]
    emitted: list[int]

    def nodes(self) -> dict[str, str]:
        """For the name of each node, `"before"`, `"in"` or `"after"` the loop.

        A node with instructions in several places counts as in the loop.
        """
        places = {i.node: "before" for i in [*self.fixed, *self.before]}
        places |= {i.node: "after" for i in self.after}
        return places | {i.node: "in" for i in self.loop_instructions}

    @property
    def loop_instructions(self) -> list[Instruction]:
        """The instructions of one timestep, those of groups included."""
        return [i for item in self.loop for i in (item.instructions if isinstance(item, Group) else [item])]


def schedule(
    lowered: Lowered,
    kinds: list[int],
    fed: list[int],
    outputs: list[int],
    *,
    late_gradients: bool = True,
    hoist: bool = True,
    after: bool = True,
) -> Schedule:
    """When each instruction of a step runs.

    Example:
        >>> plan = schedule(lowered, [SEQUENCE, FED], fed=[next_h], outputs=[y])
        >>> [i.node for i in plan.after]
        ['logits']

    Args:
        lowered: the step.
        kinds: `FIXED`, `SEQUENCE` or `FED` for each input of the step.
        fed: the numbers of the values that the next timestep needs.
        outputs: the numbers of the step's outputs.
        late_gradients: group sums of products, so that the gradients of their weights can be deferred.
        hoist: move instructions out of the loop.
        after: whether instructions may run after the loop.
    """
    kind = dict(zip(lowered.inputs, kinds, strict=True))
    for instruction in lowered.instructions:
        kind |= dict.fromkeys(instruction.writes, _kind_of(instruction, kind))
    place = {id(i): "loop" for i in lowered.instructions}
    if hoist:
        _place_fixed(lowered, kind, place)
        _place_before(lowered, kind, place)
    if hoist and after:
        _place_after(lowered, kind, place, fed)
    at = {name: [] for name in ("fixed", "before", "loop", "after")}
    for instruction in lowered.instructions:
        at[place[id(instruction)]].append(instruction)
    written = {n: p for p, instructions in at.items() for i in instructions for n in i.writes}
    emitted = [n for n in outputs if written.get(n) != "after"]
    emitted += [n for i in at["after"] for n in i.reads if written.get(n) != "after"]
    emitted = list(dict.fromkeys(emitted))
    needed = [n for i in at["loop"] for n in i.reads] + fed + emitted
    fixed = {n for n, of in kind.items() if of == FIXED}
    loop = group(at["loop"], [*fed, *emitted], fixed) if late_gradients else at["loop"]
    return Schedule(
        fixed=at["fixed"],
        before=at["before"],
        loop=loop,
        after=at["after"],
        from_fixed=[n for n in dict.fromkeys(needed) if written.get(n) == "fixed"],
        from_before=[n for n in dict.fromkeys(needed) if written.get(n) == "before"],
        emitted=emitted,
    )


def _kind_of(instruction, kind):
    kinds = {kind[n] for n in instruction.reads}
    if kinds <= {FIXED}:
        return FIXED
    # A sequence and a constant together have no common batch to be folded into.
    return SEQUENCE if kinds == {SEQUENCE} and instruction.per_sample else FED


def _place_fixed(lowered, kind, place):
    for instruction in lowered.instructions:
        if kind[instruction.writes[0]] == FIXED:
            place[id(instruction)] = "fixed"


def _place_before(lowered, kind, place):
    # The last sums of products stay in the loop: measured on a CPU, writing all of z and reading it again
    # takes longer than a second product at each timestep. So only what feeds other instructions moves.
    movable = [i for i in lowered.instructions if kind[i.writes[0]] == SEQUENCE]
    readers: dict[int, list] = {}
    for instruction in lowered.instructions:
        for number in instruction.reads:
            readers.setdefault(number, []).append(instruction)
    stay: set[int] = set()
    for instruction in reversed(movable):
        next_readers = [r for n in instruction.writes for r in readers.get(n, [])]
        # The terms of a sum stay with it; what a product multiplies is no term.
        ends_here = not next_readers or any(
            r not in movable or (id(r) in stay and r.kind != "product") for r in next_readers
        )
        if instruction.kind in ("product", "bias", "sum") and ends_here:
            stay.add(id(instruction))
    moved = {id(i) for i in movable if id(i) not in stay}
    if not any(i.is_heavy for i in movable if id(i) in moved):
        # Then a product reads an input of the loop, whose gradient can be deferred and is often not needed.
        moved = {id(i) for i in movable if _feeds(i, readers, lambda r: r.kind == "product")} & moved
    for instruction in reversed(movable):
        if _feeds(instruction, readers, lambda r: id(r) in moved):
            moved.add(id(instruction))
    place.update(dict.fromkeys(moved, "before"))


def _feeds(instruction, readers, accepts):
    return any(accepts(r) for n in instruction.writes for r in readers.get(n, []))


def _place_after(lowered, kind, place, fed):
    needed = set(fed)
    free = []
    for instruction in reversed(lowered.instructions):
        if place[id(instruction)] != "loop":
            continue
        if needed & set(instruction.writes):
            needed |= set(instruction.reads)
        else:
            free.append(instruction)
    free_numbers = {n for i in free for n in i.writes}
    # Only what can run on all timesteps at once, and reads nothing that is fixed.
    chosen: set[int] = set()
    for instruction in reversed(free):
        known = all(kind[n] != FIXED and (n not in free_numbers or n in chosen) for n in instruction.reads)
        if instruction.per_sample and known:
            chosen |= set(instruction.writes)
    chosen = _grounded(free, chosen)
    moved = [i for i in free if set(i.writes) <= chosen]
    if any(i.is_heavy for i in moved):
        place.update((id(i), "after") for i in moved)


def _grounded(free, chosen):
    # An instruction that stays in the loop must not read what comes after it.
    for instruction in free:
        if not set(instruction.writes) <= chosen:
            chosen -= set(instruction.reads)
    return chosen
