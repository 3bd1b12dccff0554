"""A step's drawing as Graphviz laid it out: where its boxes stand and its arrows run."""

import json
from dataclasses import dataclass

import numpy as np

from viz.diagram.run_graphviz import draw

_SAMPLES = 24


@dataclass
class LaidOut:
    """Boxes as `(left, bottom, right, top)` by id; arrows as `(source, target, points)`."""

    boxes: dict
    arrows: list


def laid_out(figure) -> LaidOut:
    layout = json.loads(draw(figure.dot, "json", placed=False))
    objects = layout["objects"]
    boxes = {o["name"]: _rectangle(o) for o in objects if "pos" in o}
    edges = [(objects[e["tail"]]["name"], objects[e["head"]]["name"], e["pos"]) for e in layout["edges"]]
    return LaidOut(boxes, [(a, b, _points(pos)) for a, b, pos in edges])


def crossings(picture: LaidOut) -> list:
    """Pairs of arrows that cross, but for those that touch where both begin or end."""
    found = []
    for i, (a, b, one) in enumerate(picture.arrows):
        for c, d, other in picture.arrows[i + 1 :]:
            near = [_middle(picture.boxes[id]) for id in {a, b} & {c, d}]
            points = [p for p in _meeting(one, other) if all(np.hypot(*(p - q)) > 60 for q in near)]
            found += [((a, b), (c, d))] if points else []
    return found


def arrows_over_boxes(picture: LaidOut) -> list:
    """`(source, target, box)` for arrows that run through a box that is none of their ends."""
    found = []
    for source, target, points in picture.arrows:
        for id, (left, bottom, right, top) in picture.boxes.items():
            x, y = points.T
            if id not in (source, target) and ((left < x) & (x < right) & (bottom < y) & (y < top)).any():
                found.append((source, target, id))
    return found


def _rectangle(node):
    x, y = map(float, node["pos"].split(","))
    width, height = 72 * float(node["width"]), 72 * float(node["height"])
    # What is round touches no corner of its rectangle.
    part = 0.35 if node.get("shape") == "ellipse" else 0.48
    return x - part * width, y - part * height, x + part * width, y + part * height


def _middle(box):
    return np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])


def _points(pos):
    words = pos.split()
    tip = [word[2:] for word in words if word.startswith("e,")]
    controls = np.array([list(map(float, word.split(","))) for word in words if word[:2] not in ("e,", "s,")])
    t = np.linspace(0, 1, _SAMPLES + 1)[:, None]
    curve = [
        (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d
        for a, b, c, d in (controls[k : k + 4] for k in range(0, len(controls) - 1, 3))
    ]
    return np.concatenate([*curve, [list(map(float, end.split(","))) for end in tip]])


def _meeting(one, other):
    # Where two polygonal lines cross.
    p, r = one[:-1, None], np.diff(one, axis=0)[:, None]
    q, s = other[None, :-1], np.diff(other, axis=0)[None]
    cross = r[..., 0] * s[..., 1] - r[..., 1] * s[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = ((q - p)[..., 0] * s[..., 1] - (q - p)[..., 1] * s[..., 0]) / cross
        u = ((q - p)[..., 0] * r[..., 1] - (q - p)[..., 1] * r[..., 0]) / cross
    hit = np.isfinite(t) & (t > 0) & (t <= 1) & (u > 0) & (u <= 1)
    return [p[i, 0] + t[i, j] * r[i, 0] for i, j in np.argwhere(hit)]
