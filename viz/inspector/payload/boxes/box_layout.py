"""The layout of the inspector's diagrams: by Graphviz, or in plain rows where there is none."""

import math
import subprocess
from dataclasses import dataclass

from viz.diagram import run_graphviz

_MARGIN = 6

# In inches, between rows, and in pixels the height from which on they are set closer: that of the panel on a
# screen of 1366 x 768.
_BETWEEN, _CLOSER, _HIGH = 0.26, 0.16, 580


@dataclass
class Drawing:
    """A diagram that was laid out, in pixels: the middle of each box, and for each edge the points of its
    Bézier curves, from the box where it begins to the tip of its arrowhead."""

    width: float
    height: float
    middles: list[tuple[float, float]]
    curves: list[list[tuple[float, float]]]


def arrange(diagrams: list) -> list[Drawing]:
    """Place the boxes of each diagram so that its edges lead upwards.

    Example:
        >>> arrange([([((100, 40), "min"), ((100, 40), "max")], {(0, 1): False})])[0].middles
        [(56.0, 86.0), (56.0, 26.0)]

    Args:
        diagrams: `(boxes, edges)` each. The boxes are `((width, height), rank)`; rank `"min"` is the bottom
            row, `"max"` the top one. The edges are `{(from, to): straight}`; one that is straight pulls its
            boxes above each other.
    """
    try:
        command = [run_graphviz.program(), "-q", "-Tplain"]
    except RuntimeError:
        return [_in_rows(boxes, list(edges)) for boxes, edges in diagrams]
    made = _laid_out(command, diagrams, _BETWEEN)
    high = [place for place, drawing in enumerate(made) if drawing.height > _HIGH]
    if high:
        closer = _laid_out(command, [diagrams[place] for place in high], _CLOSER)
        for place, drawing in zip(high, closer, strict=True):
            made[place] = drawing
    return made


def _laid_out(command, diagrams, between):
    # Starting the program takes longer than a layout: it is started once for all of them.
    text = "\n".join(_dot(boxes, edges, between) for boxes, edges in diagrams)
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    parts = done.stdout.split("\nstop\n")
    return [
        _read(part, len(boxes), list(edges)) for part, (boxes, edges) in zip(parts, diagrams, strict=False)
    ]


def _dot(boxes, edges, between):
    lines = [f"digraph {{ rankdir=BT; nodesep=0.14; ranksep={between}; node [shape=box fixedsize=true]"]
    for i, ((width, height), _) in enumerate(boxes):
        lines.append(f"n{i} [width={width / 72:.4f} height={height / 72:.4f}]")
    for rank in ("min", "max"):
        names = "; ".join(f"n{i}" for i, box in enumerate(boxes) if box[1] == rank)
        lines.append(f"{{ rank={rank}; {names} }}")
    lines += [f"n{a} -> n{b}{' [weight=12]' if straight else ''}" for (a, b), straight in edges.items()]
    return "\n".join([*lines, "}"])


def _read(text, count, edges):
    middles, curves, height, width = [(0.0, 0.0)] * count, {}, 0.0, 0.0

    def point(x, y):
        return round(float(x) * 72 + _MARGIN, 1), round((height - float(y)) * 72 + _MARGIN, 1)

    for words in map(str.split, text.splitlines()):
        if words[0] == "graph":
            width, height = float(words[2]), float(words[3])
        elif words[0] == "node":
            middles[int(words[1][1:])] = point(*words[2:4])
        elif words[0] == "edge":
            numbers = words[4 : 4 + 2 * int(words[3])]
            ends = int(words[1][1:]), int(words[2][1:])
            curves[ends] = _to_the_tip(list(map(point, numbers[::2], numbers[1::2])))
    size = round(width * 72 + 2 * _MARGIN, 1), round(height * 72 + 2 * _MARGIN, 1)
    return Drawing(*size, middles, [curves[ends] for ends in edges])


def _to_the_tip(points):
    # Graphviz ends the line where the arrowhead begins: ten points before the box.
    end = points[-1]
    before = next((p for p in reversed(points) if math.dist(p, end) > 0.5), (end[0], end[1] + 1))
    length = math.dist(before, end)
    tip = tuple(round(e + 10 * (e - b) / length, 1) for e, b in zip(end, before, strict=True))
    return [*points, end, tip, tip]


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
    curves = [_straight(boxes, middles, edge) for edge in edges]
    return Drawing(widest, 60.0 * top + 42 + 2 * _MARGIN, middles, curves)


def _straight(boxes, middles, edge):
    (x0, y0), (x1, y1) = middles[edge[0]], middles[edge[1]]
    start, end = (x0, y0 - boxes[edge[0]][0][1] / 2), (x1, y1 + boxes[edge[1]][0][1] / 2)
    return [start, start, end, end]
