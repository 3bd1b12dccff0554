"""The equations of one function: which values get a line, and under which symbol."""

import re
from dataclasses import dataclass

from keras import layers

from rshop.export.loops import BothWays
from rshop.export.terms import Function, Term, ordered, resolved
from rshop.step.names import snake_case
from viz.equations.forms import ATOM, FORMS, LAYOUT, named
from viz.equations.simplify import Simplified
from viz.equations.symbols import plain, symbol

_LETTERS = {"kernel": "W", "recurrent_kernel": "U", "bias": "b", "embeddings": "E", "attention_v": "v"}
# Names that a cell of this project gives to what a book has no letter for.
_HIDDEN = ("squashed_c",)
_MADE_UP = {snake_case(name) for name in dir(layers)} | {"lstm_cell", "gru_cell", "simple_rnn_cell"}
_MADE_UP |= {"rnn_cell_from_model", "recurrent_sequential", "recurrent_model", "cell_layer", "functional"}


@dataclass(frozen=True)
class Line:
    """One equation: its sides in LaTeX and as text; without a left side, a heading."""

    left: tuple[str, str]
    right: tuple[str, str]

    @property
    def is_heading(self) -> bool:
        """Whether it only says what the equations below are of."""
        return not self.left[0]


class Writer:
    """Writes a function.

    Example:
        >>> [line.right[1] for line in Writer(step).lines()]
        ['tanh(W x_t + b + U h_{t-1})']

    Args:
        function: of the step, or of something in it.
        outermost: it is the step, whose outputs have a line of their own where they are states too.
    """

    def __init__(self, function: Function, outermost: bool = True):
        self.function, self.simple, self.outermost = function, Simplified(function), outermost
        self._symbols: dict[int, tuple] = {}
        self._weights: dict[str, tuple] = {}
        self._lines: list[Line] = []
        self._uses: dict[int, int] = {}
        self._parts: dict[int, list] = {}
        self.arguments = self._reads()

    def lines(self) -> list[Line]:
        """The equations in the order of the step; shared values once, zeros left out."""
        outputs = [resolved(end) for end in self.simple.outputs]
        terms = ordered(outputs)
        self._count(terms, outputs)
        self._name_weights(terms)
        ends = self._ends(outputs)
        for term in terms:
            self._line(term)
        for term, end in ends:
            self._equal(end, self._operand(term, 0))
        return self._lines

    def results(self) -> list[tuple[str, str]]:
        """The symbols of the results, each once; to be asked after `lines`."""
        found = [self._operand(resolved(end), 0) for end in self.simple.outputs]
        return list(dict.fromkeys(found))

    def _reads(self):
        states = iter(self.function.states)
        roles = self.function.roles or ["input"] * len(self.function.reads)
        made = []
        for read, role in zip(self.function.reads, roles, strict=True):
            if role == "state":
                found = self._state(next(states), "t-1")
            else:
                name = re.sub(r"_tm1$", "", read.name)
                past = role == "readout" or name != read.name
                time = {"constant": None}.get(role, "t-1" if past else "t")
                found = symbol(
                    "y" if role == "readout" and read.name == "readout" else _bare(name), time=time
                )
            self._symbols[id(read)] = found, ATOM
            made.append(found)
        return made

    def _state(self, name, time):
        cell, _, last = name.rpartition("/")
        cells = list(dict.fromkeys(n.rpartition("/")[0] for n in self.function.states))
        under = ""
        if len(cells) > 1:
            under = str(cells.index(cell) + 1) if _made_up(cell.rpartition("/")[2]) else cell
        return symbol(_bare(last), time=time, under=under)

    def _count(self, terms, outputs):
        for term in terms:
            for part in map(resolved, term.of):
                self._uses[id(part)] = self._uses.get(id(part), 0) + 1
                if term.kind == "part":
                    self._parts.setdefault(id(part), []).append(term)
        for end in outputs:
            self._uses[id(end)] = self._uses.get(id(end), 0) + 1

    def _ends(self, outputs):
        # The next states and outputs: a value without a name of the user's is called after them.
        function, left = self.function, []
        states = function.states
        first = len(outputs) - len(states)
        symbols = [self._state(name, "t") for name in states]
        many = first > 1
        symbols = [symbol(f"y{i + 1}" if many else "y", time="t") for i in range(first)] + symbols
        for i in [*range(first, len(outputs)), *range(first)]:
            term, end = outputs[i], symbols[i]
            if id(term) not in self._symbols and not term.is_leaf and not self._shown(term):
                self._symbols[id(term)] = end, None
            elif self._called(term) != end and (self.outermost or i >= first):
                left.append((term, end))
        return left

    def _called(self, term):
        if id(term) in self._symbols:
            return self._symbols[id(term)][0]
        return symbol(_bare(term.name), time="t") if self._shown(term) else None

    def _shown(self, term):
        # A layer called as a matrix is that matrix, where its result is used once.
        matrix = len(term.name or "") == 1 and term.name.isupper() and self._uses[id(term)] == 1
        return term.given and term.name not in (None, *_HIDDEN) and not matrix

    def _line(self, term):
        if term.is_leaf or term.kind == "result":
            return
        if term.kind == "part":
            return
        known = self._symbols.get(id(term))
        if term.kind in ("call", "split", "unstack") and id(term) in self._parts:
            self._unpack(term)
        elif known is not None and known[1] is None:
            self._assign(term, known[0])
        elif self._shown(term):
            self._assign(term, symbol(_bare(term.name), time="t"))
        elif self._uses[id(term)] > 1 and term.kind not in ("call", "run"):
            self._assign(term, self._free(term))

    def _assign(self, term, sign):
        right, _ = self._form(term)
        self._symbols[id(term)] = sign, ATOM
        self._equal(sign, right)

    def _equal(self, left, right):
        if left != right:
            self._lines.append(Line(left, right))

    def _free(self, term):
        taken = {found[0] for found in self._symbols.values()}
        number = next(i for i in range(1, 10**6) if symbol(f"u{i}", time="t") not in taken)
        return symbol(f"u{number}", time="t")

    def _unpack(self, term):
        signs = []
        for part in sorted(self._parts[id(term)], key=lambda p: p.how["index"]):
            known = self._symbols.get(id(part))
            signs.append(self._free(part) if known is None else known[0])
            self._symbols[id(part)] = signs[-1], ATOM
        latex, text = (", ".join(s[k] for s in signs) for k in (0, 1))
        left = (latex, text) if len(signs) == 1 else (f"({latex})", f"({text})")
        self._equal(left, self._form(term)[0])

    def _operand(self, term, level):
        term = resolved(term)
        if term.kind == "part" and id(term) not in self._symbols:
            return self._form(term)[0]
        if id(term) not in self._symbols or self._symbols[id(term)][1] is None:
            found = self._form(term)
        else:
            found = self._symbols[id(term)]
        (latex, text), own = found
        return (f"\\left({latex}\\right)", f"({text})") if own < level else (latex, text)

    def _form(self, term):
        if term.kind == "weight" or (term.kind == "item" and term.of[0].kind == "weight"):
            return self._weight(term), ATOM
        if term.kind == "same" or term.kind in LAYOUT:
            inner = resolved(term.of[0])
            found = self._symbols.get(id(inner), (None, None))
            return self._form(inner) if found[1] is None else found
        if term.kind in ("call", "run"):
            return named(term.how["what"].name)(term, lambda i, level: self._operand(term.of[i], level))
        if term.kind == "result":
            (latex, text), index = self._operand(term.of[0], ATOM), term.how["index"]
            return ((latex, text) if not index else (f"{latex}_{{{index}}}", f"{text}[{index}]")), ATOM
        if term.kind == "part":
            (latex, text), index = self._operand(term.of[0], ATOM), term.how["index"] + 1
            return (f"{latex}_{{{index}}}", f"{text}[{index}]"), ATOM
        return FORMS.get(term.kind, named(term.kind))(term, lambda i, level: self._operand(term.of[i], level))

    def _name_weights(self, terms):
        keys = [t.how["key"] for t in terms if t.kind == "weight"]
        keys = list(dict.fromkeys(keys))
        letters, layers_of = [_letter(key) for key in keys], [_layer(key) for key in keys]
        numbers = list(dict.fromkeys(layer for layer in layers_of if _made_up(layer)))
        for key, letter, layer in zip(keys, letters, layers_of, strict=True):
            if len(layer) == 1 and key.endswith("kernel"):
                self._weights[key] = layer, ""
            elif letters.count(letter) == 1 or not layer:
                self._weights[key] = letter, ""
            else:
                self._weights[key] = letter, str(numbers.index(layer) + 1) if layer in numbers else layer

    def _weight(self, term):
        inner = term if term.kind == "weight" else term.of[0]
        letter, under = self._weights[inner.how["key"]]
        gate = self.simple.gates.get(id(term), "")
        gate = symbol(gate)[1] if gate else ""
        under = ",".join(part for part in (under, gate) if part)
        latex, text = symbol(letter, under=under)
        if term.kind == "item":
            mark = "'" if term.how["key"] == 1 else ""
            if term.how["key"] not in (0, 1) or isinstance(term.how["key"], tuple):
                return FORMS["item"](Term("item", [inner], term.how), lambda i, level: (latex, text))[0]
            return (
                f"{letter}{mark}" + latex.removeprefix(letter),
                f"{letter}{mark}" + text.removeprefix(letter),
            )
        return latex, text


