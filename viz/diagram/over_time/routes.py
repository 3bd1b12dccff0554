"""The routes of arrows from one column to the next."""

from viz.diagram.curves import Point, joined, rounded, sideways, straight
from viz.diagram.over_time.layout import Layout


def state_path(start: Point, end: Point, left: float, right: float) -> tuple[Point, ...]:
    """A level line to the end of a column at `left`, a curve over the gap, a level line from `right` on."""
    if abs(start[1] - end[1]) < 0.5 or start[0] == end[0]:
        return straight(start, end)
    a, b = (max(left, start[0]) + 34, start[1]), (min(right, end[0]) - 10, end[1])
    return joined(straight(start, a), sideways(a, b), straight(b, end))


def descend(start: list[Point], layout: Layout, *, k: int, lane: float, turn: float | None) -> list[Point]:
    """The points of a readout's route from an output down to the lane in the gap before its column.

    Args:
        start: the first points, from `leave`.
        layout: of the columns.
        k: which readout.
        lane: the x at which the arrow goes down.
        turn: the x at which it goes down already, where it has columns to pass; then `lane` is where
            it comes up again.
    """
    if turn is None:
        return [*start, (lane, start[-1][1])]
    return [*start, (turn, start[-1][1]), (turn, _below(layout, k)), (lane, _below(layout, k))]


def leave(item, layout: Layout, *, k: int, last: bool) -> list[Point]:
    """The first points out of an output: to its right, or over the outputs that stand there."""
    if last:
        return [(item.x + item.width / 2, item.y)]
    return [(item.x, item.y + item.height / 2), (item.x, layout.top + 14 + 8 * k)]


def arrive(item, layout: Layout, *, k: int, lane: float) -> list[Point]:
    """The last points into a readout, which comes down (or up) at `lane`.

    The first readout is entered from the left, those beside it from below.
    """
    left = item.x - item.width / 2
    if k == 0:
        return [(lane, item.y), (left, item.y)]
    x, low = left + 12, _below(layout, k)
    return [(lane, low), (x, low), (x, item.y - item.height / 2)]


def _below(layout, k):
    # Below the boxes, where the arrow of a readout may go on to the right.
    return layout.bottom - 12 - 8 * k


def held_over(item, before: float, here: float, top: float) -> tuple[Point, ...]:
    """A line from an output to the same output of the next column, above both."""
    y, high = item.y + item.height / 2, top + 16
    a, b = item.x + before, item.x + here
    return rounded([(a, y), (a, high), (b, high), (b, y)])
