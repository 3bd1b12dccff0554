"""Sums of products: `z = a W + h U + b`. Of such a sum only the result has to be kept for the way back."""

from collections import Counter
from dataclasses import dataclass

from rshop.fast.plan.lower import Work

#: Products of fewer weights than this are done as one (measured on a CPU: from 128 units on, two that
#: run side by side are sooner done than one).
FEW_WEIGHTS = 2**15


@dataclass(frozen=True)
class Factors:
    """The two factors of a product.

    Attributes:
        read: the number of the value that changes with time.
        weight: which `Weight` it is multiplied with; None for a fixed value.
        fixed: the number of that value, which each sample has of its own.
        letters: see `known.Product`.
    """

    read: int
    weight: int | None
    fixed: int | None = None
    letters: tuple[str, str, str] | None = None


@dataclass(eq=False)
class Group:
    """A sum of products, biases and other values, all of one shape.

    The way back needs of it: its gradient `dz`, which is that of each bias and each other value;
    `dz W^T` for what a product reads; and, after the loop, `a^T dz` for its weight.

    Attributes:
        write: the number of the sum.
        products: its products.
        biases: the weight of each bias.
        others: the numbers of the other values.
        works: what computes it.
    """

    write: int
    products: list[Factors]
    biases: list[int]
    others: list[int]
    works: list[Work]

    @property
    def reads(self) -> list[int]:
        """The numbers of the values that it needs and that change with time."""
        return [*(product.read for product in self.products), *self.others]

    @property
    def fixed(self) -> list[int]:
        """The numbers of the fixed values that it needs."""
        return [product.fixed for product in self.products if product.fixed is not None]

    def is_merged(self, likes: list) -> bool:
        """Whether its products are done as one: `[a, h] [W; U]`.

        Args:
            likes: for each number a Keras tensor of its shape.
        """
        if len(self.products) < 2 or any(product.weight is None for product in self.products):
            return False
        rows = sum(likes[product.read].shape[-1] for product in self.products)
        return rows * likes[self.write].shape[-1] < FEW_WEIGHTS


def group(works: list[Work], kept: list[int], fixed: set[int]) -> list:
    """The same works in the same order, with sums of products as a `Group` each.

    Example:
        >>> group([x_W, h_U, plus, tanh], kept=[], fixed=set())  # Works
        [Group, Work]

    Args:
        works: in running order.
        kept: the numbers that are needed elsewhere.
        fixed: the numbers of the values that are the same at all timesteps.
    """
    uses = Counter([*kept, *(number for work in works for number in work.reads)])
    open_groups: dict[int, Group] = {}
    result: list = []
    for work in works:
        made = _join(work, open_groups, uses, fixed)
        if made is None:
            result.append(work)
            continue
        for joined in _joined(work, open_groups, uses):
            result.remove(open_groups.pop(joined.write))
        open_groups[made.write] = made
        result.append(made)
    return result


def _join(work, open_groups, uses, fixed) -> Group | None:
    factors = _factors(work, fixed)
    if factors is not None:
        return Group(work.writes[0], [factors], [], [], [work])
    inside = _joined(work, open_groups, uses)
    if work.kind not in ("bias", "sum") or (work.kind == "sum" and not inside):
        return None
    joined = {g.write for g in inside}
    return Group(
        work.writes[0],
        [product for g in inside for product in g.products],
        [b for g in inside for b in g.biases] + ([work.weight] if work.kind == "bias" else []),
        [n for g in inside for n in g.others] + [n for n in work.reads if n not in joined],
        [w for g in inside for w in g.works] + [work],
    )


def _factors(work, fixed) -> Factors | None:
    if work.kind == "product":
        return Factors(work.reads[0], work.weight)
    if work.kind != "contraction" or len({number in fixed for number in work.reads}) != 2:
        return None
    of, letters = work.reads, work.letters
    if of[0] in fixed:
        of, letters = of[::-1], (letters[1], letters[0], letters[2])
    return Factors(of[0], None, of[1], letters)


def _joined(work, open_groups, uses) -> list[Group]:
    # A sum takes in the groups that it alone reads; a product only reads.
    if work.kind not in ("bias", "sum"):
        return []
    return [open_groups[n] for n in work.reads if n in open_groups and uses[n] == 1]
