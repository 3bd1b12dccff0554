"""The diagrams of the inspector: one for the step and one for each model in it, boxes of equal size with
room for a strip of values, and where all of it stands."""

from dataclasses import dataclass, field

import keras

from viz.inspector.payload import box_layout
from viz.model import naming
from viz.style.labels import shape_text, told_apart
from viz.style.text_width import width

#: The least and the most width in pixels of a box, its height, that of the strip in it, and of a sign.
WIDTH, WIDEST, HEIGHT, STRIP, SIGN = 100, 190, 42, 13, 24
# Sizes at which Helvetica is as wide as the bold name (12 px), the shape (11 px) and the bold sign (13 px)
# in DejaVu Sans, the widest font of the style sheet.
_NAME, _SHAPE, _SIGN = 15.5, 13.2, 16.8


@dataclass
class Box:
    """One box, its `size` in pixels, and its name as `short` as the box needs it.

    `values` are places in `Recorded`; `inside` is the number of the view that shows what is in it;
    `beside` is the room in pixels for what stands beside the name.
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


class _View:
    def __init__(self, title):
        self.title, self.boxes, self.edges = title, [], []

    def add(self, box) -> int:
        self.boxes.append(box)
        return len(self.boxes) - 1


def views(rnn, values, index: dict) -> list[dict]:
    """The diagrams of a step as JSON values, the step itself first.

    Args:
        rnn: the recurrent layer.
        values: what `recorded.collect` returned.
        index: for each place in `values` that is sent along, its number there.
    """
    step = rnn.description
    made = [_View("the step")]
    starts = [_value_box(values, place) for place in values.roles("input", "constant", "state", "readout")]
    ends = [_value_box(values, place) for place in values.roles("output")]
    ends += [_value_box(values, place, after=True) for place in values.roles("state")]
    _fill(made, made[0], step.graph, values, starts, ends, "")
    return [_sent(view, index) for view in made]


def _fill(made, view, graph, values, starts, ends, prefix):
    source = {id(t): view.add(box) for t, box in zip(graph.inputs, starts, strict=True)}
    for node in graph.nodes:
        box = _node_box(node, values)
        if node.inner is not None:
            box.inside = len(made)
            made.append(_View(prefix + node.name))
            inner_starts = [_value_box(values, values.of(t)) for t in node.inner.inputs]
            inner_ends = [_value_box(values, values.of(t), role="output") for t in node.outputs]
            _fill(made, made[-1], node.inner, values, inner_starts, inner_ends, f"{prefix}{node.name}/")
        place = view.add(box)
        view.edges += [(source[id(t)], place) for t in node.inputs]
        source.update({id(t): place for t in node.outputs})
    for tensor, box in zip(graph.outputs, ends, strict=True):
        box.rank = "max"
        view.edges.append((source[id(tensor)], view.add(box)))
    view.edges = list(dict.fromkeys(view.edges))


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


def _sent(view, index):
    _write_names(view)
    drawing = box_layout.arrange([(b.size, b.rank) for b in view.boxes], view.edges)
    boxes = []
    for box, (x, y) in zip(view.boxes, drawing.middles, strict=True):
        width, height = box.size
        left = {"x": round(x - width / 2, 1), "y": round(y - height / 2, 1), "w": width, "h": height}
        text = {"name": box.name, "short": box.short}
        text |= {"detail": box.detail, "shape": box.shape, "role": box.role, "sign": box.sign}
        links = {"values": [index.get(place) for place in box.values], "inside": box.inside}
        boxes.append({**left, **text, **links, "after": box.after})
    return {
        "title": view.title,
        "width": drawing.width,
        "height": drawing.height,
        "boxes": boxes,
        "edges": [list(path) for path in drawing.paths],
    }
