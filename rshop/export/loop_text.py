"""A loop over time as the text of a function in Python."""

from rshop.export.function_text import Names
from rshop.expressions.loops import BothWays, Loop, paths
from rshop.expressions.terms import Term
from rshop.structure import flat

_GIVEN = {
    "mask": "booleans (batch, time), or a list of them; a masked timestep changes nothing",
    "initial_state": "first values of the states, by position or by name, each (batch, ...) or one for all",
    "constants": "what each timestep sees whole",
    "constants_mask": "booleans (batch, time) for a constant, in the structure of the constants",
    "initial_readout": "what the first timestep reads as the previous output; 0 if not given",
    "output_length": "the number of timesteps",
}


class LoopText:
    """Writes a loop.

    Example:
        >>> print(LoopText(loop).text())
        def run(weights, x, *, mask=None, initial_state=None, constants=None):
            ...

    Args:
        loop: what is written.
    """

    def __init__(self, loop: Loop):
        self.loop, self.names = loop, Names()
        step, counts = loop.step, [len(flat(part)) for part in (loop.inputs, loop.constants)]
        reads = [self.names.new(read.name) for read in step.reads]
        ends = [*counts, len(loop.state_names)]
        self.inputs, reads = reads[: ends[0]], reads[ends[0] :]
        self.constants, reads = reads[: ends[1]], reads[ends[1] :]
        self.states, self.readouts = reads[: ends[2]], reads[ends[2] :]
        ys = ["y"] if len(flat(loop.outputs)) == 1 else [f"y_{i}" for i in range(len(flat(loop.outputs)))]
        self.outputs = [self.names.new(y) for y in ys]
        self.masked = {id(m): i for i, r in enumerate(step.reads) for m in [r.mask] if m in step.masks}

    def text(self) -> str:
        """The text of the whole function."""
        body = [*self._docstring(), *self._given(), *self._firsts(), *self._steps(), *self._result()]
        arguments = ", ".join(f"{name}={default}" for name, default in self.arguments().items())
        head = f"def {self.loop.name}(weights, x, *, {arguments}):"
        return "\n".join([head, *(f"    {line}" if line else "" for line in body)]) + "\n"

    def arguments(self) -> dict:
        """The arguments by name, with their defaults as text."""
        names = ["mask", "initial_state", "constants"]
        names += ["constants_mask"] if self._masked_constants() or self.loop.masks_of else []
        names += ["initial_readout"] if self.readouts else []
        found = dict.fromkeys(names, "None")
        if self.loop.decode:
            found["output_length"] = repr(self.loop.output_length)
        return found

    def _masked_constants(self):
        return [i for i in self.masked.values() if i >= len(self.inputs)]

    def _docstring(self):
        kinds = _shapes(self.loop.step.reads[: len(self.inputs)], self.loop.decode)
        lines = ['"""Run over time: `(outputs, states)`, the last states in a list.', ""]
        lines += ["Args:", "    weights: the arrays by name.", f"    x: {kinds}."]
        if not self.loop.decode:
            lines[-1] = lines[-1].replace("x: ", "x: for each timestep, ")
        lines += [f"    {name}: {_GIVEN[name]}." for name in self.arguments()]
        lines += [f"States: {', '.join(self.loop.state_names)}."] if self.states else []
        lines = [
            line.replace("\\", "\\\\").replace('"""', "'''") if i else line for i, line in enumerate(lines)
        ]
        return [*lines, '"""']

    def _given(self):
        loop, reads = self.loop, self.loop.step.reads
        lines = []
        for name, path, read in zip(self.inputs, paths(loop.inputs), reads, strict=False):
            lines.append(f'{name} = np.asarray(x{path}, "{read.dtype}")')
        if self.constants:
            lines += self._constants(reads[len(self.inputs) :])
        else:
            lines.append('assert constants is None, "these are no constants of this network"')
        lines.append(f"batch = len({self.inputs[0]})")
        length = "output_length" if loop.decode else f"{self.inputs[0]}.shape[1]"
        lines.append(f"length = {length}")
        lines += self._masks()
        return lines

    def _constants(self, reads):
        given, masks_of, lines = self._given_constants(), self.loop.masks_of, []
        for place, path in given.items():
            lines.append(f'{self.constants[place]} = np.asarray(constants{path}, "{reads[place].dtype}")')
        for place, of in masks_of.items():
            lines += _mask(self.constants[place], self.constants[of], "constants_mask", given[of])
        return lines

    def _given_constants(self) -> dict[int, str]:
        # How each constant that a call gives is reached, by its place: all but the masks of others.
        places = [place for place in range(len(self.constants)) if place not in self.loop.masks_of]
        structure = self.loop.constants
        if isinstance(structure, dict):
            structure = {key: place for key, place in structure.items() if place in places}
        elif len(places) < len(self.constants):
            structure = places if len(places) > 1 else places[0]
        return dict(zip(places, paths(structure), strict=True))

    def _masks(self):
        # The masks that the step reads are all true where none is given; that of time holds the memory.
        lines, loop = [], self.loop
        self.mask_names = []
        for mask in loop.step.masks:
            place = self.masked[id(mask)]
            if place < len(self.inputs):
                source, of, path = "mask", self.inputs[place], paths(loop.inputs)[place]
            else:
                place -= len(self.inputs)
                source, of, path = "constants_mask", self.constants[place], self._given_constants()[place]
            self.mask_names.append(self.names.new(f"{of}_mask"))
            lines += _mask(self.mask_names[-1], of, source, path)
        if not loop.decode:
            lines.append("valid = joint(mask)")
        return lines

    def _firsts(self):
        lines, loop = [], self.loop
        if self.states:
            sizes = {i: f"{self.constants[place]}.shape[1]" for i, place in loop.lengths.items()}
            firsts = [_default(first, sizes.get(i, "")) for i, first in enumerate(loop.firsts)]
            lines += _first_values(self.states, "initial_state", loop.state_names, firsts)
        if self.readouts:
            of = loop.step.reads[-len(self.readouts) :]
            firsts = [_default((r.shape[1:], r.dtype)) for r in of]
            keys = sorted(loop.readouts) if isinstance(loop.readouts, dict) else list(range(len(of)))
            lines += _first_values(self.readouts, "initial_readout", keys, firsts)
        return [*lines, f"{' = '.join(self.outputs)} = None"] if not loop.decode else lines

    def _steps(self):
        loop = self.loop
        times = "reversed(range(length))" if loop.go_backwards else "range(length)"
        now = self.inputs if loop.decode else [f"{name}[:, t]" for name in self.inputs]
        read = [*now, *self.constants, *self.states, *self.readouts, *self.mask_names]
        after = [*self.outputs, *self.states, *self.readouts]
        lines = [f"{y}_of_time = []" for y in self._kept()] + [f"for t in {times}:"]
        call = f"{loop.step.name}({', '.join(['weights', *read])})"
        call = f"[{call}]" if len(loop.step.outputs) == 1 else call
        if self.readouts:
            lines.append(f"    new = [*{call}]" if len(loop.step.outputs) > 1 else f"    new = {call}")
            lines += [f"    new.append({self._fed(i)})" for i in range(len(self.readouts))]
        else:
            lines.append(f"    new = {call}")
        if loop.decode:
            lines.append(f"    {', '.join(after)}{',' * (len(after) == 1)} = new")
        else:
            held = f"hold(valid[:, t], new, [{', '.join(after)}])"
            lines.append(
                f"    {', '.join(after)}{',' * (len(after) == 1)} = new if valid is None else {held}"
            )
        return lines + [f"    {self._keep(i, y)}" for i, y in enumerate(self._kept())]

    def _kept(self):
        return self.outputs if self.loop.return_sequences else []

    def _keep(self, i, y):
        if not self.loop.zero_masked or self.loop.decode:
            return f"{y}_of_time.append({y})"
        return f"{y}_of_time.append({y} if valid is None else hold(valid[:, t], [new[{i}]], [None])[0])"

    def _fed(self, i):
        place, greedy = self.loop.wiring[i]
        read = self.loop.step.reads[len(self.loop.step.reads) - len(self.readouts) + i]
        y = self.loop.step.outputs[place]
        text = f"new[{place}].argmax(axis=-1)" if greedy else f"new[{place}]"
        return text if not greedy and y.dtype == read.dtype else f'{text}.astype("{read.dtype}")'

    def _result(self):
        ys = [f"np.stack({y}_of_time, axis=1)" for y in self._kept()] or self.outputs
        return [f"return {_packed(self.loop.outputs, iter(ys))}, [{', '.join(self.states)}]"]


