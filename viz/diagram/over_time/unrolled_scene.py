"""The scene of an unrolled drawing: one column for each timestep, and the arrows between columns."""

from dataclasses import replace

from viz.diagram.curves import rounded
from viz.diagram.over_time import time_axis
from viz.diagram.over_time.column import Column
from viz.diagram.over_time.forcing import Forcing, masked_times
from viz.diagram.over_time.layout import Layout
from viz.diagram.over_time.routes import arrive, descend, held_over, leave, state_path
from viz.diagram.over_time.shown_timesteps import written
from viz.diagram.over_time.stamp import BAND, Stamp, pill
from viz.diagram.scene import Box, Edge, Scene
from viz.model.read_model import Model
from viz.style.fonts import BESIDE, SMALL
from viz.style.labels import Label

_GAP, _LANE = 46.0, 12.0


def unrolled_scene(
    model: Model, column: Column, layout: Layout, moments: list, *, steps: int, mask, training
) -> Scene:
    """The scene of a layer unrolled over these timesteps.

    Args:
        model, column, layout: what is drawn, one timestep of it, and where its boxes stand.
        moments: what `shown_timesteps.shown` chose of the `steps` timesteps.
        mask, training: as for `draw_unrolled`.
    """
    forcing, masked = Forcing(model, training), masked_times(mask, steps)
    return _Timeline(model, Stamp(column, layout), forcing, steps=steps, masked=masked).draw(moments)


