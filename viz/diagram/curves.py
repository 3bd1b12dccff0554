"""Curves in the form that Graphviz reads: a point, then three for each Bézier piece."""

Point = tuple[float, float]


def straight(*points: Point) -> tuple[Point, ...]:
    """Straight lines from point to point.

    Example:
        >>> straight((0, 0), (3, 0))
        ((0, 0), (1.0, 0.0), (2.0, 0.0), (3, 0))
    """
    curve = [points[0]]
    for a, b in zip(points, points[1:], strict=False):
        curve += [_between(a, b, 1 / 3), _between(a, b, 2 / 3), b]
    return tuple(curve)


def upwards(a: Point, b: Point) -> tuple[Point, ...]:
    """A curve that leaves `a` and enters `b` vertically."""
    bend = (b[1] - a[1]) / 2
    return (a, (a[0], a[1] + bend), (b[0], b[1] - bend), b)


def sideways(a: Point, b: Point) -> tuple[Point, ...]:
    """A curve that leaves `a` and enters `b` horizontally."""
    bend = (b[0] - a[0]) / 2
    return (a, (a[0] + bend, a[1]), (b[0] - bend, b[1]), b)


def joined(*curves: tuple[Point, ...]) -> tuple[Point, ...]:
    """Curves one after the other, each beginning where the last one ended."""
    whole = curves[0]
    for curve in curves[1:]:
        whole += curve[1:]
    return whole


def rounded(points: list[Point], radius: float = 10.0) -> tuple[Point, ...]:
    """Horizontal and vertical lines from point to point with round corners.

    Example:
        >>> rounded([(0, 0), (50, 0), (50, 50)])[0], rounded([(0, 0), (50, 0), (50, 50)])[-1]
        ((0, 0), (50, 50))
    """
    points = [p for p, q in zip(points, [None, *points], strict=False) if p != q]
    here, pieces = points[0], []
    for a, corner, b in zip(points, points[1:], points[2:], strict=False):
        r = min(radius, _length(a, corner) / 2, _length(corner, b) / 2)
        start, end = _towards(corner, a, r), _towards(corner, b, r)
        pieces += [straight(here, start), (start, corner, corner, end)]
        here = end
    return joined(*pieces, straight(here, points[-1]))


def moved(curve: tuple[Point, ...], dx: float) -> tuple[Point, ...]:
    """The curve, shifted to the right."""
    return tuple((x + dx, y) for x, y in curve)


def _between(a, b, part):
    return (a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part)


def _length(a, b):
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _towards(a, b, distance):
    return _between(a, b, distance / _length(a, b)) if a != b else a
