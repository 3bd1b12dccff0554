"""The scene of `keras.layers.Bidirectional`: one layer reads to the right, the other one to the left."""

from dataclasses import dataclass

from rshop.errors import message
from viz.diagram.curves import joined, rounded, straight, upwards
from viz.diagram.over_time import time_axis
from viz.diagram.over_time.column import STATE_STEP
from viz.diagram.over_time.stamp import pill
from viz.diagram.scene import Box, Edge, Scene
from viz.model import naming
from viz.model.read_model import Model, read_model
from viz.style.fonts import BESIDE, SMALL, TITLE
from viz.style.labels import Label

#: The label of each `merge_mode`; None keeps both outputs.
_MERGES = {"concat": "concat", "sum": "+", "mul": "×", "ave": "avg"}
_INPUT, _UP, _SHIFT, _GAP = 17.0, 40.0, 36.0, 54.0


@dataclass
class _Way:
    # One of the two layers: its model, the direction in which it reads (1 is to the right), and its row.
    name: str
    model: Model
    label: Label
    sign: int
    y: float = 0.0
    size: tuple = (0.0, 0.0)

    def x(self, middle):
        # The two boxes are offset so far that an arrow gets past either of them.
        return middle - self.sign * _SHIFT / 2

    def side(self, middle, k, after):
        """The point of a box at which state `k` goes out (or comes in)."""
        up = STATE_STEP * ((len(self.model.names.states) - 1) / 2 - k)
        half = self.sign * self.size[0] / 2
        return self.x(middle) + (half if after else -half), self.y + up


def bidirectional_scene(wrapper, describe, moments: list, steps: int) -> Scene:
    """The scene of a `Bidirectional` over these timesteps.

    Example:
        >>> scene = bidirectional_scene(keras.layers.Bidirectional(lstm), describe, [0, 1], 2)
        >>> scene.box("c0_backward").label.plain
        'backward: LSTMCell 4'

    Args:
        wrapper: the layer, called before.
        describe: a function from a `Model` to what its step is made of, in a few words.
        moments: what `shown_timesteps.shown` chose of the `steps` timesteps.

    Raises:
        TypeError: it wraps layers of another library.
        ValueError: a layer with a readout or constants, or whose input is fixed.
    """
    layers = (wrapper.forward_layer, wrapper.backward_layer)
    models = [read_model(layer) for layer in layers]
    for model in models:
        _check(model, wrapper)
    names = zip(("forward", "backward"), models, (1, -1), strict=True)
    ways = [_Way(name, model, Label(name, detail=describe(model)), sign) for name, model, sign in names]
    return _Picture(wrapper, ways, moments, steps).draw()


def _check(model, wrapper):
    names = model.names
    odd = {
        "inputs": names.inputs if len(names.inputs) > 1 else [],
        "constants": names.constants,
        "a fixed input": names.inputs if names.fixed_inputs else [],
        "readouts": names.readouts,
        "outputs": names.outputs if len(names.outputs) > 1 else [],
        "a forward layer with": ["go_backwards=True"] if wrapper.forward_layer.go_backwards else [],
    }
    found = [f"{what} {', '.join(listed)}" for what, listed in odd.items() if listed]
    if found:
        raise ValueError(
            message(
                "Only a Bidirectional of layers from one sequence to one sequence can be drawn.",
                received=f"{wrapper.name!r}: {'; '.join(found)}",
                expected="one input, one output, no readout and no constants",
                fix="viz.draw_unrolled(layer.forward_layer)",
            )
        )


