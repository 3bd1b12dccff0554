"""How one node of a step is written, in pieces: for who puts the names of what it reads into it."""

import re
from dataclasses import dataclass
from string import ascii_lowercase

from rshop.expressions.reader import Reader
from rshop.expressions.terms import Function, Term
from rshop.step.node import Node
from viz.formulas.function_names import function_names
from viz.formulas.weights import letter_of
from viz.formulas.write import Writer

# No name that a layer, a weight or a function has.
_READ = "whatisread"


@dataclass(frozen=True)
class Read:
    """Where the name of one of the node's inputs stands: of which."""

    place: int


@dataclass(frozen=True)
class Weight:
    """Where a weight of the node's layer stands: its letter."""

    letter: str


def form_of(node: Node) -> list[str | Read | Weight] | None:
    """The right side of the equation of a node: text, and what stands in it for its inputs and weights.

    Example:
        >>> form_of(node)  # of Dense(3, "tanh")
        ['tanh(', Weight(letter='W'), ' ', Read(place=0), ' + ', Weight(letter='b'), ')']

    Args:
        node: a layer or an operation, no model with a graph of its own.

    Returns:
        None where no expression is known, or one equation is not enough.
    """
    if node.inner is not None or len(node.outputs) != 1 or len(node.inputs) > len(ascii_lowercase):
        return None
    reads = [
        Term("read", [], {}, tuple(tensor.shape), tensor.dtype, _READ + letter, True)
        for letter, tensor in zip(ascii_lowercase, node.inputs, strict=False)
    ]
    try:
        function = Function(node.name, reads, Reader().results(node, reads), roles=["constant"] * len(reads))
    except ValueError:  # a part of which no expression is known
        return None
    lines = Writer(function, function_names(function), outermost=False).lines()
    return _pieces(function, lines[0].right[1]) if len(lines) == 1 else None


def _pieces(function, text):
    weights = {letter_of(term.how["key"]) for term in function.terms() if term.kind == "weight"}
    known = "|".join([_READ + "[a-z]", *map(re.escape, weights)])
    found = []
    for piece in re.split(rf"(?<![\w'])({known})(?![\w'])", text):
        if piece in weights:
            found.append(Weight(piece))
        elif piece.startswith(_READ):
            found.append(Read(ascii_lowercase.index(piece.removeprefix(_READ))))
        elif piece:
            found.append(piece)
    return found
