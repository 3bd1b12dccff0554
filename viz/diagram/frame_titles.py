"""The titles of frames in a drawing that Graphviz lays out: on the side where no arrow runs through them."""

_SAMPLES = 40


def move_struck_titles(dot: str, layout: dict) -> str:
    """The DOT text, with a frame's title moved to the right or the middle where an arrow would strike it.

    Example:
        >>> move_struck_titles(dot, layout).count("labeljust=r")
        1

    Args:
        dot: a picture without places, each of its frames with its title at the left.
        layout: the same picture, laid out, as Graphviz writes it as JSON.
    """
    points = [point for edge in layout.get("edges", ()) for point in _points(edge["pos"])]
    for frame in layout.get("objects", ()):
        if frame["name"].startswith("cluster_") and "lp" in frame:
            free = next((side for side, room in _places(frame).items() if not _struck(room, points)), "l")
            head, start, rest = dot.partition(f"subgraph {frame['name']} {{")
            dot = head + start + rest.replace("labeljust=l", f"labeljust={free}", 1)
    return dot


def _places(frame):
    # The rectangle of a title at the left, at the right and in the middle: `(left, bottom, right, top)`.
    x, y = map(float, frame["lp"].split(","))
    width, height = 72 * float(frame["lwidth"]), 72 * float(frame["lheight"])
    low, _, high, _ = map(float, frame["bb"].split(","))
    middles = {"l": x, "r": low + high - x, "c": (low + high) / 2}
    return {
        side: (middle - width / 2, y - height / 2, middle + width / 2, y + height / 2)
        for side, middle in middles.items()
    }


def _struck(room, points):
    left, bottom, right, top = room
    return any(left < x < right and bottom < y < top for x, y in points)


def _points(pos):
    """Points along a curve that Graphviz wrote: its Bézier pieces, and the tip of its arrowhead."""
    words = pos.split()
    found = [_pair(word[2:]) for word in words if word[:2] in ("e,", "s,")]
    curve = [_pair(word) for word in words if word[:2] not in ("e,", "s,")]
    for i in range(0, len(curve) - 3, 3):
        for n in range(_SAMPLES + 1):
            t, u = n / _SAMPLES, 1 - n / _SAMPLES
            shares = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
            pieces = list(zip(shares, curve[i : i + 4], strict=True))
            found.append(tuple(sum(share * point[axis] for share, point in pieces) for axis in (0, 1)))
    return found


def _pair(word):
    x, y = map(float, word.split(","))
    return x, y
