"""The arrows within one column: the points at which they touch boxes, and their curves."""

from viz.diagram.curves import Point, joined, straight, upwards
from viz.diagram.over_time.column import Column
from viz.diagram.over_time.layout import Layout

_STEP = 15.0
_BEND = 26.0


def curves_of(column: Column, layout: Layout) -> list[tuple[Point, ...]]:
    """The curve of each link of a column that was laid out, in the order of its links."""
    ways = [_way(column, layout, i) for i in range(len(column.links))]
    starts = _touch(column, ways, [link.source for link in column.links], above=True)
    ends = _touch(column, ways, [link.target for link in column.links], above=False)
    return [_curve(column, layout, i, ends) for i, ends in enumerate(zip(starts, ends, strict=True))]


def _way(column, layout, i):
    # The x at which the arrow leaves its source, and the x at which it reaches its target.
    link = column.links[i]
    source, target = column.items[link.source].x, column.items[link.target].x
    lane = layout.lanes.get(i)
    return (target, source) if lane is None else (lane, lane)


def _touch(column, ways, ids, above):
    points = [None] * len(ids)
    for id in dict.fromkeys(ids):
        item = column.items[id]
        mine = [i for i, other in enumerate(ids) if other == id]
        offsets = _offsets([ways[i][0 if above else 1] - item.x for i in mine], item.width)
        for i, offset in zip(mine, offsets, strict=True):
            half = item.height / 2
            if item.role == "operation":
                half *= max(0.0, 1 - (2 * offset / item.width) ** 2) ** 0.5
            points[i] = (item.x + offset, item.y + (half if above else -half))
    return points


def _offsets(bearings, width):
    # An arrow that comes straight touches the box in the middle, one that comes from a side on that side.
    middle = [i for i, x in enumerate(bearings) if abs(x) < 1]
    left = sorted((i for i, x in enumerate(bearings) if x <= -1), key=lambda i: -bearings[i])
    right = sorted((i for i, x in enumerate(bearings) if x >= 1), key=lambda i: bearings[i])
    most = max(len(middle) / 2 + max(len(left), len(right)), 1)
    step = min(_STEP, max(width - 8, 0) / 2 / most)
    offsets = [0.0] * len(bearings)
    for place, i in enumerate(middle):
        offsets[i] = (place - (len(middle) - 1) / 2) * step
    if not middle and len(bearings) == 2 and len(left) == 1:
        return [step / 2 if x > 0 else -step / 2 for x in bearings]
    first = (len(middle) + 1) / 2 if middle else (1 if left and right else 0)
    for side, sign in ((left, -1), (right, 1)):
        for place, i in enumerate(side):
            offsets[i] = sign * (place + first) * step
    return offsets


def _curve(column, layout, i, ends):
    (a, b), lane = ends, layout.lanes.get(i)
    if lane is None:
        return straight(a, b) if abs(a[0] - b[0]) < 0.5 else upwards(a, b)
    if abs(lane - a[0]) < 0.5 and abs(lane - b[0]) < 0.5:
        return straight(a, b)
    link = column.links[i]
    low, high = layout.row_of[link.source], layout.row_of[link.target]
    first = (lane, max(a[1] + _BEND, min(layout.rows[low + 1].bottom, a[1] + 2 * _BEND)))
    last = (lane, min(b[1] - _BEND, max(layout.rows[high - 1].top, b[1] - 2 * _BEND)))
    return joined(upwards(a, first), straight(first, last), upwards(last, b))
