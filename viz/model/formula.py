"""Affine boxes as the formulas of a textbook: `W x + U h + b`, each letter with its subscript."""

from collections import Counter
from dataclasses import dataclass, replace

from rshop.cells.weights import Product
from viz.model import naming
from viz.model.affine_kind import CONVOLUTIONS, affine_kind
from viz.model.flow import Flow, Part
from viz.style.book_letters import book_letters
from viz.style.labels import Label

# A name up to this long is a letter of a formula, and a longer one a function: `query(h)`.
_LETTER = 3
# The most letters in a line of a formula.
_ACROSS = 34
# Kernels are W, and those of states U; further ones in the same box have these letters.
_FURTHER = "UVQRS"
_GATES = ("sigmoid", "hard_sigmoid")
# A browser leaves out plain spaces at the ends of a text.
_SPACE = "\u00a0"
# How what several boxes give is written: the start, what stands between them, the end.
_JOINED = {"×": ("(", f"{_SPACE}×{_SPACE}", ")"), "concat": ("[", f";{_SPACE}", "]")}


@dataclass(frozen=True)
class _Term:
    # A letter with its index, and what it multiplies as `(text, subscript)` pieces.
    letter: str
    operand: tuple[tuple[str, str], ...] = ()
    between: str = _SPACE
    index: str = ""
    named: bool = False

    @property
    def pieces(self):
        """The term as texts with subscripts: `(("W", "i"), (" ", ""), ("x", "t"))`."""
        if not self.operand:
            return [(self.letter, self.index)]
        end = [(")", "")] if self.between == "(" else []
        return [(self.letter, self.index), (self.between, ""), *self.operand, *end]


def formulas(flow: Flow, blocks: list[list[Part]], names: dict[str, Label]) -> list[Label]:
    """A label for each affine block.

    Example:
        >>> names = {"in0": Label("x", "t"), "in1": Label("h", "t-1")}
        >>> [label.name for label in formulas(flow, blocks, names)]
        ['W x_t + U h_t-1 + b']

    Args:
        flow: the flow in which the parts of the blocks are still boxes of their own.
        blocks: each with its parts in running order.
        names: of what the timestep reads, by id.
    """
    terms = [_terms(flow, block, names) for block in blocks]
    found = []
    for i, block in enumerate(blocks):
        # Letters are told apart within a frame: each cell of a stack has its own W.
        beside = [k for k, other in enumerate(blocks) if other[0].group == block[0].group]
        uses = Counter(letter for k in beside for letter in {t.letter for t in terms[k] if not t.named})
        tag = _tags(flow, [blocks[k] for k in beside])[beside.index(i)]
        told = [t if t.named or uses[t.letter] == 1 else replace(t, index=tag) for t in terms[i]]
        found.append(_label(told, block[-1].label.shape))
    return found


def _label(terms, shape):
    lines, room = [[]], 0
    for i, term in enumerate(terms):
        pieces = [(f"{_SPACE}+{_SPACE}", ""), *term.pieces] if i else term.pieces
        length = sum(len(text) + len(below) for text, below in pieces)
        if lines[-1] and room + length > _ACROSS:
            lines, room = [*lines, []], 0
        lines[-1] += pieces
        room += length
    plain = "".join(text + (f"_{below}" if below else "") for line in lines for text, below in line)
    return Label(plain.replace(_SPACE, " "), shape=shape, formula=tuple(map(tuple, lines)))


def _terms(flow, block, names):
    terms, biased = [], False
    for part in block:
        operation = part.nodes[0].operation
        kind = affine_kind(operation)
        if kind == "product":
            terms.append(_product(flow, part, names))
            # What is written as a function has its bias in it.
            biased |= getattr(operation, "use_bias", False) and terms[-1].between != "("
        biased |= kind == "bias"
    terms.sort(key=lambda term: term.letter != "W")
    used, further = set(), iter(_FURTHER)
    for i, term in enumerate(terms):
        if not term.named and term.letter in used:
            terms[i] = replace(term, letter=next(further, term.letter))
        used.add(terms[i].letter)
    return [*terms, _Term("b")] if biased else terms


def _product(flow, part, names):
    operation = part.nodes[0].operation
    source = _through_dropout(flow, part.id)
    operand = _operand(flow, source, names)
    between = f"{_SPACE}*{_SPACE}" if isinstance(operation, CONVOLUTIONS) else _SPACE
    given = naming.given(operation)
    if given is None or isinstance(operation, Product):
        recurrent = source in flow.past or "recurrent" in operation.name
        return _Term("U" if recurrent else "W", operand, between)
    return _Term(given, operand, between if len(given) <= _LETTER else "(", named=True)


def _sources(flow, id):
    return [link.source for link in flow.links if link.target == id]


def _through_dropout(flow, id):
    # A formula says what is multiplied, as it is without dropout.
    source = _sources(flow, id)[0]
    part = next((part for part in flow.parts if part.id == source), None)
    dropped = part is not None and "Dropout" in type(part.nodes[0].operation).__name__
    return _through_dropout(flow, source) if dropped else source


def _operand(flow, id, names, depth=0):
    if id in names:
        return ((names[id].title, names[id].below),)
    part = next(part for part in flow.parts if part.id == id)
    given, sign = naming.given(part.nodes[0].operation), naming.sign(part.nodes[0].operation)
    if given is not None:
        # A gate is known by its letter, as its own kernels are.
        letter = book_letters([given]).get(given, given[0])
        short = given if len(given) <= _LETTER else letter if depth and sign in _GATES else "·"
        return ((short, ""),)
    if depth == 0 and sign in _JOINED and len(part.nodes[0].inputs) > 1:
        start, between, end = _JOINED[sign]
        inner = [_operand(flow, source, names, 1) for source in _sources(flow, id)]
        pieces = [piece for more in inner for piece in ((between, ""), *more)][1:]
        known = all(text != "·" for text, _ in pieces) or sign == "concat"
        return ((start, ""), *pieces, (end, "")) if known else (("·", ""),)
    return (("·", ""),)


def _tags(flow, blocks):
    """A subscript for each block: the letter of what alone reads it, or else a number."""
    readers = [_reader(flow, block[-1].id) for block in blocks]
    letters = book_letters(filter(None, readers))
    tags = [reader and letters.get(reader, reader[0]) for reader in readers]
    if None in tags or len(set(tags)) < len(tags):
        return [str(i) for i in range(1, len(blocks) + 1)]
    return tags


def _reader(flow, id):
    readers = [part for part in flow.parts if any(k.source == id and k.target == part.id for k in flow.links)]
    alone = len(readers) == 1 and id not in flow.outputs
    return naming.given(readers[0].nodes[0].operation) if alone else None
