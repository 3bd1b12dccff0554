"""When each work of a step is done: before the loop over time, in it, or after it."""

from dataclasses import dataclass

from rshop.fast.plan.lower import Lowered, Work
from rshop.fast.plan.sums_of_products import Group, group

# What an input of the step is: the same at all timesteps, given for each, or known only in the loop.
FIXED, SEQUENCE, FED = 0, 1, 2


@dataclass
class Schedule:
    """The works of a step, dealt out.

    Attributes:
        fixed: works on constants alone, done once.
        before: works on the input alone, done for all timesteps at once.
        loop: works and groups of one timestep.
        after: works on what the loop emits, done for all timesteps at once.
        from_fixed, from_before: the numbers that the loop takes from these.
        emitted: the numbers that the loop hands out: outputs, and what `after` reads.
    """

    fixed: list[Work]
    before: list[Work]
    loop: list
    after: list[Work]
    from_fixed: list[int]
    from_before: list[int]
    emitted: list[int]

    def nodes(self) -> dict[str, str]:
        """For the name of each node, `"before"`, `"in"` or `"after"` the loop.

        A node that is in two places counts as in the loop.
        """
        loop = [w for item in self.loop for w in (item.works if isinstance(item, Group) else [item])]
        places = {w.node: "before" for w in [*self.fixed, *self.before]}
        places |= {w.node: "after" for w in self.after}
        return places | {w.node: "in" for w in loop}


def schedule(
    lowered: Lowered,
    kinds: list[int],
    fed: list[int],
    outputs: list[int],
    *,
    late: bool = True,
    hoist: bool = True,
    after: bool = True,
) -> Schedule:
    """Deal out the works of a step.

    Example:
        >>> plan = schedule(lowered, [SEQUENCE, FED], fed=[next_h], outputs=[y])
        >>> [work.node for work in plan.after]
        ['logits']

    Args:
        lowered: the works.
        kinds: `FIXED`, `SEQUENCE` or `FED` for each input of the step.
        fed: the numbers that the next timestep needs.
        outputs: the numbers of the step's outputs.
        late: group sums of products.
        hoist: take works out of the loop.
        after: whether works may be done after the loop.
    """
    kind = dict(zip(lowered.inputs, kinds, strict=True))
    for work in lowered.works:
        kind |= dict.fromkeys(work.writes, _kind_of(work, kind))
    place = {id(w): "loop" for w in lowered.works}
    if hoist:
        _place_fixed(lowered, kind, place)
        _place_before(lowered, kind, place)
    if hoist and after:
        _place_after(lowered, kind, place, fed, outputs)
    at = {p: [w for w in lowered.works if place[id(w)] == p] for p in ("fixed", "before", "loop", "after")}
    made = {n: p for p, works in at.items() for w in works for n in w.writes}
    emitted = [n for n in outputs if made.get(n) != "after"]
    emitted += [n for w in at["after"] for n in w.reads if made.get(n) != "after"]
    emitted = list(dict.fromkeys(emitted))
    needed = [n for w in at["loop"] for n in w.reads] + fed + emitted
    fixed = {n for n, of in kind.items() if of == FIXED}
    loop = group(at["loop"], [*fed, *emitted], fixed) if late else at["loop"]
    return Schedule(
        fixed=at["fixed"],
        before=at["before"],
        loop=loop,
        after=at["after"],
        from_fixed=[n for n in dict.fromkeys(needed) if made.get(n) == "fixed"],
        from_before=[n for n in dict.fromkeys(needed) if made.get(n) == "before"],
        emitted=emitted,
    )


def _kind_of(work, kind):
    kinds = {kind[n] for n in work.reads}
    if kinds <= {FIXED}:
        return FIXED
    # A sequence and a constant together have no common batch to be folded into.
    return SEQUENCE if kinds == {SEQUENCE} and work.per_sample else FED


def _place_fixed(lowered, kind, place):
    for work in lowered.works:
        if kind[work.writes[0]] == FIXED:
            place[id(work)] = "fixed"


def _place_before(lowered, kind, place):
    # The last sums of products stay in the loop: measured on a CPU, writing all of z and reading it
    # again takes longer than a second product at each timestep. So only what feeds other work moves.
    movable = [w for w in lowered.works if kind[w.writes[0]] == SEQUENCE]
    readers: dict[int, list] = {}
    for work in lowered.works:
        for number in work.reads:
            readers.setdefault(number, []).append(work)
    stay: set[int] = set()
    for work in reversed(movable):
        next_works = [r for n in work.writes for r in readers.get(n, [])]
        # A sum that stays keeps its terms; what a product multiplies is no term of it.
        ends_here = not next_works or any(
            r not in movable or (id(r) in stay and r.kind != "product") for r in next_works
        )
        if work.kind in ("product", "bias", "sum") and ends_here:
            stay.add(id(work))
    moved = {id(w) for w in movable if id(w) not in stay}
    if not any(w.is_heavy for w in movable if id(w) in moved):
        # Then a product reads an input of the loop, whose gradient can wait, and is often not needed.
        moved = {id(w) for w in movable if _feeds(w, readers, lambda r: r.kind == "product")} & moved
    for work in reversed(movable):
        if _feeds(work, readers, lambda r: id(r) in moved):
            moved.add(id(work))
    place.update(dict.fromkeys(moved, "before"))


def _feeds(work, readers, accepts):
    return any(accepts(r) for n in work.writes for r in readers.get(n, []))


def _place_after(lowered, kind, place, fed, outputs):
    needed = set(fed)
    free = []
    for work in reversed(lowered.works):
        if place[id(work)] != "loop":
            continue
        if needed & set(work.writes):
            needed |= set(work.reads)
        else:
            free.append(work)
    free_numbers = {n for w in free for n in w.writes}
    # Only what can run on all timesteps at once, and on nothing that is fixed.
    chosen: set[int] = set()
    for work in reversed(free):
        known = all(kind[n] != FIXED and (n not in free_numbers or n in chosen) for n in work.reads)
        if work.per_sample and known:
            chosen |= set(work.writes)
    chosen = _grounded(free, chosen)
    moved = [w for w in free if set(w.writes) <= chosen]
    if any(w.is_heavy for w in moved):
        place.update((id(w), "after") for w in moved)


def _grounded(free, chosen):
    # A work that stays in the loop must not read what comes after it.
    for work in free:
        if not set(work.writes) <= chosen:
            chosen -= set(work.reads)
    return chosen