class BothWaysText:
    """Writes a `Bidirectional`: both loops, the second from the end, and what they give merged.

    Args:
        both: what is written.
    """

    def __init__(self, both: BothWays):
        self.both = both

    def text(self) -> str:
        """The text of the whole function."""
        forward, backward = self.both.forward, self.both.backward
        count = len(forward.state_names)
        lines = [
            f"def {self.both.name}(weights, x, *, mask=None, initial_state=None, constants=None):",
            '    """Run over time both ways: `(outputs, states)`, the states of the way forward first."""',
            "    first = [None, None]",
            "    if initial_state is not None:",
            f"        first = [initial_state[:{count}], initial_state[{count}:]]",
            '    given = {"mask": mask, "constants": constants}',
            f"    forward, states = {forward.name}(weights, x, initial_state=first[0], **given)",
            f"    backward, more = {backward.name}(weights, x, initial_state=first[1], **given)",
        ]
        if self.both.return_sequences:
            lines.append("    backward = backward[:, ::-1]")
        merged = {
            "concat": "np.concatenate([forward, backward], axis=-1)",
            "sum": "forward + backward",
            "mul": "forward * backward",
            "ave": "(forward + backward) / 2",
            None: "[forward, backward]",
        }[self.both.merge]
        return "\n".join([*lines, f"    return {merged}, [*states, *more]"]) + "\n"

    def arguments(self) -> dict:
        """The arguments by name, with their defaults as text."""
        return dict.fromkeys(["mask", "initial_state", "constants"], "None")


