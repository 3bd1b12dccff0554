"""The diagrams of the inspector: one for the step and one for each model in it, laid out, with room in
each box for a strip of values."""

from dataclasses import dataclass, field

import keras

from viz.inspector.payload.box_layout import Drawing, arrange
from viz.model import naming
from viz.style.labels import shape_text, told_apart
from viz.style.text_width import width

#: In pixels: the smallest and largest width of a box, its height, that of its strip, and that of a sign.
WIDTH, WIDEST, HEIGHT, STRIP, SIGN = 100, 190, 42, 13, 24
# Sizes at which Helvetica is as wide as the bold name (12 px), the shape (11 px) and the bold sign (13 px)
# in DejaVu Sans, the widest font of the style sheet.
_NAME, _SHAPE, _SIGN = 15.5, 13.2, 16.8


@dataclass
class Box:
    """One box, its `size` in pixels, and its name as `short` as the box needs it.

    `values` are places in the payload, None for what was cut; `inside` is the number of the view that
    shows its inner model; `beside` is the width in pixels of what stands beside the name.
    """

    role: str
    name: str
    detail: str = ""
    shape: str = ""
    values: list = field(default_factory=list)
    size: tuple = (WIDTH, HEIGHT)
    rank: str = ""
    inside: int | None = None
    sign: str = ""
    after: bool = False
    short: str = ""
    beside: float = 0.0


@dataclass(eq=False)
class View:
    """One diagram: its boxes, the pairs of boxes that an edge joins, and where all of it stands."""

    title: str
    boxes: list[Box] = field(default_factory=list)
    edges: list[tuple[int, int]] = field(default_factory=list)
    drawing: Drawing | None = None

    def add(self, box) -> int:
        """Add a box; returns its number."""
        self.boxes.append(box)
        return len(self.boxes) - 1


def views(rnn, values, index: dict) -> list[View]:
    """The diagrams of a step, the step itself first.

    Args:
        rnn: the recurrent layer.
        values: what `run_values.collect` returned.
        index: for each place in `values` that is kept, its place in the payload.
    """
    starts = [_value_box(values, place) for place in values.roles("input", "constant", "state", "readout")]
    ends = [_value_box(values, place) for place in values.roles("output")]
    ends += [_value_box(values, place, after=True) for place in values.roles("state")]
    made = _Views(values).draw(View("the step"), rnn.description.graph, starts, ends)
    for view in made:
        _write_names(view)
        view.drawing = arrange([(box.size, box.rank) for box in view.boxes], view.edges)
        for box in view.boxes:
            box.values = [index.get(place) for place in box.values]
    return made


class _Views:
    def __init__(self, values):
        self.values, self.made = values, []

    def draw(self, view, graph, starts, ends, *, prefix=""):
        values = self.values
        self.made.append(view)

        def visit(at):
            box, inner = _node_box(at.node, values), at.node.inner
            if inner is not None:
                box.inside = len(self.made)
                inner_starts = [_value_box(values, values.of(t)) for t in inner.inputs]
                inner_ends = [_value_box(values, values.of(t), role="output") for t in at.node.outputs]
                self.draw(View(at.name), inner, inner_starts, inner_ends, prefix=f"{at.name}/")
            place = view.add(box)
            view.edges += [(source, place) for source in at.given]
            return [place] * len(at.node.outputs)

        sources = graph.walk(visit, [view.add(box) for box in starts], prefix=prefix)
        for source, box in zip(sources, ends, strict=True):
            box.rank = "max"
            view.edges.append((source, view.add(box)))
        view.edges = list(dict.fromkeys(view.edges))
        return self.made


def _value_box(values, place, after=False, role=None):
    value = values.every[place]
    name = value.name.rsplit("/", 1)[-1] if role else value.name
    shape = shape_text((None, *value.shape))
    role = role or (value.role if value.role != "inner" else "input")
    words = {"state": "state after the timestep" if after else "state before the timestep"}
    rank = "max" if after else "min"
    box = Box(role, name, words.get(role, role), shape, [place], after=after, rank=rank)
    return _sized(box, value.rows, " before" if role == "state" else "")


def _node_box(node, values):
    given, what = naming.given(node.operation), naming.kind(node)
    symbol = naming.sign(node.operation)
    found = [values.of(t) for t in node.outputs]
    if symbol is not None and given is None:
        room = max(SIGN, round(14 + width(what, _SIGN)))
        return Box("operation", what, what, values=found, size=(room, SIGN), sign=what, short=what)
    role = "cell" if node.inner is not None else "layer"
    if not isinstance(node.operation, keras.layers.Layer):
        role = "operation"
    shape = shape_text(node.outputs[0].shape) if len(node.outputs) == 1 else ""
    rows = values.every[found[0]].rows if len(found) == 1 else 1
    opens = " ⤢" if node.inner is not None else ""
    return _sized(Box(role, given or what, what, shape, found), rows, opens)


def _sized(box, rows, more=""):
    box.beside = width(f"{box.shape}{more}", _SHAPE) + 24
    # A picture shows as one; a vector is a strip.
    tall = max(0, min(60, 8 * rows) - STRIP) if rows > 1 else 0
    box.size = (WIDTH, HEIGHT + tall)
    return box


def _write_names(view):
    names = [box.name for box in view.boxes]
    for box in view.boxes:
        if not box.sign:
            room = WIDEST - box.beside
            box.short = told_apart(box.name, names, lambda text, room=room: width(text, _NAME) <= room)
            needed = width(box.short, _NAME) + box.beside
            box.size = (round(min(WIDEST, max(WIDTH, needed))), box.size[1])
