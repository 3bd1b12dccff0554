"""The ways that arrows take from one column to the next."""

from viz.diagram.curves import Point, joined, rounded, sideways, straight


def state_path(start: Point, end: Point, left: float, right: float) -> tuple[Point, ...]:
    """Level to the end of a column at `left`, over the gap, level from `right` on."""
    if abs(start[1] - end[1]) < 0.5 or start[0] == end[0]:
        return straight(start, end)
    a, b = (max(left, start[0]) + 34, start[1]), (min(right, end[0]) - 10, end[1])
    return joined(straight(start, a), sideways(a, b), straight(b, end))


def readout_path(start: list[Point], item, *, k: int, lane: float, low: float, turn: float | None):
    """From an output to the right, down in the gap, and into the box of a readout.

    Args:
        start: the first points, from `leave`.
        item: the readout's box, its x in the drawing.
        k: which readout: the first is entered from the left, those beside it from below.
        lane: the x at which the arrow goes down.
        low: the y below the boxes at which it may go on to the right.
        turn: the x at which it goes down already, where it has columns to pass; then `lane` is where
            it comes up again.
    """
    points = list(start)
    if turn is not None:
        points += [(turn, points[-1][1]), (turn, low), (lane, low)]
    else:
        points += [(lane, points[-1][1])]
    return rounded([*points, *arrive(item, k=k, lane=lane, low=low)])


def leave(item, *, last: bool, over: float) -> list[Point]:
    """The first points of a way out of an output: to its right, or over those that stand there."""
    if last:
        return [(item.x + item.width / 2, item.y)]
    return [(item.x, item.y + item.height / 2), (item.x, over)]


def arrive(item, *, k: int, lane: float, low: float) -> list[Point]:
    """The last points of a way into a readout, which comes down (or up) at `lane`."""
    left = item.x - item.width / 2
    if k == 0:
        return [(lane, item.y), (left, item.y)]
    x = left + 12
    return [(lane, low), (x, low), (x, item.y - item.height / 2)]


def held_over(item, before: float, here: float, top: float) -> tuple[Point, ...]:
    """From an output over to that of the next column, above both."""
    y, high = item.y + item.height / 2, top + 16
    a, b = item.x + before, item.x + here
    return rounded([(a, y), (a, high), (b, high), (b, y)])