def equations_of(function: Function, seen: set | None = None, outermost: bool = True) -> list[Line]:
    """The equations of a function, then those of every function and loop that it calls, under headings."""
    seen = set() if seen is None else seen
    lines = Writer(function, outermost).lines()
    for inner in function.inner():
        for what in [inner.forward, inner.backward] if isinstance(inner, BothWays) else [inner]:
            if id(what) in seen:
                continue
            seen.add(id(what))
            step = getattr(what, "step", what)
            writer = Writer(step, outermost=False)
            inside = writer.lines()
            lines.append(_heading(what, step, writer))
            lines += inside
            lines += equations_of(step, seen, False)[len(inside) :]
    return lines


def _heading(what, step, writer):
    latex, text = (", ".join(a[k] for a in writer.arguments) for k in (0, 1))
    results = writer.results()
    many = len(results) > 1
    y_latex, y_text = (", ".join(r[k] for r in results) for k in (0, 1))
    y_latex, y_text = (f"({y_latex})", f"({y_text})") if many else (y_latex, y_text)
    name = plain(what.name)
    over = "each timestep of" if what is not step else "where"
    return Line(
        ("", ""),
        (
            f"\\text{{{over} }} {y_latex} = \\operatorname{{{name}}}\\left({latex}\\right)\\colon",
            f"{over} {y_text} = {what.name}({text}):",
        ),
    )


def _bare(name):
    return re.sub(r"_t$", "", name.rpartition("/")[2])


def _letter(key):
    last = key.rpartition("/")[2]
    return _LETTERS.get(re.sub(r"_\d+$", "", last), re.sub(r"_\d+$", "", last))


def _layer(key):
    return key.rpartition("/")[0].rpartition("/")[2]


def _made_up(layer):
    return re.sub(r"_\d+$", "", layer) in _MADE_UP
