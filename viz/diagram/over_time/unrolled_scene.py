"""The scene of an unrolled drawing: columns side by side, and what goes from one to the next."""

from dataclasses import dataclass, replace

from viz.diagram.curves import rounded, straight
from viz.diagram.over_time.column import Column
from viz.diagram.over_time.forcing import Forcing, masked_times
from viz.diagram.over_time.layout import Layout
from viz.diagram.over_time.routes import arrive, held_over, leave, readout_path, state_path
from viz.diagram.over_time.shown_timesteps import DOTS, written
from viz.diagram.over_time.stamp import BAND, Stamp, mark, pill
from viz.diagram.scene import Box, Edge, Scene
from viz.model.read_model import Model
from viz.style.fonts import BESIDE, SMALL
from viz.style.labels import Label, shorten

_GAP, _LANE, _DOTS_WIDTH = 46.0, 12.0, 26.0


@dataclass
class _Place:
    # A column in the drawing: which timestep, whether it counts, and where it stands.
    prefix: str
    t: int | None
    moment: str
    valid: bool
    middle: float
    left: float
    right: float


def over_time(
    model: Model, column: Column, layout: Layout, moments: list, *, steps: int, mask, training
) -> Scene:
    """The scene of these timesteps.

    Args:
        model, column, layout: what is drawn, one timestep of it, and where its boxes stand.
        moments: what `timeline.shown` chose of the `steps` timesteps.
        mask, training: as for `draw_unrolled`.
    """
    return _Timeline(model, Stamp(column, layout), moments, steps, mask, training).draw()


