"""Sums of products: `z = a W + h U + b`. Of such a sum only the result has to be kept for the way back."""

from collections import Counter
from dataclasses import dataclass

from .lower import Work


@dataclass(eq=False)
class Group:
    """A sum of products, biases and other values, all of one shape.

    The way back needs of it: its gradient `dz`, which is that of each bias and each other value;
    `dz W^T` for what a product reads; and, after the loop, `a^T dz` for its weight.

    Attributes:
        write: the number of the sum.
        products: `(number that is read, weight)` of each product.
        biases: the weight of each bias.
        others: the numbers of the other values.
        works: what computes it.
        nodes: the names of the nodes that it replaces.
    """

    write: int
    products: list[tuple[int, int]]
    biases: list[int]
    others: list[int]
    works: list[Work]

    @property
    def reads(self) -> list[int]:
        """The numbers of the values that it needs."""
        return [*(number for number, _ in self.products), *self.others]


def group(works: list[Work], kept: list[int]) -> list:
    """The same works in the same order, with sums of products as a `Group` each.

    Example:
        >>> group([x_W, h_U, plus, tanh], kept=[])  # Works
        [Group, Work]

    Args:
        works: in running order.
        kept: the numbers that are needed elsewhere.
    """
    uses = Counter([*kept, *(number for work in works for number in work.reads)])
    open_groups: dict[int, Group] = {}
    result: list = []
    for work in works:
        made = _join(work, open_groups, uses)
        if made is None:
            result.append(work)
            continue
        for joined in _joined(work, open_groups, uses):
            result.remove(open_groups.pop(joined.write))
        open_groups[made.write] = made
        result.append(made)
    return result


def _join(work, open_groups, uses) -> Group | None:
    if work.kind == "product":
        return Group(work.writes[0], [(work.reads[0], work.weight)], [], [], [work])
    inside = _joined(work, open_groups, uses)
    if work.kind == "call" or (work.kind == "sum" and not inside):
        return None
    joined = {g.write for g in inside}
    return Group(
        work.writes[0],
        [pair for g in inside for pair in g.products],
        [b for g in inside for b in g.biases] + ([work.weight] if work.kind == "bias" else []),
        [n for g in inside for n in g.others] + [n for n in work.reads if n not in joined],
        [w for g in inside for w in g.works] + [work],
    )


def _joined(work, open_groups, uses) -> list[Group]:
    # A sum takes in the groups that it alone reads; a product only reads.
    if work.kind not in ("bias", "sum"):
        return []
    return [open_groups[n] for n in work.reads if n in open_groups and uses[n] == 1]
