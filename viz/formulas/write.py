"""The equations of one function: which values get a line, and under which symbol."""

import re
from dataclasses import dataclass

from rshop.expressions.terms import Function, Term, ordered, resolved
from viz.formulas.forms import ATOM, FORMS, LAYOUT, named
from viz.formulas.function_names import function_names, inner_functions
from viz.formulas.simplify import Simplified
from viz.formulas.symbols import plain, symbol
from viz.formulas.weights import WeightNames, depending_on, made_up
from viz.style.book_letters import book_letters

# Names that a cell of this project gives to what a book has no letter for.
_HIDDEN = ("squashed_c",)


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
        >>> [line.right[1] for line in Writer(step, names={}).lines()]
        ['tanh(W x_t + b + U h_{t-1})']

    Args:
        function: of the step, or of something in it.
        names: of the functions that it calls, by identity.
        outermost: it is the step, whose outputs have a line of their own where they are states too.
    """

    def __init__(self, function: Function, names: dict[int, str], outermost: bool = True):
        self.function, self.simple, self.outermost = function, Simplified(function), outermost
        self._names = names
        self._letters: dict[str, str] = {}
        self._given: set[str] = set()
        self._symbols: dict[int, tuple] = {}
        self._changing: set[int] = set()
        self._untimed: dict[int, str] = {}
        self._lines: list[Line] = []
        self._uses: dict[int, int] = {}
        self._parts: dict[int, list] = {}
        self._aliases: dict[int, Term] = {}
        self.arguments = self._reads()

    def lines(self) -> list[Line]:
        """The equations in the order of the step; shared values once, zeros left out."""
        outputs = [resolved(end) for end in self.simple.outputs]
        terms = ordered(outputs)
        self._count(terms, outputs)
        self._given = {_bare(term.name) for term in terms if term.given and term.name}
        self._letters = book_letters(self._given)
        roles = self.function.roles or [""] * len(self.function.reads)
        reads = zip(self.function.reads, roles, strict=True)
        # What depends on constants and weights alone has no timestep.
        self._changing = depending_on([read for read, role in reads if role != "constant"], terms)
        ends = self._ends(outputs)
        self._weights = WeightNames(self.function, terms, self._without_time)
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
            shorts = [other.rpartition("/")[2] for other in cells]
            short = shorts[cells.index(cell)]
            # A number also where a cell in another model has the same name.
            numbered = made_up(short) or short.isdigit() or shorts.count(short) > 1
            under = str(cells.index(cell) + 1) if numbered else short
        return symbol(_bare(last), time=time, under=under)

    def _count(self, terms, outputs):
        for term in terms:
            for part in map(resolved, term.of):
                self._uses[id(part)] = self._uses.get(id(part), 0) + 1
                if term.kind in ("part", "result"):
                    self._parts.setdefault(id(part), []).append(term)
                elif term.kind == "same":
                    self._aliases.setdefault(id(part), term)
        for end in outputs:
            self._uses[id(end)] = self._uses.get(id(end), 0) + 1

    def _ends(self, outputs):
        # The next states and outputs: a value without a name of the user's is called after them.
        function, left = self.function, []
        states = function.states
        first = len(outputs) - len(states)
        names = [f"y{i + 1}" for i in range(first)] if first > 1 else ["y"] * first

        def called(time):
            return [symbol(name, time=time) for name in names] + [self._state(name, time) for name in states]

        symbols, untimed = called("t"), called(None)
        for i in [*range(first, len(outputs)), *range(first)]:
            term, end = outputs[i], symbols[i]
            if id(term) not in self._symbols and not term.is_leaf and not self._shown(term):
                self._symbols[id(term)], self._untimed[id(term)] = (end, None), untimed[i][1]
            elif self._called(term) != end and (self.outermost or i >= first):
                left.append((term, end))
        return left

    def _called(self, term):
        if id(term) in self._symbols:
            return self._symbols[id(term)][0]
        return symbol(self._letter(term.name), time=self._time(term)) if self._shown(term) else None

    def _shown(self, term):
        # A layer called as a matrix is that matrix, where its result is used once.
        matrix = len(term.name or "") == 1 and term.name.isupper() and self._uses[id(term)] == 1
        return term.given and term.name not in (None, *_HIDDEN) and not matrix

    def _line(self, term):
        known, parts = self._symbols.get(id(term)), self._parts.get(id(term), [])
        if term.is_leaf or term.kind == "part" or (term.kind == "result" and known and known[1] == ATOM):
            return
        if parts and (term.kind in ("call", "split", "unstack") or len(parts) > 1):
            self._unpack(term)
        elif known is not None and known[1] is None:
            self._assign(term, known[0])
        elif self._shown(term):
            self._assign(term, symbol(self._letter(term.name), time=self._time(term)))
        elif self._uses[id(term)] > 1:
            self._assign(term, self._sign_of(term))

    def _assign(self, term, sign):
        right, _ = self._form(term)
        self._symbols[id(term)] = sign, ATOM
        self._equal(sign, right)

    def _equal(self, left, right):
        if left != right:
            self._lines.append(Line(left, right))

    def _sign_of(self, term):
        # What only repeats it under a name of the user's gives it that name.
        alias = self._aliases.get(id(term))
        return self._free(term) if alias is None or not self._shown(alias) else self._called(alias)

    def _free(self, term):
        taken = {found[0] for found in self._symbols.values()}
        time = self._time(term)
        if term.kind == "result" and not term.how["index"]:
            # What a layer made of all timesteps is called after it.
            layer = resolved(term.of[0]).how["what"].name.removeprefix("run_")
            found = symbol(layer, time=time)
            if not made_up(layer) and found not in taken and layer not in self._given:
                return found
        number = next(i for i in range(1, 10**6) if symbol(f"u{i}", time=time) not in taken)
        return symbol(f"u{number}", time=time)

    def _letter(self, name):
        return self._letters.get(_bare(name), _bare(name))

    def _time(self, term):
        return "t" if id(term) in self._changing else None

    def _unpack(self, term):
        parts, signs = sorted(self._parts[id(term)], key=lambda p: p.how["index"]), []
        for part in parts:
            known = self._symbols.get(id(part))
            found = self._sign_of(part) if known is None else known[0]
            self._symbols[id(part)] = found, ATOM
            if part.kind == "result":  # a loop returns all, also what is not read
                signs += [(r"\_", "_")] * (part.how["index"] - len(signs))
            signs.append(found)
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
            called = self._names.get(id(term.how["what"]), term.how["what"].name)
            return named(called)(term, lambda i, level: self._operand(term.of[i], level))
        if term.kind == "result":
            (latex, text), index = self._operand(term.of[0], ATOM), term.how["index"]
            return ((latex, text) if not index else (f"{latex}_{{{index}}}", f"{text}[{index}]")), ATOM
        if term.kind == "part":
            (latex, text), index = self._operand(term.of[0], ATOM), term.how["index"] + 1
            return (f"{latex}_{{{index}}}", f"{text}[{index}]"), ATOM
        return FORMS.get(term.kind, named(term.kind))(term, lambda i, level: self._operand(term.of[i], level))

    def _without_time(self, term):
        if id(term) in self._untimed:
            return self._untimed[id(term)]
        return symbol(self._letter(term.name))[1] if self._shown(term) else None

    def _weight(self, term):
        inner = term if term.kind == "weight" else term.of[0]
        letter, under = self._weights[inner.how["key"]]
        gate = self.simple.gates.get(id(term), "")
        gate = symbol(self._letter(gate))[1] if gate else ""
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


def equations_of(function: Function) -> list[Line]:
    """The equations of a function, then those of every function and loop that it calls, under headings."""
    names = function_names(function)
    lines = Writer(function, names).lines()
    for what in inner_functions(function):
        step = getattr(what, "step", what)
        writer = Writer(step, names, outermost=False)
        inside = writer.lines()
        lines += [_heading(names[id(what)], writer, over_time=what is not step), *inside]
    return lines


def _heading(name, writer, over_time):
    latex, text = (", ".join(a[k] for a in writer.arguments) for k in (0, 1))
    results = writer.results()
    many = len(results) > 1
    y_latex, y_text = (", ".join(r[k] for r in results) for k in (0, 1))
    y_latex, y_text = (f"({y_latex})", f"({y_text})") if many else (y_latex, y_text)
    over = "each timestep of" if over_time else "where"
    return Line(
        ("", ""),
        (
            f"\\text{{{over} }} {y_latex} = \\operatorname{{{plain(name)}}}\\left({latex}\\right)\\colon",
            f"{over} {y_text} = {name}({text}):",
        ),
    )


def _bare(name):
    return re.sub(r"_t$", "", name.rpartition("/")[2])
