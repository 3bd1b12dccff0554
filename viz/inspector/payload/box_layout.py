"""The layout of the inspector's diagrams: by Graphviz, or in plain rows where there is none."""

import math
import subprocess
from dataclasses import dataclass

from viz.diagram import run_graphviz

_MARGIN, _HEAD = 6, 7


@dataclass
class Drawing:
    """A diagram that was laid out, in pixels: the middle of each box, and for each edge the path of its
    line and of its arrowhead as SVG writes them."""

    width: float
    height: float
    middles: list[tuple[float, float]]
    paths: list[tuple[str, str]]


def arrange(boxes: list, edges: list[tuple[int, int]]) -> Drawing:
    """Place boxes so that the edges lead upwards.

    Example:
        >>> arrange([((100, 40), "min"), ((100, 40), "max")], [(0, 1)]).middles
        [(56.0, 86.0), (56.0, 26.0)]

    Args:
        boxes: `((width, height), rank)` each; rank `"min"` is the bottom row, `"max"` the top one.
        edges: `(from, to)`.
    """
    try:
        command = [run_graphviz.program(), "-q", "-Tplain"]
    except RuntimeError:
        return _in_rows(boxes, edges)
    done = subprocess.run(command, input=_dot(boxes, edges), capture_output=True, text=True, check=True)
    return _read(done.stdout, len(boxes))


def _dot(boxes, edges):
    lines = ["digraph { rankdir=BT; nodesep=0.14; ranksep=0.22; node [shape=box fixedsize=true]"]
    for i, ((width, height), _) in enumerate(boxes):
        lines.append(f"n{i} [width={width / 72:.4f} height={height / 72:.4f}]")
    for rank in ("min", "max"):
        names = "; ".join(f"n{i}" for i, box in enumerate(boxes) if box[1] == rank)
        lines.append(f"{{ rank={rank}; {names} }}")
    lines += [f"n{a} -> n{b}" for a, b in edges]
    return "\n".join([*lines, "}"])


def _read(text, count):
    middles, paths, height, width = [(0.0, 0.0)] * count, [], 0.0, 0.0

    def point(x, y):
        return round(float(x) * 72 + _MARGIN, 1), round((height - float(y)) * 72 + _MARGIN, 1)

    for words in map(str.split, text.splitlines()):
        if words[0] == "graph":
            width, height = float(words[2]), float(words[3])
        elif words[0] == "node":
            middles[int(words[1][1:])] = point(*words[2:4])
        elif words[0] == "edge":
            numbers = words[4 : 4 + 2 * int(words[3])]
            paths.append(_curve(list(map(point, numbers[::2], numbers[1::2]))))
    return Drawing(round(width * 72 + 2 * _MARGIN, 1), round(height * 72 + 2 * _MARGIN, 1), middles, paths)


def _curve(points):
    # Graphviz ends the line where the arrowhead begins: ten points before the box.
    end = points[-1]
    before = next((p for p in reversed(points) if math.dist(p, end) > 0.5), (end[0], end[1] + 1))
    length = math.dist(before, end)
    along = ((end[0] - before[0]) / length, (end[1] - before[1]) / length)
    tip = (end[0] + 10 * along[0], end[1] + 10 * along[1])
    base = (tip[0] - _HEAD * along[0], tip[1] - _HEAD * along[1])
    line = f"M{_pair(points[0])}C" + " ".join(map(_pair, points[1:])) + f"L{_pair(base)}"
    side = (-along[1] * 3.2, along[0] * 3.2)
    corners = [tip, (base[0] + side[0], base[1] + side[1]), (base[0] - side[0], base[1] - side[1])]
    return line, "M" + "L".join(map(_pair, corners)) + "Z"


def _pair(point):
    return f"{point[0]:.1f},{point[1]:.1f}"


def _in_rows(boxes, edges):
    depth = [0] * len(boxes)
    for _ in boxes:  # the longest path to each box; there are at most as many rounds as boxes
        for a, b in edges:
            depth[b] = max(depth[b], depth[a] + 1)
    top = max(depth, default=0)
    depth = [top if rank == "max" else d for d, (_, rank) in zip(depth, boxes, strict=True)]
    middles, widest = [(0.0, 0.0)] * len(boxes), 0.0
    for level in range(top + 1):
        x = float(_MARGIN)
        for i in (i for i, d in enumerate(depth) if d == level):
            middles[i] = (x + boxes[i][0][0] / 2, _MARGIN + 21.0 + 60 * (top - level))
            x += boxes[i][0][0] + 10
        widest = max(widest, x)
    return Drawing(
        widest, 60.0 * top + 42 + 2 * _MARGIN, middles, [_straight(boxes, middles, e) for e in edges]
    )


def _straight(boxes, middles, edge):
    (x0, y0), (x1, y1) = middles[edge[0]], middles[edge[1]]
    start, end = (x0, y0 - boxes[edge[0]][0][1] / 2), (x1, y1 + boxes[edge[1]][0][1] / 2)
    tenth = 10 / max(math.dist(start, end), 20)
    stop = (end[0] + (start[0] - end[0]) * tenth, end[1] + (start[1] - end[1]) * tenth)
    return _curve([start, start, stop, stop])
