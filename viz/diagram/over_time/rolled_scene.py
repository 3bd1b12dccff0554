"""The scene of a rolled drawing: one column, with each state and readout fed back one timestep later."""

from dataclasses import dataclass

from viz.diagram.curves import rounded
from viz.diagram.over_time.column import Column
from viz.diagram.over_time.forcing import Forcing
from viz.diagram.over_time.layout import Layout
from viz.diagram.over_time.routes import arrive, leave
from viz.diagram.over_time.stamp import BAND, Stamp, pill
from viz.diagram.over_time.time_axis import Place, add_bars, add_truth
from viz.diagram.scene import Edge, Scene
from viz.model.read_model import Model
from viz.style.labels import Label

_NEAR, _LANE, _DOWN = 26.0, 16.0, 40.0


def rolled_scene(model: Model, column: Column, layout: Layout, training=None) -> Scene:
    """The scene of one column with a delay for each state and readout.

    Args:
        model, column, layout: what is drawn, one timestep of it, and where its boxes stand.
        training: as for `draw_unrolled`.
    """
    scene = Scene(f"{model.title}, rolled", columns=["t"])
    forcing = Forcing(model, training)
    labels = {id: Label(column.items[id].label.title, "t") for id in column.above}
    for id in column.below:
        role = column.items[id].role
        labels[id] = Label(column.items[id].label.title, "t" if role == "input" else "t-1")
    stamp, place = Stamp(column, layout), Place("c", 0, "t", left=layout.left, right=layout.right)
    stamp.press(scene, place.prefix, at=place.middle, moment=place.moment, labels=labels)
    floor = layout.bottom
    for k, id in enumerate(column.readouts if forcing.truth else []):
        truth = Label("truth", "t-1", detail=forcing.label.detail)
        y = layout.bottom - BAND
        floor = min(floor, add_truth(scene, place, column.items[id], f"truth{k}", label=truth, y=y))
    loops = _state_loops(model, column)
    loops += _readout_loops(model, column, layout) if forcing.own else []
    for n, loop in enumerate(loops):
        floor -= _DOWN
        _loop(scene, column, layout, n, y=floor, loop=loop)
    add_bars(scene, stamp, model.names, [place], floor=floor, middle=0.0)
    scene.notes = list(forcing.notes)
    return scene


@dataclass(frozen=True)
class _Loop:
    # A value that is fed back one timestep later: the boxes and points where its loop starts and ends.
    name: str
    role: str
    k: int
    giver: str
    start: list
    taker: str
    end: list


def _state_loops(model, column):
    # The lowest box has the innermost loop.
    states = list(enumerate(model.names.states))
    states.sort(key=lambda pair: column.giver(pair[0]).side(pair[0], True)[1])
    found = []
    for k, name in states:
        giver, taker = column.giver(k), column.taker(k)
        ends = [giver.side(k, True)], [taker.side(k, False)]
        found.append(_Loop(name, "state", k, giver.id, ends[0], taker.id, ends[1]))
    return found


def _readout_loops(model, column, layout):
    found = []
    for k, id in enumerate(column.readouts):
        output, item = column.items[column.above[model.fed[k][0]]], column.items[id]
        start = leave(output, layout, k=k, last=output.id == column.above[-1])
        end = arrive(item, layout, k=k, lane=layout.left - _NEAR)[1:]
        found.append(_Loop(output.label.title, "readout", k, output.id, start, id, end))
    return found


def _loop(scene, column, layout, n, *, y, loop):
    delay = pill(f"delay_{loop.role}{loop.k}", Label(loop.name, "t-1"), loop.role, at=(0.0, y), moment="t")
    half, out = delay.size[0] / 2, _NEAR + _LANE * n
    # The arrows of constants come up beside it.
    x = min([half + 10, *(column.items[id].x for id in column.entries)]) - half - 10
    delay.at = (x, y)
    scene.boxes.append(delay)
    right, left = layout.right + out, min(layout.left, x - half) - out
    start, end = loop.start, loop.end
    state = loop.k if loop.role == "state" else None
    down = rounded([*start, (right, start[-1][1]), (right, y), (x + half, y)])
    up = rounded([(x - half, y), (left, y), (left, end[0][1]), *end])
    label = Label(loop.name, "t") if loop.role == "state" else None
    there = Edge(f"c_{loop.giver}", delay.id, loop.role, label, state=state, route=down)
    there.label_at = (layout.right + 12, start[-1][1] + 12) if label else None
    scene.edges += [there, Edge(delay.id, f"c_{loop.taker}", loop.role, state=state, route=up)]
