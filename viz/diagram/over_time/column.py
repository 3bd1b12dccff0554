"""One column of a drawing over time: the boxes of a timestep, and where states enter and leave it."""

from dataclasses import dataclass, field, replace

from viz.model.flow import Flow, Link
from viz.model.read_model import StepNames
from viz.style.fonts import SMALL, TITLE
from viz.style.labels import Label

#: The distance between the arrows of two states at one box.
STATE_STEP = 34.0
_DOT = 7.0


@dataclass
class Item:
    """One box of a column.

    Attributes:
        id, label, role, group, values, words: as for a `scene.Box`.
        arrives, leaves: the states that come in at its left side and go out at its right.
        x, y, width, height: its middle and size, once it is laid out.
    """

    id: str
    label: Label
    role: str
    group: str | None = None
    values: tuple[str, ...] = ()
    arrives: list[int] = field(default_factory=list)
    leaves: list[int] = field(default_factory=list)
    x: float = 0.0
    y: float = 0.0
    width: float = 0.0
    height: float = 0.0
    words: Label | None = None

    @property
    def alone(self) -> bool:
        """Whether its row must hold no other box: the arrow of a state would run through it."""
        return bool(self.arrives or self.leaves)

    def side(self, state: int, right: bool) -> tuple[float, float]:
        """The point at which the arrow of a state touches the box."""
        states = self.leaves if right else self.arrives
        place = (len(states) - 1) / 2 - states.index(state)
        half = self.width / 2
        return self.x + (half if right else -half), self.y + STATE_STEP * place


@dataclass
class Column:
    """The boxes of one timestep by id, and the arrows between them.

    Attributes:
        below, above: ids of the lowest row (what is read) and of the highest (the outputs).
        entries: for each constant and fixed input, the id of the dot at which it comes in.
    """

    flow: Flow
    items: dict[str, Item] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    entries: list[str] = field(default_factory=list)

    @property
    def readouts(self) -> list[str]:
        """The ids of the readouts in the lowest row."""
        return [id for id in self.below if self.items[id].role == "readout"]

    def taker(self, state: int) -> Item:
        """The box that a state enters."""
        return next(item for item in self.items.values() if state in item.arrives)

    def giver(self, state: int) -> Item:
        """The box that a state leaves."""
        return next(item for item in self.items.values() if state in item.leaves)


def column_of(flow: Flow, names: StepNames) -> Column:
    """The column of a flow.

    Example:
        >>> column = column_of(flow, StepNames(["x"], [], ["h"], [], ["y"]))
        >>> column.taker(0).label.title
        'SimpleRNNCell'

    Args:
        flow: what happens within a timestep.
        names: of what it reads and returns.
    """
    column = Column(flow, links=list(flow.links))
    every = [*names.inputs, *names.constants, *names.states, *names.readouts]
    roles = ["input"] * len(names.inputs) + ["constant"] * len(names.constants)
    roles += ["state"] * len(names.states) + ["readout"] * len(names.readouts)
    terminals = list(zip(flow.inputs, every, roles, strict=True))
    first_state = len(names.inputs) + len(names.constants)
    for part in flow.parts:
        column.items[part.id] = Item(part.id, _brief(part), part.role, part.group, part.values)
        column.items[part.id].words = part.words
    for i, (id, name, role) in enumerate(terminals):
        if role == "state":
            _let_in(column, id, i - first_state, name)
        elif role == "constant" or (role == "input" and names.fixed_inputs):
            column.items[id] = Item(id, Label(""), "constant" if role == "constant" else "input")
            column.entries.append(id)
        else:
            column.items[id] = Item(id, Label(name), role)
            column.below.append(id)
    for k in range(len(names.states)):
        _let_out(column, k, flow.outputs[len(names.outputs) + k])
    for k, name in enumerate(names.outputs):
        column.items[f"out{k}"] = Item(f"out{k}", Label(name), "output")
        column.links.append(Link(flow.outputs[k], f"out{k}"))
        column.above.append(f"out{k}")
    for item in column.items.values():
        _measure(item, item.id in column.entries)
    return column


def _brief(part):
    # A drawing over time is about the flow: a shape is written only where the kind does not give it.
    words = f"{part.label.title} {part.label.detail}".split()
    plain = part.label.shape.isdigit() or "(" in part.label.shape
    said = plain and any(word.strip(",").isdigit() for word in words)
    return part.label if part.role != "operation" and not said else replace(part.label, shape="")


def _let_in(column, id, state, name):
    # A state that one box reads goes straight into it; one that several boxes read, or none, has its own box.
    readers = [link for link in column.links if link.source == id]
    passed_on = id in column.flow.outputs
    if len(readers) == 1 and not passed_on:
        column.items[readers[0].target].arrives.append(state)
        column.links.remove(readers[0])
        return
    groups = {column.items[link.target].group for link in readers}
    group = groups.pop() if len(groups) == 1 and not passed_on else None
    column.items[id] = Item(id, Label(name), "state", group, arrives=[state])
    column.links = [replace(k, role="state") if k.source == id else k for k in column.links]


def _let_out(column, state, source):
    # A box of the lowest row has no free side: a point above it sends the state on.
    item = column.items[source]
    if source in column.below or source in column.entries:
        item = column.items.setdefault(f"{source}_on", Item(f"{source}_on", Label(""), "state"))
        link = Link(source, item.id)
        column.links += [link] if link not in column.links else []
    item.leaves.append(state)


def _measure(item, entry):
    if not item.label.title:
        item.width = item.height = 0.5 if entry else _DOT
    else:
        # Wide enough for its label at every timestep.
        first = "first " if item.role == "readout" else ""
        time = "T-1" if item.role in ("input", "output") else ""
        label = replace(item.label, title=first + item.label.title, below=time)
        width, height = label.size(TITLE, SMALL)
        small = {"operation": 40.0, "cell": 96.0, "layer": 72.0}.get(item.role, 48.0)
        item.width = max(small, width + 22.0)
        item.height = max(40.0 if item.role == "operation" else 34.0, height + 14.0)
    sides = max(len(item.arrives), len(item.leaves))
    if sides > 1:
        item.height = max(item.height, STATE_STEP * sides)
