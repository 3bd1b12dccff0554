"""A diagram as plain data: boxes, edges, groups. A layout adds their positions."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from viz.style.labels import Label


@dataclass
class Box:
    """One box: a value, a layer, an operation.

    Attributes:
        id: its name in the DOT text, `n3`.
        label: what is written in it.
        role: what it is, a key of `palette.ROLES`.
        group: the id of the group that it stands in, or None.
        column: the timestep that it belongs to as it is written ("0", "T-1"), or None.
        values: the names in a `Trace` of the values that it stands for.
        row: "bottom" or "top" for what is read and returned, where Graphviz lays the scene out.
        wide: whether its label stands at its left end, where it stretches over several columns.
        words: what it is in full, for the words and the tooltip, where its label is shorter.
        line: the name of the straight line on which it stands, where Graphviz lays the scene out.
        at, size: the middle `(x, y)` and the width and height in points, where a layout gave them.
    """

    id: str
    label: Label
    role: str
    group: str | None = None
    column: str | None = None
    values: tuple[str, ...] = ()
    row: str | None = None
    wide: bool = False
    words: Label | None = None
    line: str | None = None
    at: tuple[float, float] | None = None
    size: tuple[float, float] | None = None

    @property
    def said(self) -> Label:
        """What it is in full."""
        return self.words or self.label


@dataclass
class Edge:
    """An arrow from one box to another.

    Attributes:
        source, target: ids of boxes.
        role: what flows: `data`, `state`, `readout`, `truth`, `constant` or `held`.
        label: what is written beside it.
        state: which state it carries from one timestep to the next, None for all others.
        route: the points of its curve (one, then three for each Bézier piece), from a layout.
        label_at: the middle of its label, from a layout.
    """

    source: str
    target: str
    role: str = "data"
    label: Label | None = None
    state: int | None = None
    route: tuple[tuple[float, float], ...] | None = None
    label_at: tuple[float, float] | None = None


@dataclass
class Group:
    """A frame around boxes; `bounds` is `(left, bottom, right, top)`, from a layout."""

    id: str
    label: Label
    parent: str | None = None
    column: str | None = None
    bounds: tuple[float, float, float, float] | None = None


@dataclass
class Scene:
    """A whole diagram.

    Example:
        >>> scene = Scene("two boxes", [x, y], [Edge("x", "y")])
        >>> scene.reached_from(["x"])
        {'x', 'y'}

    Attributes:
        title: what the picture shows, in a few words; also its alternative text.
        boxes, edges, groups: the parts.
        notes: lines written under the picture.
        columns: the timesteps from left to right as they are written, `…1` for some that are left out
            at the second place; none for a single step.
    """

    title: str
    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)

    @property
    def placed(self) -> bool:
        """Whether every box has a position from a layout."""
        return bool(self.boxes) and all(box.at is not None for box in self.boxes)

    def box(self, id: str) -> Box:
        """The box of this id."""
        return next(box for box in self.boxes if box.id == id)

    def tooltips(self) -> dict[str, str]:
        """What each box is in full, by its id: `{"n0": "forget_gate: sigmoid: 10"}`."""
        return {box.id: box.said.plain for box in self.boxes}

    def reached_from(self, ids: Iterable[str]) -> set[str]:
        """The ids of all boxes to which the arrows lead from these, themselves included."""
        after: dict[str, list[str]] = {}
        for edge in self.edges:
            after.setdefault(edge.source, []).append(edge.target)
        found, waiting = set(), list(ids)
        while waiting:
            here = waiting.pop()
            if here not in found:
                found.add(here)
                waiting += after.get(here, [])
        return found

    def text(self) -> str:
        """The diagram in words, one line for each box and what it reads: for screen readers and tests."""
        lines = [self.title]
        depth = {None: 0}
        for group in self.groups:
            depth[group.id] = depth[group.parent] + 1
        reading = {edge.target for edge in self.edges}
        free = [box for box in self.boxes if box.column is None and box.role != "time"]
        if self.columns:
            lines += self._lines([box for box in free if box.id not in reading], depth, None)
            free = [box for box in free if box.id in reading]
        for column in self.columns:
            here = [box for box in self.boxes if box.column == column and box.role != "time"]
            if here:
                lines.append(_when(column))
            lines += self._lines(here, depth, column)
        lines += self._lines(free, depth, None)
        return "\n".join([*lines, *self.notes]) + "\n"

    def _lines(self, boxes, depth, column):
        names, groups = self._names(), {group.id: group for group in self.groups}
        lines, inside = [], []
        margin = "  " if column is not None else ""
        for box in boxes:
            around = [] if box.group is None else _around(groups[box.group], groups)
            # A frame may hold only other frames, and no box itself: it is named too.
            new = [group for group in around if group not in inside or group is around[-1] is not inside[-1]]
            lines += [margin + "  " * depth[group.parent] + f"[{group.label.plain}]" for group in new]
            inside = around
            sources = [self._read(edge, names, column) for edge in self.edges if edge.target == box.id]
            reads = f" <- {', '.join(sources)}" if sources else ""
            about = "".join(f", {text}" for text in (box.said.detail, box.said.shape) if text)
            lines.append(margin + "  " * depth[box.group] + f"{names[box.id]} ({box.role}{about}){reads}")
        return lines

    def _read(self, edge, names, column):
        source = self.box(edge.source)
        carried = f"{edge.label.plain} of " if edge.label else ""
        when = f" at {_when(source.column)}" if source.column not in (None, column) else ""
        return f"{carried}{names[source.id]}{when}"

    def _names(self):
        names, uses = {}, {}
        for box in self.boxes:
            key = (box.column, box.said.name)
            uses[key] = uses.get(key, 0) + 1
            names[box.id] = (box.said.name or "·") + (f" #{uses[key]}" if uses[key] > 1 else "")
        return names


def _around(group, groups):
    """A frame and the frames that hold it, the outermost first."""
    return [*(_around(groups[group.parent], groups) if group.parent is not None else []), group]


def _when(column):
    return "…" if column.startswith("…") else f"t = {column}"
