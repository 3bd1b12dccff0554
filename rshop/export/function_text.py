"""A function of terms as the text of a function in Python."""

import keyword
import re
import unicodedata
from collections.abc import Callable

from rshop.export import helpers
from rshop.export.forms import ATOM, FORMS
from rshop.expressions.terms import Function, Term, resolved
from rshop.step.names import free_name

#: Expressions longer than this get a line, and a name, for their longest part.
_LONG = 88
_TAKEN = {"np", "weights", "step", "run", *vars(helpers), *keyword.kwlist, *keyword.softkwlist}
_TAKEN |= {"batch", "length", "t", "new", "valid", "mask", "len", "zip", "list", "dict", "float", "range"}
_TAKEN |= {"reversed", "initial_state", "initial_readout", "constants", "constants_mask", "output_length"}


class Names:
    """Python names for values, each used once.

    Example:
        >>> names = Names()
        >>> names.new("lstm_cell/h"), names.new("lstm_cell/h"), names.new("lambda")
        ('lstm_cell_h', 'lstm_cell_h_1', 'lambda_1')
    """

    def __init__(self, taken=()):
        self._taken = {*_TAKEN, *taken}

    def new(self, name: str) -> str:
        """A free name that is as much like this one as Python allows."""
        word = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", name)).strip("_") or "value"
        word = f"v{word}" if word[0].isdigit() or not word.isidentifier() else word
        word = free_name(word, self._taken)
        self._taken.add(word)
        return word


class FunctionText:
    """Writes a function: a line for each value that has a name or is used twice, the others in place.

    Example:
        >>> print(FunctionText(step, call_text).text())
        def step(weights, x, h_tm1):
            h = np.tanh(x @ weights["W/kernel"] + h_tm1 @ weights["U/kernel"])
            return h, h

    Args:
        function: what is written.
        called: writes a call of another function or loop: `called(term, texts)`.
        taken: names of other functions.
    """

    def __init__(self, function: Function, called: Callable, taken=()):
        self.function, self.called = function, called
        self.names = Names([*taken, function.name, *(inner.name for inner in function.inner())])
        self.lines: list[str] = []
        self._texts: dict[int, tuple] = {}
        self._uses: dict[int, int] = {}
        self._readers: dict[int, list] = {}

    def text(self) -> str:
        """The text of the whole function."""
        reads = [*self.function.reads, *self.function.masks]
        arguments = [self.names.new(read.name) for read in reads]
        for read, name in zip(reads, arguments, strict=True):
            self._texts[id(read)] = name, ATOM
        terms = self.function.terms()
        self._count(terms)
        for term in terms:
            if not term.is_leaf:
                self._write(term)
        results = [self._operand(end, 0) for end in self.function.outputs]
        about = re.sub(r"[^\w :,()]+", " ", self.function.about)
        about = [f'"""{about}."""'] if about else []
        body = "\n".join(f"    {line}" for line in [*about, *self.lines, f"return {', '.join(results)}"])
        return f"def {self.function.name}({', '.join(['weights', *arguments])}):\n{body}\n"

    def _count(self, terms):
        for term in terms:
            for part in term.of if term is resolved(term) else []:
                part = resolved(part)
                self._uses[id(part)] = self._uses.get(id(part), 0) + 1
                self._readers.setdefault(id(part), []).append(term)
        for end in self.function.outputs:
            end = resolved(end)
            self._uses[id(end)] = self._uses.get(id(end), 0) + 1

    def _write(self, term: Term):
        if id(term) in self._texts or term is not resolved(term):
            return
        if any(reader.kind == "part" for reader in self._readers.get(id(term), [])) and results_of(term) > 1:
            self._unpack(term)
            return
        text, level = self._form(term)
        if term.given or (self._uses[id(term)] > 1 and term.kind != "result"):
            self._assign(term, text)
        else:
            self._texts[id(term)] = text, level

    def _form(self, term):
        text, level = self._plain(term)
        while len(text) > _LONG:
            parts = [resolved(part) for part in term.of]
            longest = max(parts, key=lambda part: len(self._texts[id(part)][0]), default=None)
            written = None if longest is None else self._texts[id(longest)]
            if written is None or longest.is_leaf or len(written[0]) < _LONG // 3:
                break
            self._assign(longest, written[0])
            text, level = self._plain(term)
        return text, level

    def _plain(self, term):
        if term.kind in ("call", "run"):
            return self.called(term, lambda part: self._operand(part, 0)), ATOM
        if term.kind == "part":  # of a function with one result
            return self._operand(term.of[0], 0), self._texts[id(term.of[0])][1]
        if term.kind == "same":
            return self._operand(term.of[0], 0), self._texts[id(resolved(term.of[0]))][1]
        if term.kind == "result":
            count = term.of[0].how["what"]
            return f"{self._operand(term.of[0], ATOM)}{_place(term, count)}", ATOM
        return FORMS[term.kind](term, lambda i, level: self._operand(term.of[i], level))

    def _operand(self, term, level):
        term = resolved(term)
        if id(term) not in self._texts:
            self._texts[id(term)] = self._plain(term)
        text, own = self._texts[id(term)]
        return f"({text})" if own < level else text

    def _assign(self, term, text):
        name = self.names.new(term.name or term.kind)
        self.lines.append(f"{name} = {text}")
        self._texts[id(term)] = name, ATOM

    def _unpack(self, term):
        # All results of a call or a split in one line; `_` for what nobody reads.
        read = {r.how["index"]: r for r in self._readers[id(term)] if r.kind == "part"}
        count = results_of(term)
        names = []
        for i in range(count):
            part = read.get(i)
            names.append("_" if part is None else self.names.new(self._part_name(part, term)))
            if part is not None:
                self._texts[id(part)] = names[-1], ATOM
        text, _ = self._form(term)
        self.lines.append(f"{', '.join(names)} = {text}")

    def _part_name(self, part, term):
        # A part is called after what it is made into: the four parts of an LSTM after its gates.
        readers = {id(r): r for r in self._readers.get(id(part), [])}
        (reader,) = readers.values() if len(readers) == 1 else (None,)
        if reader is not None and reader.given and reader.kind != "same":
            return f"z_{reader.name}"
        if reader is not None and reader.given:
            return reader.name
        what = term.how.get("what")
        if what is None or not part.name:
            return part.name or f"part_{part.how['index']}"
        inside = what.outputs[part.how["index"]]
        return f"{what.name}_{inside.name}" if inside.given else part.name


def results_of(term: Term) -> int:
    """How many results a call or a split has."""
    if term.kind == "call":
        return len(term.how["what"].outputs)
    if term.kind == "unstack":
        return term.of[0].shape[term.how["axis"]]
    sections = term.how["indices_or_sections"]
    return sections if isinstance(sections, int) else len(sections) + 1


def _place(term, loop) -> str:
    # The place of a result in what a loop returns, `(outputs, states)`.
    index, outputs = term.how["index"], loop.output_places()
    if index < len(outputs):
        return f"[0]{outputs[index]}"
    return f"[1][{index - len(outputs)}]"