class _Timeline:
    def __init__(self, model, stamp, moments, steps, mask, training):
        self.model, self.stamp, self.steps = model, stamp, steps
        self.column, self.layout = stamp.column, stamp.layout
        self.forcing = Forcing(model, training)
        self.masked = masked_times(mask, steps)
        own = len(model.fed) if self.forcing.own else 0
        names = [self._carried(name, "00").size(BESIDE, SMALL)[0] for name in model.ends.states]
        self.gap = _GAP + _LANE * own + max([0, *names])
        self.gap += 36 if any(map(self._climbs, range(len(model.ends.states)))) else 0
        self.scene = Scene(_title(model, steps))
        self.places = self._find_places(moments)
        self.floor = self.layout.bottom - 8 * max(0, own - 1)

    @staticmethod
    def _carried(name, below):
        return Label(shorten(name, 14), below)

    def _climbs(self, k):
        return self.column.giver(k).side(k, True)[1] != self.column.taker(k).side(k, False)[1]

    def draw(self):
        self.scene.columns = [place.moment for place in self.places]
        for place in self.places:
            if place.t is not None and place.valid:
                labels = self._labels(place)
                press = {"at": place.middle, "moment": place.moment, "labels": labels}
                self.stamp.press(self.scene, place.prefix, **press)
            elif place.t is not None:
                self._masked(place)
        for k, name in enumerate(self.model.ends.states):
            self._carry(k, name)
        self._hold_outputs()
        self._feed_back()
        self._bars()
        for place in self.places:
            text = DOTS if place.t is None else f"t = {place.moment}"
            at = (place.middle, self.floor - 30)
            self.scene.boxes.append(mark(f"{place.prefix}_t", text, "time", at=at, moment=place.moment))
        self.scene.notes = self._notes()
        return self.scene

    def _find_places(self, moments):
        places, x = [], 0.0
        for n, t in enumerate(moments):
            width = _DOTS_WIDTH if t is None else self.stamp.width
            middle = x + width / 2 if t is None else x - self.layout.left
            counts = t not in self.masked
            prefix = f"c{n}"
            moment = written(t, self.steps) if t is not None else f"{DOTS}{n}"
            places.append(_Place(prefix, t, moment, counts, middle, x, x + width))
            x += width + self.gap
        return places

    def _labels(self, place):
        column, first = self.column, place is self.places[0]
        labels = {}
        for id in column.below:
            name = column.items[id].label.title
            if column.items[id].role == "input":
                labels[id] = Label(name, self._input_time(place))
            elif first:
                labels[id] = replace(column.items[id].label, title=f"first {name}")
        for id in column.above:
            labels[id] = Label(column.items[id].label.title, place.moment)
        return labels

    def _input_time(self, place):
        if not self.model.option("go_backwards"):
            return place.moment
        last = self.steps - 1 - place.t
        if place.moment.startswith("T"):
            return "0"
        return f"T-{1 + place.t}" if self.places[-1].moment.startswith("T") else str(last)

    def _masked(self, place):
        for id in [*self.column.below, *self.column.above]:
            item = self.column.items[id]
            if item.role == "readout":
                continue
            held = self._held(place) if item.role == "output" else ""
            label = Label(item.label.title, place.moment, detail=held)
            at, name = (item.x + place.middle, item.y), f"{place.prefix}_{id}"
            self.scene.boxes.append(pill(name, label, "masked", at=at, moment=place.moment))

    def _carry(self, k, name):
        giver, taker = self.column.giver(k).side(k, True), self.column.taker(k).side(k, False)
        first, last = self.places[0], self.places[-1]
        box = pill(f"first_s{k}", Label(f"first {name}"), "state", at=(0.0, taker[1]))
        box.at = (first.left - self.gap / 2 - 8 - box.size[0] / 2, taker[1])
        self.scene.boxes.append(box)
        source, start, before, below = box.id, (box.at[0] + box.size[0] / 2, taker[1]), box.at[0], None
        for place in self.places:
            target, end, on = self._stop(place, k, giver, taker)
            label = self._carried(name, below) if below else None
            bounds = (before, place.left)
            self._state_edge(k, source, target, start, end, bounds=bounds, label=label)
            source, start, before = on, (end[0], end[1]), place.right
            if place.t is not None and place.valid:
                source = f"{place.prefix}_{self.column.giver(k).id}"
                start = (giver[0] + place.middle, giver[1])
            elif place.t is None:
                start = (end[0] + _DOTS_WIDTH, end[1])
            below = "" if place.t is None else place.moment
        box = pill(f"last_s{k}", Label(f"last {name}"), "state", at=(0.0, start[1]))
        box.at = (last.right + self.gap / 2 + 8 + box.size[0] / 2, start[1])
        self.scene.boxes.append(box)
        end = (box.at[0] - box.size[0] / 2, start[1])
        self._state_edge(k, source, box.id, start, end, bounds=(last.right, end[0]), label=None)

    def _stop(self, place, k, giver, taker):
        # Where a state comes in: a box of the column, dots, or a dot that lets it pass.
        if place.t is not None and place.valid:
            item = self.column.taker(k)
            id = f"{place.prefix}_{item.id}"
            return id, (taker[0] + place.middle, taker[1]), id
        id = f"{place.prefix}_s{k}"
        if place.t is None:
            box = mark(id, DOTS, "dots", at=(place.middle, giver[1]), moment=place.moment)
            box.size = (_DOTS_WIDTH, box.size[1])
            end = (place.left, giver[1])
        else:
            end = (place.middle, giver[1])
            box = Box(id, Label(""), "state", None, place.moment, at=end, size=(7.0, 7.0))
        self.scene.boxes.append(box)
        return id, end, id

    def _state_edge(self, k, source, target, start, end, *, bounds, label):
        route = state_path(start, end, *bounds)
        half = label.size(BESIDE, SMALL)[0] / 2 if label else 0.0
        middle = (bounds[0] + 12 + half, start[1] + 12)
        edge = Edge(source, target, "state", label, state=k, route=route)
        edge.label_at = middle if label else None
        self.scene.edges.append(edge)

    def _held(self, place):
        zero = self.model.option("zero_output_for_mask") or place is self.places[0]
        return "0" if zero else "held"

    def _hold_outputs(self):
        for before, place in zip(self.places, self.places[1:], strict=False):
            if place.valid or self._held(place) == "0":
                continue
            for id in self.column.above:
                route = held_over(self.column.items[id], before.middle, place.middle, self.layout.top)
                ids = f"{before.prefix}_{id}", f"{place.prefix}_{id}"
                self.scene.edges.append(Edge(*ids, "held", route=route))

    def _feed_back(self):
        pills = [id for id in self.column.below if self.column.items[id].role == "readout"]
        for k, id in enumerate(pills):
            source = None
            for place in self.places:
                if place.t is None:
                    source = self._readout_dots(place, k, id, source) if self.forcing.own else place
                elif place.valid:
                    if source is not None and self.forcing.own:
                        self._readout(source, place, k, id)
                    if source is not None and self.forcing.truth:
                        self._truth(source, place, k, id)
                    source = place

    def _readout(self, source, place, k, id):
        item = replace(self.column.items[id], x=self.column.items[id].x + place.middle)
        lane, low = place.left - 16 - 12 * k, self.layout.bottom - 12 - 8 * k
        if source.t is None:
            name, start = f"{source.prefix}_r{k}", (source.right, self._dots_level(item, k))
            last = [(item.x - item.width / 2, item.y)] if k == 0 else arrive(item, k=k, lane=lane, low=low)
            route = rounded([start, (lane, start[1]), *last])
        else:
            name, start, turn = self._way_out(source, k, place.left)
            route = readout_path(start, item, k=k, lane=lane, low=low, turn=turn)
        self.scene.edges.append(Edge(name, f"{place.prefix}_{id}", "readout", route=route))

    def _way_out(self, source, k, left):
        # From an output down to its readouts; where columns are passed, down at once and below them.
        id = self.column.above[self.model.fed[k][0]]
        item = replace(self.column.items[id], x=self.column.items[id].x + source.middle)
        start = leave(item, last=id == self.column.above[-1], over=self.layout.top + 14 + 8 * k)
        passes = left - source.right > self.gap + 1
        return f"{source.prefix}_{id}", start, source.right + 50 + 12 * k if passes else None

    def _dots_level(self, item, k):
        return item.y - 24 * k

    def _readout_dots(self, place, k, id, source):
        y = self._dots_level(self.column.items[id], k)
        box = mark(f"{place.prefix}_r{k}", DOTS, "dots", at=(place.middle, y), moment=place.moment)
        box.size = (_DOTS_WIDTH, box.size[1])
        self.scene.boxes.append(box)
        name, start, turn = self._way_out(source, k, place.left)
        lane, low = place.left - 16 - 12 * k, self.layout.bottom - 12 - 8 * k
        down = [(lane, start[-1][1])] if turn is None else [(turn, start[-1][1]), (turn, low), (lane, low)]
        route = rounded([*start, *down, (lane, y), (place.left, y)])
        self.scene.edges.append(Edge(name, box.id, "readout", route=route))
        return place

    def _truth(self, source, place, k, id):
        item = self.column.items[id]
        adjacent = source.t is None or source.t == place.t - 1
        below = written(place.t, self.steps, 1) if adjacent else written(source.t, self.steps)
        label = replace(self.forcing.label, below=below)
        y = self.layout.bottom - BAND
        at = (place.middle + item.x, y)
        box = pill(f"{place.prefix}_truth{k}", label, "truth", at=at, moment=place.moment)
        self.scene.boxes.append(box)
        route = straight((at[0], y + box.size[1] / 2), (at[0], item.y - item.height / 2))
        self.scene.edges.append(Edge(box.id, f"{place.prefix}_{id}", "truth", route=route))
        self.floor = min(self.floor, y - box.size[1] / 2)

    def _bars(self):
        ends = self.model.ends
        names = [*(ends.inputs if ends.fixed_inputs else []), *ends.constants]
        left, right = self.places[0].left, self.places[-1].right
        for id, name in zip(self.column.entries, names, strict=True):
            y = self.floor - BAND
            box = pill(f"bar_{id}", Label(name), self.column.items[id].role, at=((left + right) / 2, y))
            box.size, box.wide = (max(right - left, box.size[0]), 30.0), True
            self.scene.boxes.insert(0, box)
            for place in self.places:
                if place.t is not None and place.valid and id not in self.stamp.idle:
                    x = place.middle + self.column.items[id].x
                    route = straight((x, y + 15), (x, self.column.items[id].y))
                    self.scene.edges.append(Edge(box.id, f"{place.prefix}_{id}", box.role, route=route))
            self.floor = y - 15

    def _notes(self):
        return [
            *([f"T = {self.steps}"] if self.places[-1].moment.startswith("T") else []),
            *(["The input is read from its end."] if self.model.option("go_backwards") else []),
            *self.forcing.notes,
            *(["A masked timestep is as if it was not there."] if self.masked else []),
        ]


def _title(model, steps):
    return f"{model.title} unrolled over {steps} timestep{'s' if steps != 1 else ''}"