class _Timeline:
    def __init__(self, model, stamp, forcing, *, steps, masked):
        self.model, self.stamp, self.forcing = model, stamp, forcing
        self.steps, self.masked = steps, masked
        self.column, self.layout = stamp.column, stamp.layout
        # As wide with the truth as without: two pictures of one layer align column by column.
        own = len(model.fed)
        self.gap = _GAP + _LANE * own + time_axis.carried_width(model.names.states)
        self.gap += 36 if any(map(self._climbs, range(len(model.names.states)))) else 0
        self.scene = Scene(time_axis.unrolled_title(model.title, steps))
        self.floor = self.layout.bottom - 8 * max(0, own - 1)

    def _climbs(self, k):
        return self.column.giver(k).side(k, True)[1] != self.column.taker(k).side(k, False)[1]

    def draw(self, moments):
        size = {"width": self.stamp.width, "middle": -self.layout.left, "gap": self.gap}
        self.places = time_axis.place_columns(moments, self.steps, **size, masked=self.masked)
        self.scene.columns = [place.moment for place in self.places]
        for place in self.places:
            if place.runs:
                labels = self._labels(place)
                press = {"at": place.middle, "moment": place.moment, "labels": labels}
                self.stamp.press(self.scene, place.prefix, **press)
            elif place.t is not None:
                self._masked(place)
        for k, name in enumerate(self.model.names.states):
            self._carry(k, name)
        self._hold_outputs()
        self._feed_back()
        middle = (self.places[0].left + self.places[-1].right) / 2
        bars = {"floor": self.floor, "middle": middle, "apart": 15}
        self.floor = time_axis.add_bars(self.scene, self.stamp, self.model.names, self.places, **bars)
        time_axis.name_times(self.scene, self.places, self.floor - 30)
        self.scene.notes = self._notes()
        return self.scene

    def _labels(self, place):
        column, before = self.column, self._source(place)
        labels = {}
        for id in column.below:
            name = column.items[id].label.title
            if column.items[id].role == "input":
                labels[id] = Label(name, self._input_time(place))
            elif before is None:
                labels[id] = Label(f"first {name}")
            else:
                labels[id] = Label(name, self._moment_before(place, before))
        for id in column.above:
            labels[id] = Label(column.items[id].label.title, place.moment)
        return labels

    def _source(self, place):
        # The column from which a readout comes: masked timesteps are as if they were not there.
        valid = [other for other in self.places[: self.places.index(place)] if other.t is None or other.valid]
        return valid[-1] if valid else None

    def _moment_before(self, place, source):
        adjacent = source.t is None or source.t == place.t - 1
        return written(place.t, self.steps, 1) if adjacent else written(source.t, self.steps)

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
        box = time_axis.state_end(self.scene, f"first_s{k}", f"first {name}")
        box.at = (first.left - self.gap / 2 - 8 - box.size[0] / 2, taker[1])
        source, start, before, below = box.id, (box.at[0] + box.size[0] / 2, taker[1]), box.at[0], None
        for place in self.places:
            target, end = self._stop(place, k, giver, taker)
            label = time_axis.carried(name, below) if below else None
            bounds = (before, place.left)
            self._state_edge(k, (source, target), (start, end), bounds=bounds, label=label)
            source, start, before = target, (end[0], end[1]), place.right
            if place.runs:
                source = f"{place.prefix}_{self.column.giver(k).id}"
                start = (giver[0] + place.middle, giver[1])
            elif place.t is None:
                start = (end[0] + time_axis.DOTS_WIDTH, end[1])
            below = "" if place.t is None else place.moment
        box = time_axis.state_end(self.scene, f"last_s{k}", f"last {name}")
        box.at = (last.right + self.gap / 2 + 8 + box.size[0] / 2, start[1])
        end = (box.at[0] - box.size[0] / 2, start[1])
        self._state_edge(k, (source, box.id), (start, end), bounds=(last.right, end[0]), label=None)

    def _stop(self, place, k, giver, taker):
        # Where a state enters a column: at one of its boxes, at dots, or at a point that lets it pass.
        if place.runs:
            return f"{place.prefix}_{self.column.taker(k).id}", (taker[0] + place.middle, taker[1])
        id = f"{place.prefix}_s{k}"
        if place.t is None:
            time_axis.dots(self.scene, place, id, giver[1])
            return id, (place.left, giver[1])
        end = (place.middle, giver[1])
        self.scene.boxes.append(Box(id, Label(""), "state", None, place.moment, at=end, size=(7.0, 7.0)))
        return id, end

    def _state_edge(self, k, ids, ends, *, bounds, label):
        route = state_path(*ends, *bounds)
        half = label.size(BESIDE, SMALL)[0] / 2 if label else 0.0
        middle = (bounds[0] + 12 + half, ends[0][1] + 12)
        edge = Edge(*ids, "state", label, state=k, route=route)
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
        for k, id in enumerate(self.column.readouts):
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
        lane = place.left - 16 - 12 * k
        last = arrive(item, self.layout, k=k, lane=lane)
        if source.t is None:
            name, y = f"{source.prefix}_r{k}", self._dots_level(item, k)
            points = [(source.right, y), (lane, y), *(last[1:] if k == 0 else last)]
        else:
            name, points = self._way_down(source, k, place.left, lane)
            points += last
        self.scene.edges.append(Edge(name, f"{place.prefix}_{id}", "readout", route=rounded(points)))

    def _way_down(self, source, k, left, lane):
        # From an output down to its readouts; past other columns the arrow runs below them.
        id = self.column.above[self.model.fed[k][0]]
        item = replace(self.column.items[id], x=self.column.items[id].x + source.middle)
        start = leave(item, self.layout, k=k, last=id == self.column.above[-1])
        turn = source.right + 50 + 12 * k if left - source.right > self.gap + 1 else None
        return f"{source.prefix}_{id}", descend(start, self.layout, k=k, lane=lane, turn=turn)

    def _dots_level(self, item, k):
        return item.y - 24 * k

    def _readout_dots(self, place, k, id, source):
        y = self._dots_level(self.column.items[id], k)
        box, lane = time_axis.dots(self.scene, place, f"{place.prefix}_r{k}", y), place.left - 16 - 12 * k
        name, points = self._way_down(source, k, place.left, lane)
        route = rounded([*points, (lane, y), (place.left, y)])
        self.scene.edges.append(Edge(name, box.id, "readout", route=route))
        return place

    def _truth(self, source, place, k, id):
        label = replace(self.forcing.label, below=self._moment_before(place, source))
        item, name = self.column.items[id], f"{place.prefix}_truth{k}"
        low = time_axis.add_truth(self.scene, place, item, name, label=label, y=self.layout.bottom - BAND)
        self.floor = min(self.floor, low)

    def _notes(self):
        return [
            *time_axis.length_note(self.places, self.steps),
            *(["The input is read from its end."] if self.model.option("go_backwards") else []),
            *self.forcing.notes,
            *(["A masked timestep is as if it was not there."] if self.masked else []),
        ]
