"""The diagrams of the inspector: one for the step and one for each model in it, each laid out by itself,
with room in each box for a strip of values. The page sets a diagram into the box that it belongs to."""

import keras

from viz.inspector.payload.boxes.affine_groups import with_affine_boxes
from viz.inspector.payload.boxes.box_layout import arrange
from viz.inspector.payload.boxes.view import (
    FEW,
    HEIGHT,
    NUMBER,
    PORT,
    SIGN,
    STRIP,
    WIDEST,
    WIDTH,
    Box,
    View,
)
from viz.model import inner_timesteps, naming
from viz.model.spoken_names import Spoken, in_words
from viz.style.labels import shape_text, told_apart
from viz.style.text_width import width

# Sizes at which Helvetica is as wide as the bold name (12 px), the shape (11 px) and the bold sign (13 px)
# in DejaVu Sans, the widest font of the style sheet.
_NAME, _SHAPE, _SIGN = 15.5, 13.2, 16.8


def views(values, index: dict) -> list[View]:
    """The diagrams of a step, the step itself first.

    Args:
        values: what `run_values.collect` returned.
        index: for each place in `values` that is kept, its place in the payload.
    """
    starts = [_value_box(values, place) for place in values.roles("input", "constant", "state", "readout")]
    ends = [_value_box(values, place) for place in values.roles("output")]
    ends += [_value_box(values, place, after=True) for place in values.roles("state")]
    made = _Views(values, values.graph).draw(View("the step"), values.graph, starts, ends)
    made = with_affine_boxes(made, values)
    for view in made:
        _write_names(view, values)
    drawings = arrange([view.to_arrange() for view in made])
    for view, drawing in zip(made, drawings, strict=True):
        view.drawing = drawing
        for box in view.boxes:
            box.values = [index.get(place) for place in box.values]
    return made


class _Views:
    def __init__(self, values, graph):
        self.values, self.spoken, self.made = values, Spoken(graph), []

    def draw(self, view, graph, starts, ends, *, prefix=""):
        self.made.append(view)

        def visit(at):
            if _is_passed_on(at.node):
                return list(at.given)
            box = _node_box(at.node, self.values, self.spoken.last(at.name))
            if at.node.inner is not None:
                box.inside = len(self.made)
                inside = View(self.spoken.node(at.name), kind=box.detail)
                self.draw(inside, at.node.inner, *self._ports(at.node, at.name), prefix=f"{at.name}/")
            place = view.add(box)
            for entry, (source, port) in enumerate(at.given):
                view.join(source, place, port, entry)
            return [(place, port) for port in range(len(at.node.outputs))]

        sources = graph.walk(visit, [(view.add(box), 0) for box in starts], prefix=prefix)
        for (source, port), box in zip(sources, ends, strict=True):
            box.rank = "max"
            view.join(source, view.add(box), port, 0)
        view.ends = len(ends)
        return self.made

    def _ports(self, node, name):
        """What a nested model reads and hands out, as boxes: its states by name, before and after."""
        values = self.values
        names = [self.spoken.state(state, within=name) for state in naming.state_names(node)]
        read, made = node.inner.inputs, node.outputs
        plain = [None] * (len(read) - len(names)), [None] * (len(made) - len(names))
        outputs = ["output"] if len(plain[1]) == 1 else [f"output {i}" for i in range(len(plain[1]))]
        places = [values.of(tensor) for tensor in read]
        around = self.spoken.node(name.rpartition("/")[0]) + "/"
        inputs = [values.every[place].said.removeprefix(around) for place in places[: len(plain[0])]]
        starts = [
            _port(values, place, "state" if state else "input", state or title)
            for place, state, title in zip(places, [*plain[0], *names], [*inputs, *names], strict=True)
        ]
        ends = [
            _port(values, values.of(tensor), "state" if state else "output", state or title, after=True)
            for tensor, state, title in zip(made, [*plain[1], *names], [*outputs, *names], strict=True)
        ]
        return starts, ends


def _is_passed_on(node):
    # An axis of one unit more or less changes no number: what reads it shows where the numbers come from.
    unnamed = naming.given(node.operation) is None
    return unnamed and type(node.operation).__name__ in ("ExpandDims", "Squeeze") and len(node.inputs) == 1


def _value_box(values, place, *, after=False):
    value = values.every[place]
    box = _labelled(values, place, value.role, value.said, after=after)
    return _sized(box, value.rows, " before" if value.role == "state" else "")


def _port(values, place, role, name, *, after=False):
    box = _labelled(values, place, role, name, after=after)
    box.beside = width(f"{box.shape}{' before' if role == 'state' else ''}", _SHAPE) + 24
    box.size = (WIDTH, PORT)
    return box


def _labelled(values, place, role, name, *, after):
    words = {"state": "state after the timestep" if after else "state before the timestep"}
    shape = shape_text((None, *values.every[place].shape))
    rank = "max" if after else "min"
    shown = after and role == "state"
    return Box(role, name, words.get(role, role), shape, [place], after=shown, rank=rank)


def _node_box(node, values, spoken):
    given, what = naming.known_as(node.operation), naming.kind(node)
    symbol = naming.sign(node.operation)
    found = [values.of(t) for t in node.outputs]
    if symbol is not None and given is None:
        room = max(SIGN, round(14 + width(what, _SIGN)))
        return Box("operation", what, what, values=found, size=(room, SIGN), sign=what, short=what)
    role = "cell" if node.inner is not None else "layer"
    if not isinstance(node.operation, keras.layers.Layer):
        role = "operation"
    # The sizes of the run: a step may leave them open, as the length of a memory.
    shape = shape_text((None, *values.every[found[0]].shape)) if len(node.outputs) == 1 else ""
    rows = values.every[found[0]].rows if len(found) == 1 else 1
    name = spoken if node.inner is not None else in_words(given or what)
    steps = inner_timesteps.too_many(node)
    said = f"{what}, shut: {steps} timesteps (up to {inner_timesteps.MOST} open)" if steps else what
    return _sized(Box(role, name, said, shape, found), rows, " ▸" if node.inner is not None else "")


def _sized(box, rows, more=""):
    box.beside = width(f"{box.shape}{more}", _SHAPE) + 24
    # A picture shows as one; a vector is a strip.
    tall = max(0, min(60, 8 * rows) - STRIP) if rows > 1 else 0
    box.size = (WIDTH, HEIGHT + tall)
    return box


def _write_names(view, values):
    names = [box.name for box in view.boxes]
    for box in view.boxes:
        if not box.sign:
            room = WIDEST - box.beside
            box.short = told_apart(box.name, names, lambda text, room=room: width(text, _NAME) <= room)
            needed = max(width(box.short, _NAME) + box.beside, _room_of_numbers(box, values))
            box.size = (round(min(WIDEST, max(box.size[0], needed))), box.size[1])


def _room_of_numbers(box, values):
    shown = [values.every[place] for place in box.values]
    few = [value.columns for value in shown if value.rows == 1 and value.columns <= FEW]
    return 12 + NUMBER * max(few, default=0)