class _Picture:
    def __init__(self, wrapper, ways, moments, steps):
        self.ways, self.steps = ways, steps
        self.merge, self.every = wrapper.merge_mode, wrapper.return_sequences
        sizes = [pill("", way.label, "cell", at=(0, 0)).size for way in ways]
        gap = _GAP + time_axis.carried_width([name for way in ways for name in way.model.names.states])
        y = 2 * _INPUT + _UP
        for way, (_, high) in zip(ways, sizes, strict=True):
            high = max(high, STATE_STEP * len(way.model.names.states))
            way.size, way.y = (max(width for width, _ in sizes), high), y + high / 2
            y += high + _UP
        self.top, self.gap, width = y, gap, ways[0].size[0] + _SHIFT
        self.scene = Scene(time_axis.unrolled_title(naming.given(wrapper) or type(wrapper).__name__, steps))
        self.places = time_axis.place_columns(moments, steps, width=width, middle=width / 2, gap=gap)

    def draw(self):
        scene, seen = self.scene, [place for place in self.places if place.t is not None]
        scene.columns = [place.moment for place in self.places]
        for place in seen:
            self._column(place)
        for place in seen if self.every else seen[-1:]:
            self._outputs(place, place if self.every else seen[0])
        count = 0
        for way in self.ways:
            for k, name in enumerate(way.model.names.states):
                self._carry(way, k, name, count + k)
            count += len(way.model.names.states)
        time_axis.name_times(scene, self.places, -30.0)
        scene.notes = time_axis.length_note(self.places, self.steps)
        scene.notes += [] if self.every else ["Each direction returns the output of its last timestep."]
        return scene

    def _column(self, place):
        label = Label(self.ways[0].model.names.inputs[0], place.moment)
        below = pill(f"{place.prefix}_in", label, "input", at=(place.middle, _INPUT), moment=place.moment)
        self.scene.boxes.append(below)
        for way in self.ways:
            at, (width, high) = (way.x(place.middle), way.y), way.size
            box = Box(
                f"{place.prefix}_{way.name}", way.label, "cell", column=place.moment, at=at, size=way.size
            )
            self.scene.boxes.append(box)
            start = (place.middle - 8 * way.sign, _INPUT + below.size[1] / 2)
            bottom = way.y - high / 2
            route = straight(start, (start[0], bottom))
            if way.sign < 0:
                lane, low = place.middle + width / 2, self.ways[0].y - self.ways[0].size[1] / 2
                route = joined(upwards(start, (lane, low)), straight((lane, low), (lane, bottom)))
            self.scene.edges.append(Edge(below.id, box.id, "input", route=route))

    def _outputs(self, place, first):
        # `first` is where the backward output comes from.
        x, y = place.middle, self.top
        if self.merge is None:
            xs = x - self.ways[0].size[0] / 2, x + 24
            boxes = [self._output(place, k, f"y{k + 1}", at=(at, y + _INPUT)) for k, at in enumerate(xs)]
            points = [(box.at[0], box.at[1] - box.size[1] / 2) for box in boxes]
        else:
            boxes = [self._merge(place, y)] * 2
            # An ellipse is a little higher there than in its middle.
            points = [(x - 8, y + 2), (x + 8, y + 2)]
        for way, here, box, point in zip(self.ways, (place, first), boxes, points, strict=True):
            route = self._way_up(way, here, point, straight_up=here is place)
            self.scene.edges.append(Edge(f"{here.prefix}_{way.name}", box.id, route=route))

    def _merge(self, place, y):
        label = Label(_MERGES[self.merge])
        size = (max(44.0, label.size(TITLE, SMALL)[0] + 26), 40.0)
        at = (place.middle, y + size[1] / 2)
        box = Box(f"{place.prefix}_merge", label, "operation", column=place.moment, at=at, size=size)
        self.scene.boxes.append(box)
        out = self._output(place, 0, "y", at=(place.middle, y + size[1] + _UP + _INPUT))
        route = straight((place.middle, y + size[1]), (place.middle, out.at[1] - out.size[1] / 2))
        self.scene.edges.append(Edge(box.id, out.id, route=route))
        return box

    def _output(self, place, k, name, *, at):
        label = Label(name, place.moment if self.every else "")
        box = pill(f"{place.prefix}_out{k}", label, "output", at=at, moment=place.moment)
        self.scene.boxes.append(box)
        return box

    def _way_up(self, way, here, end, straight_up):
        x, above = end[0], way.y + way.size[1] / 2
        if way.sign > 0:
            lane, high = here.middle - way.size[0] / 2, self.top - _UP
            return joined(straight((lane, above), (lane, high)), upwards((lane, high), end))
        if straight_up:
            return straight((x, above), end)
        start, lane = (way.x(here.middle), above), above + _UP / 2
        return rounded([start, (start[0], lane), (x, lane), end])

    def _carry(self, way, k, name, number):
        order = self.places if way.sign > 0 else self.places[::-1]
        first = self._end(way, k, f"first {name}", order[0])
        source, label = first.id, None
        start = (first.at[0] + way.sign * first.size[0] / 2, first.at[1])
        for place in order:
            target, end, after = self._stop(way, k, place)
            self._arrow(way, number, (source, target), (start, end), label=label)
            source, start = target, after
            label = None if place.t is None else time_axis.carried(name, place.moment)
        last = self._end(way, k, f"last {name}", order[-1])
        end = (last.at[0] - way.sign * last.size[0] / 2, last.at[1])
        self._arrow(way, number, (source, last.id), (start, end))

    def _end(self, way, k, text, place):
        # Where a state comes from before the first timestep, or goes to after the last one.
        which, side = text.split()[0], -1 if text.startswith("first") else 1
        box = time_axis.state_end(self.scene, f"{which}_{way.name}{k}", text)
        edge, y = way.side(place.middle, k, after=side > 0)
        box.at = (edge + side * way.sign * (self.gap / 2 + box.size[0] / 2), y)
        return box

    def _stop(self, way, k, place):
        before, after = (way.side(place.middle, k, late) for late in (False, True))
        if place.t is not None:
            return f"{place.prefix}_{way.name}", before, after
        box = time_axis.dots(self.scene, place, f"{place.prefix}_{way.name}{k}", before[1])
        half = way.sign * time_axis.DOTS_WIDTH / 2
        return box.id, (place.middle - half, before[1]), (place.middle + half, before[1])

    def _arrow(self, way, number, ids, points, *, label=None):
        edge = Edge(*ids, "state", label, state=number, route=straight(*points))
        if label:
            # Clear of the arrow that passes the box.
            away = _SHIFT / 2 + 8 + label.size(BESIDE, SMALL)[0] / 2
            edge.label_at = (points[0][0] + way.sign * away, points[0][1] + 12)
        self.scene.edges.append(edge)