def call_text(term: Term, text) -> str:
    """The call of a function or loop.

    Args:
        term: of the kind `call` or `run`.
        text: gives the text of a term.
    """
    what = term.how["what"]
    if term.kind == "call":
        return f"{what.name}({', '.join(['weights', *(text(part) for part in term.of)])})"
    call = dict(term.how["call"])
    first = _given_text(call.pop("x"), text)
    named = [f"{name}={_given_text(value, text)}" for name, value in call.items()]
    return f"{what.name}({', '.join(['weights', first, *named])})"


def _given_text(value, text):
    if isinstance(value, Term):
        return text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}": {_given_text(v, text)}' for key, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_given_text(v, text) for v in value)}]"
    return repr(value)


def _packed(structure, texts) -> str:
    if isinstance(structure, dict):
        found = {key: _packed(structure[key], texts) for key in sorted(structure)}
        return "{" + ", ".join(f"{key!r}: {text}" for key, text in found.items()).replace("'", '"') + "}"
    if isinstance(structure, (list, tuple)):
        return f"[{', '.join(_packed(part, texts) for part in structure)}]"
    return next(texts)


def _default(first, unknown: str = "") -> str:
    # `unknown` is what is written for a size that the step does not know.
    if isinstance(first, Term):
        return f'weights["{first.how["key"]}"]'
    shape, dtype = first
    return f'np.zeros({tuple(shape)}, "{dtype}")'.replace("None", unknown)


def _mask(name, of, source, path) -> list[str]:
    # All true where none is given.
    found = f"{source}{path}"
    given = f"{source} is not None" + (f" and {found} is not None" if path else "")
    return [
        f"{name} = np.ones({of}.shape[:2], bool)",
        f"if {given}:",
        f"    {name} = np.asarray({found}, bool)",
    ]


def _first_values(names, argument, keys, firsts):
    listed = ", ".join(firsts)
    targets = f"{', '.join(names)}{',' * (len(names) == 1)}"
    keys = repr(keys).replace("'", '"')
    return [f"firsts = [{listed}]", f"{targets} = first_values({argument}, {keys}, firsts, batch)"]


def _shapes(reads, decode) -> str:
    time = "" if decode else "time, "
    return ", ".join(
        f"{r.name} (batch, {time}{', '.join(str(n or '...') for n in r.shape[1:])})" for r in reads
    )
