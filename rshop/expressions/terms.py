"""Expressions: what a step computes, value by value, for whoever writes it down in another language."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count

import numpy as np


@dataclass(eq=False)
class Term:
    """A value of a step, and how it is computed from others.

    Example:
        >>> double = Term("multiply", [Term("number", how={"value": 2.0}), x])

    Attributes:
        kind: `read` for what a function is given, `weight` and `number` for what it knows, `call` and
            `run` for other functions and loops, `part` for one of several results, else an operation:
            `add`, `tanh`, `matmul`, ...
        of: the terms that it reads.
        how: what else the operation needs: `axis`, `value`, `key`, ...
        shape, dtype: of the value, as Keras knows them.
        name: what the value is called: by the user, or after the operation.
        given: whether that name is the user's.
        mask: the mask that the value carries, as a term, or None.
        serial: grows from term to term, so that what a term reads has a smaller one.
    """

    kind: str
    of: list["Term"] = field(default_factory=list)
    how: dict = field(default_factory=dict)
    shape: tuple = ()
    dtype: str = "float32"
    name: str | None = None
    given: bool = False
    mask: "Term | None" = None
    serial: int = field(default_factory=count().__next__)

    @property
    def is_leaf(self) -> bool:
        """Whether it is read, known, or a number."""
        return self.kind in ("read", "weight", "number")


@dataclass(eq=False)
class Function:
    """A step, or a model or layer in it, as expressions of what it reads.

    Attributes:
        name: what it is called.
        reads: its arguments, terms of the kind `read`; the masks that some of them carry are arguments too.
        outputs: its results.
        about: what it is, in words.
        roles: of a step or a cell: `input`, `constant`, `state` or `readout` for each of its arguments.
        states: the names of the states among them.
        mask_places: for each of its own results, the place of the mask that it carries among all, or None.
    """

    name: str
    reads: list[Term]
    outputs: list[Term]
    about: str = ""
    roles: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    mask_places: list = field(default_factory=list)

    def hand_on_masks(self):
        """Make the masks that results carry results too, after the others."""
        masks = {id(y.mask): y.mask for y in self.outputs if y.mask is not None}
        place = {key: len(self.outputs) + i for i, key in enumerate(masks)}
        self.mask_places = [None if y.mask is None else place[id(y.mask)] for y in self.outputs]
        self.outputs = [*self.outputs, *masks.values()]

    @property
    def masks(self) -> list[Term]:
        """The masks among what it is given that its results depend on."""
        used = {id(term) for term in self.terms()}
        return [r.mask for r in self.reads if r.mask is not None and id(r.mask) in used]

    def terms(self) -> list[Term]:
        """Every term that the results depend on, each once, after what it reads."""
        return ordered(self.outputs)

    def inner(self) -> list:
        """The functions and loops that it calls, each once, in order."""
        found = {id(t.how["what"]): t.how["what"] for t in self.terms() if t.kind in ("call", "run")}
        return list(found.values())


def ordered(ends: Iterable[Term]) -> list[Term]:
    """The terms that some terms depend on and these themselves, each once, in the order of the step.

    Example:
        >>> [term.name for term in ordered([tanh_of_sum])]
        ['x', 'h_tm1', 'add', 'tanh']
    """
    found, left = {}, list(ends)
    while left:
        term = left.pop()
        if id(term) not in found:
            found[id(term)] = term
            left.extend(term.of)
    return sorted(found.values(), key=lambda term: term.serial)


def resolved(term: Term) -> Term:
    """The term, or the one that it only repeats without a name of its own."""
    while term.kind == "same" and not term.given:
        term = term.of[0]
    return term


def number(value) -> Term:
    """A number as a term, in as few digits as its precision has."""
    array = np.asarray(value)
    value = float(str(array)) if array.dtype.kind == "f" else array.item()
    return Term("number", how={"value": value}, dtype=str(array.dtype))


def everything(function: Function, of: Callable) -> Iterator:
    """Walk through a function and all that it calls, the innermost first, each once.

    Args:
        function: where to begin.
        of: gives the function of a loop.
    """
    seen = set()

    def walk(what):
        if id(what) in seen:
            return
        seen.add(id(what))
        for inner in of(what).inner():
            yield from walk(inner)
        yield what

    yield from walk(function)
