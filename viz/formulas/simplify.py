"""Terms as a book has them: zeros left out, and the gates of one large product written apart."""

from rshop.expressions.terms import Function, Term, ordered, resolved
from viz.formulas.masked_softmax import masked_softmax


class Simplified:
    """The terms of a function, simplified.

    Example:
        >>> simplified = Simplified(step)  # y = tanh(W x) + 0 h
        >>> simplified.outputs[0].kind
        'tanh'

    Attributes:
        outputs: the results of the function, simplified.
        gates: identity of a term that is a weight -> the name of the gate that this part of it is for.

    Args:
        function: what is simplified.
    """

    def __init__(self, function: Function):
        self._readers: dict[int, list] = {}
        for term in ordered(function.outputs):
            for part in term.of:
                self._readers.setdefault(id(resolved(part)), []).append(term)
        self._made: dict[int, Term] = {}
        self._parts: dict[tuple, Term] = {}
        self.gates: dict[int, str] = {}
        self._kept: list = []
        self.outputs = [self.of(end) for end in function.outputs]

    def of(self, term: Term) -> Term:
        """A term, simplified."""
        term = resolved(term)
        if id(term) not in self._made:
            made = self._apart(term) or self._without_zeros(term)
            if made is not term and term.name is not None and not made.is_leaf and made.name is None:
                made.name, made.given = term.name, term.given
            elif made is not term and term.given:
                made = Term("same", [made], {}, term.shape, term.dtype, term.name, True)
            self._made[id(term)] = self._same_part(made)
        return self._made[id(term)]

    def _same_part(self, term):
        # The output of a cell and its state are often one value: one part stands for both.
        if term.kind != "part" or term.of[0].kind != "call":
            return term
        inside = resolved(term.of[0].how["what"].outputs[term.how["index"]])
        return self._parts.setdefault((id(term.of[0]), id(inside)), term)

    def _without_zeros(self, term):
        if term.is_leaf:
            return term
        shares = masked_softmax(term)
        if shares is not None:
            of = [self.of(part) for part in shares]
            return Term("softmax", of, {}, term.shape, term.dtype, term.name, term.given)
        of = [self.of(part) for part in term.of]
        zero, one = ([_is_number(part, value) for part in of] for value in (0, 1))
        if term.kind == "multiply" and any(zero):
            return Term("number", how={"value": 0.0}, shape=term.shape)
        if term.kind in ("add", "subtract") and zero[1]:
            return of[0]
        if (term.kind == "add" and zero[0]) or (term.kind == "multiply" and one[0]):
            return of[1]
        if term.kind in ("multiply", "divide") and one[1]:
            return of[0]
        return Term(term.kind, of, term.how, term.shape, term.dtype, term.name, term.given)

    def _apart(self, term):
        # One of the parts into which a sum of products is split: the sum of the parts of these products.
        if term.kind == "part" and term.of[0].kind == "split":
            gate = self.gate(term) or str(term.how["index"] + 1)
            return self._columns(resolved(term.of[0].of[0]), gate)
        if term.kind == "item" and term.of[0].kind == "weight" and isinstance(term.how["key"], tuple):
            return self._weight(term, self.gate(term)) if self.gate(term) else None
        return None

    def _columns(self, term, gate):
        if term.given:
            return None
        if term.kind == "weight" or (term.kind == "item" and term.of[0].kind == "weight"):
            return self._weight(term, gate)
        if term.kind == "matmul":
            weight = self._columns(resolved(term.of[1]), gate)
            return weight and Term("matmul", [self.of(term.of[0]), weight], {}, term.shape)
        if term.kind == "add":
            both = [self._columns(resolved(part), gate) for part in term.of]
            return Term("add", both, {}, term.shape) if all(both) else None
        return None

    def _weight(self, term, gate):
        # Rows of a bias, of which one is added to what comes from the state, keep their number.
        found = Term(term.kind, list(term.of), term.how, term.shape, term.dtype, term.name)
        if term.kind == "item" and isinstance(term.how["key"], tuple):
            found = Term("weight", [], term.of[0].how, term.shape, name=term.of[0].name)
        self._kept.append(found)
        self.gates[id(found)] = gate
        return found

    def gate(self, term) -> str | None:
        """The name of the value that a term is made into, None where it goes into several."""
        for _ in range(6):
            readers = {id(r): r for r in self._readers.get(id(term), [])}
            if len(readers) != 1:
                return None
            (term,) = readers.values()
            if term.given:
                return term.name
        return None


def _is_number(term, value):
    return term.kind == "number" and term.how["value"] == value
