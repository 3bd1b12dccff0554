"""The place of a label beside a path, where it covers as little of the path as possible."""

import numpy as np

_TURNS = 16
_GAP = 7.5
# Sample points between two timesteps of a path.
_BETWEEN = 16


def beside(path, place: int, size, taken=()) -> tuple[float, float]:
    """The offset from a point of a path to the middle of a label beside it, in points (1/72 inch).

    Of the directions around the point, it is the one in which the label covers least of the path; of equal
    ones, the one that leads away from the neighbouring points.

    Example:
        On a path to the right, a label of 8 by 10 points stands above::

            >>> beside(np.array([[0.0, 0.0], [50.0, 0.0], [100.0, 0.0]]), 1, (8, 10))
            (0.0, 12.5)

    Args:
        path: `(time, 2)` in points; a row that is not finite is left out.
        place: which of its rows.
        size: the width and height of the label.
        taken: boxes `(x0, y0, x1, y1)` that the label must not touch.
    """
    half, here = np.asarray(size, float) / 2, path[place]
    angles = 2 * np.pi * np.arange(_TURNS) / _TURNS + np.pi / 2
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    offsets = ways * (_GAP + np.abs(ways) @ half)[:, None]
    samples = _samples(path)
    costs = []
    for offset, along in zip(offsets, ways @ _free(path, place), strict=True):
        low, high = here + offset - half - 1, here + offset + half + 1
        covered = ((samples > low) & (samples < high)).all(axis=1).sum()
        touched = sum((low < box[2:]).all() and (high > box[:2]).all() for box in map(np.asarray, taken))
        costs.append(1e6 * touched + covered - 0.5 * along)
    x, y = offsets[int(np.argmin(np.round(costs, 6)))]
    return round(float(x), 6) + 0.0, round(float(y), 6) + 0.0


def _free(path, place):
    # The direction away from both neighbours; zero where the path goes straight on.
    ways = [path[i] - path[place] for i in (place - 1, place + 1) if 0 <= i < len(path)]
    ways = [way / np.hypot(*way) for way in ways if np.isfinite(way).all() and way.any()]
    return -np.sum(ways, axis=0) if ways else np.zeros(2)


def _samples(path):
    parts = np.linspace(0, 1, _BETWEEN, endpoint=False)[:, None, None]
    between = (path[:-1] * (1 - parts) + path[1:] * parts).reshape(-1, 2)
    every = np.concatenate([between, path[-1:]])
    return every[np.isfinite(every).all(axis=1)]
