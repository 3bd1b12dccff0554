"""The names of layers and values as a person says them: `lstm 1`, where Keras counts `lstm_cell_3`.

Keras numbers what has no name through the whole process. In pictures, layers of one kind are counted within
the model that they stand in, and the inspector says a gate in words; other names that a user gave stay as
they are, and so do all keys of traces and files.
"""

import re

from rshop.step.names import snake_case
from viz.model import naming

# Names that cells of this project give, in a path or with the number of its use behind it.
_OURS = re.compile(r"(?<![^/ ])(\w+_gate|squashed_c)(?![^/#\[])")


def in_words(name: str) -> str:
    """A name with the gates in it as words; whatever a user called something stays.

    Example:
        >>> in_words("lstm 2/input_gate"), in_words("h_tm1")
        ('lstm 2/input gate', 'h_tm1')
    """
    return _OURS.sub(lambda found: found[0].replace("_", " "), name)


class Spoken:
    """The spoken names of everything in a step's graph.

    Example:
        >>> spoken = Spoken(stack.description.graph)  # of two LSTM cells
        >>> spoken.value("lstm_cell_3/input_gate"), spoken.state("lstm_cell_3/h")
        ('lstm 2/input_gate', 'lstm 2/h')

    Args:
        graph: of the step, a `rshop.step.graph.Graph`.
    """

    def __init__(self, graph):
        self._nodes: dict[str, str] = {}
        self._values: dict[str, str] = {}
        # A state is named after the cells themselves, a value after the places of their nodes in the graph.
        self._cells: dict[str, str] = {}
        self._cell_of_node: dict[str, str] = {}
        self._read(graph)

    def node(self, name: str) -> str:
        """The spoken name of a node, after those of the models around it: `nested model/gru 1`."""
        return self._nodes.get(name, name)

    def last(self, name: str) -> str:
        """The spoken name of a node alone: `gru 1`."""
        return self.node(name).removeprefix(self.node(name.rpartition("/")[0])).removeprefix("/")

    def value(self, name: str) -> str:
        """The spoken name of a value: that of its node, and which of its outputs it is."""
        return self._values.get(name, name)

    def state(self, name: str, within: str = "") -> str:
        """The spoken name of a state of the step, or of the model at a node.

        Args:
            name: as the model itself names it: `h`, `gru_cell_2/h`.
            within: the name of the model's node; empty for the step.
        """
        around, said = self._cell_of_node.get(within, ""), self.node(within)
        cuts = [found.start() for found in re.finditer("/", name)]
        for cut in reversed(cuts):
            cell = self._cells.get("/".join(filter(None, [around, name[:cut]])))
            if cell is not None:
                return cell.removeprefix(f"{said}/" if said else "") + name[cut:]
        return name

    def _read(self, graph, prefix="", cells="", said=""):
        words = _words(graph.nodes)
        for node in graph.nodes:
            _, mark, use = node.name.partition("#")
            name, spoken = prefix + node.name, said + words[id(node.operation)] + mark + use
            self._nodes[name] = spoken
            if node.inner is not None:
                cell = cells + node.operation.name + mark + use
                self._cells[cell], self._cell_of_node[name] = spoken, cell
                self._read(node.inner, f"{name}/", f"{cell}/", f"{spoken}/")
            self._values.update(zip(node.labels(name), self._results(node, name), strict=True))

    def _results(self, node, name) -> list[str]:
        """The spoken name of each output of a node: of a cell its output, and its next states."""
        spoken, states = self.node(name), naming.state_names(node)
        if len(node.outputs) != len(states) + 1 or not states:
            return node.labels(spoken)
        return [spoken, *[f"{spoken}, next {self.state(state, within=name)}" for state in states]]


def spoken_paths(names) -> dict[str, str]:
    """The spoken names of the values or states of a trace, where there is no graph to ask: only cells change.

    Example:
        >>> spoken_paths(["lstm_cell_1/h", "lstm_cell_1/c", "lstm_cell_3/h"])
        {'lstm_cell_1/h': 'lstm 1/h', 'lstm_cell_1/c': 'lstm 1/c', 'lstm_cell_3/h': 'lstm 2/h'}

    Args:
        names: all of them, in the order of the trace.
    """
    found: dict[tuple, list[str]] = {}
    for name in names:
        parts = name.split("/")
        for i, part in enumerate(parts):
            kind = _kind_of_cell(part)
            alike = found.setdefault((*parts[:i], kind), [])
            cell = part.partition("[")[0]
            if kind and cell not in alike:
                alike.append(cell)
    return {name: "/".join(_said_parts(name.split("/"), found)) for name in names}


def _said_parts(parts, found):
    for i, part in enumerate(parts):
        kind, alike = _kind_of_cell(part), found[*parts[:i], _kind_of_cell(part)]
        cell, bracket, which = part.partition("[")
        number = f" {alike.index(cell) + 1}" if len(alike) > 1 else ""
        yield f"{kind}{number}{bracket}{which}" if kind else part


def _kind_of_cell(part) -> str:
    cell = re.fullmatch(r"(\w+)_cell(_\d+)?(\[\d+\])?", part)
    if re.fullmatch(r"rnn_cell_from_model(_\d+)?(\[\d+\])?", part):
        return "nested model"
    return cell[1].replace("_", " ") if cell else ""


def _words(nodes) -> dict[int, str]:
    """For each operation by identity its given name, else that of what it is made of or its kind, counted."""
    operations = list({id(node.operation): node.operation for node in nodes}.values())
    words = {id(one): naming.given(one) for one in operations}
    taken, alike = set(words.values()), {}
    for one in operations:
        if words[id(one)] is None:
            alike.setdefault(naming.known_as(one) or _kind(one), []).append(one)
    for kind, several in alike.items():
        alone = len(several) == 1 and kind not in taken
        free = [kind] if alone else (f"{kind} {n}" for n in _numbers_without(kind, taken))
        words.update({id(one): word for one, word in zip(several, free, strict=False)})
    return words


def _numbers_without(kind, taken):
    number = 0
    while True:
        number += 1
        if f"{kind} {number}" not in taken:
            yield number


def _kind(operation) -> str:
    name = naming.class_name(operation)
    return name if " " in name else snake_case(name).removesuffix("_cell").replace("_", " ")
