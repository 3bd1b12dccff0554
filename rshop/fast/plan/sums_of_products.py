"""Sums of products, `z = a W + h U + b`: of such a sum the backward pass needs the result alone."""

from collections import Counter
from dataclasses import dataclass

from rshop.fast.plan.instructions import Instruction

#: Products of fewer weights than this run as one (measured on a CPU: from 128 units on, two that run side
#: by side are faster than one).
FEW_WEIGHTS = 2**15


@dataclass(frozen=True)
class Factors:
    """The two factors of a product.

    Attributes:
        read: the number of the value that changes with time.
        weight: the number of the `Weight` that it is multiplied with; None for a fixed value.
        fixed: the number of that value, which each sample has of its own.
        letters: see `known_sums.Product`.
    """

    read: int
    weight: int | None
    fixed: int | None = None
    letters: tuple[str, str, str] | None = None


@dataclass(eq=False)
class Group:
    """A sum of products, biases and other values, all of one shape.

    Its gradient `dz` is that of each bias and each other value; what a product reads has the gradient
    `dz W^T`, and its weight, after the loop, `a^T dz`.

    Attributes:
        write: the number of the sum.
        products: its products.
        biases: the number of the `Weight` of each bias.
        others: the numbers of the other values.
        instructions: those that compute it.
    """

    write: int
    products: list[Factors]
    biases: list[int]
    others: list[int]
    instructions: list[Instruction]

    @property
    def reads(self) -> list[int]:
        """The numbers of the values that it needs and that change with time."""
        return [*(product.read for product in self.products), *self.others]

    @property
    def fixed(self) -> list[int]:
        """The numbers of the fixed values that it needs."""
        return [product.fixed for product in self.products if product.fixed is not None]

    def is_merged(self, likes: list) -> bool:
        """Whether its products run as one: `[a, h] [W; U]`.

        Args:
            likes: for each number a Keras tensor of its shape.
        """
        if len(self.products) < 2 or any(product.weight is None for product in self.products):
            return False
        rows = sum(likes[product.read].shape[-1] for product in self.products)
        return rows * likes[self.write].shape[-1] < FEW_WEIGHTS


def group(instructions: list[Instruction], kept: list[int], fixed: set[int]) -> list:
    """The same instructions in the same order, with each sum of products as a `Group`.

    Example:
        >>> group([x_W, h_U, plus, tanh], kept=[], fixed=set())  # Instructions
        [Group(...), tanh]

    Args:
        instructions: in running order.
        kept: the numbers of the values that are needed elsewhere.
        fixed: the numbers of the values that are the same at all timesteps.
    """
    uses = Counter([*kept, *(number for instruction in instructions for number in instruction.reads)])
    open_groups: dict[int, Group] = {}
    result: list = []
    for instruction in instructions:
        grouped = _join(instruction, open_groups, uses, fixed)
        if grouped is None:
            result.append(instruction)
            continue
        for joined in _joined(instruction, open_groups, uses):
            result.remove(open_groups.pop(joined.write))
        open_groups[grouped.write] = grouped
        result.append(grouped)
    return result


def _join(instruction, open_groups, uses, fixed) -> Group | None:
    factors = _factors(instruction, fixed)
    if factors is not None:
        return Group(instruction.writes[0], [factors], [], [], [instruction])
    inside = _joined(instruction, open_groups, uses)
    if instruction.kind not in ("bias", "sum") or (instruction.kind == "sum" and not inside):
        return None
    joined = {g.write for g in inside}
    return Group(
        instruction.writes[0],
        [product for g in inside for product in g.products],
        [b for g in inside for b in g.biases] + ([instruction.weight] if instruction.kind == "bias" else []),
        [n for g in inside for n in g.others] + [n for n in instruction.reads if n not in joined],
        [i for g in inside for i in g.instructions] + [instruction],
    )


def _factors(instruction, fixed) -> Factors | None:
    if instruction.kind == "product":
        return Factors(instruction.reads[0], instruction.weight)
    if instruction.kind != "contraction" or len({number in fixed for number in instruction.reads}) != 2:
        return None
    of, letters = instruction.reads, instruction.letters
    if of[0] in fixed:
        of, letters = of[::-1], (letters[1], letters[0], letters[2])
    return Factors(of[0], None, of[1], letters)


def _joined(instruction, open_groups, uses) -> list[Group]:
    # A sum takes in the groups that nothing else reads.
    if instruction.kind not in ("bias", "sum"):
        return []
    return [open_groups[n] for n in instruction.reads if n in open_groups and uses[n] == 1]
