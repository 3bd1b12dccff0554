"""A scene as DOT text, Graphviz's language."""

from rshop.errors import message
from viz.diagram.curves import Point
from viz.diagram.scene import Box, Edge, Scene
from viz.style import palette
from viz.style.encodable_text import escaped
from viz.style.fonts import BESIDE, SMALL, TITLE

_ARROW = 8.0
_FONT = "Helvetica"
# Without `newrank` an arrow into a frame may lead down.
_UPWARDS = {"rankdir": "BT", "newrank": "true", "nodesep": "0.3", "ranksep": "0.32"}
_DASHED = ("readout", "held", "masked", "dropped")


def dot_text(scene: Scene) -> str:
    """The scene in Graphviz's language, with positions where the scene has them.

    Example:
        >>> dot_text(scene).startswith("digraph")
        True

    Raises:
        ImportError: the Python package `graphviz` is missing.
    """
    graph = _digraph(scene)
    _add_group(graph, scene, None)
    for row, rank in (("bottom", "source"), ("top", "sink")):
        ids = [box.id for box in scene.boxes if box.row == row]
        if ids:
            with graph.subgraph(graph_attr={"rank": rank}) as same:
                for id in ids:
                    same.node(id)
    for edge in scene.edges:
        graph.edge(edge.source, edge.target, **_edge_style(scene, edge))
    return graph.source


def _digraph(scene):
    try:
        import graphviz
    except ImportError as error:
        raise ImportError(
            message(
                "The Python package that writes diagrams is missing.",
                received="no module `graphviz`",
                expected="graphviz",
                fix="pip install graphviz graphviz-pure (the figure's `.text` needs neither)",
            )
        ) from error
    notes = "".join(escaped(note) + '<BR ALIGN="LEFT"/>' for note in scene.notes)
    text = f'<<FONT POINT-SIZE="{SMALL:g}" COLOR="{palette.EITHER}">{notes}</FONT>>' if notes else ""
    graph = graphviz.Digraph(
        graph_attr={
            "bgcolor": "transparent",
            "fontname": _FONT,
            "outputorder": "nodesfirst" if scene.placed else "edgesfirst",
            "pad": "0.15",
            "label": text,
            "labeljust": "l",
            **({} if scene.placed else _UPWARDS),
        },
        node_attr={"fontname": _FONT, "fontcolor": palette.INK, "penwidth": "1.4", "margin": "0.12,0.06"},
        edge_attr={"fontname": _FONT, "penwidth": "1.6", "arrowsize": "0.8"},
    )
    return graph


def _add_group(graph, scene, parent):
    for group in scene.groups:
        if group.parent != parent:
            continue
        look = palette.colour("group")
        with graph.subgraph(name=f"cluster_{group.id}") as inner:
            inner.attr(
                label=group.label.head.markup(SMALL, SMALL, look.text),
                style="rounded,filled",
                color=look.line,
                fillcolor=look.fill,
                fontcolor=look.text,
                labeljust="l",
                labelloc="t" if group.bounds else "b",
                margin="12",
                **_frame(group),
            )
            _add_group(inner, scene, group.id)
            _add_boxes(inner, scene, group.id)
    if parent is None:
        _add_boxes(graph, scene, None)


def _frame(group):
    if group.bounds is None:
        return {}
    left, bottom, right, top = group.bounds
    width, height = group.label.head.size(SMALL, SMALL)
    return {
        "bb": _point((left, bottom)) + "," + _point((right, top)),
        "lp": _point((left + 10 + width / 2, top - 5 - height / 2)),
    }


def _add_boxes(graph, scene, group):
    for box in scene.boxes:
        if box.group == group:
            graph.node(box.id, **_box_style(box))
    for ids in [] if scene.placed else _gates_side_by_side(scene, group):
        with graph.subgraph(graph_attr={"rank": "same"}) as same:
            for id in ids:
                same.node(id)


def _gates_side_by_side(scene, group):
    # The gates that open what one box computed for them.
    of: dict[str, list[str]] = {}
    gates = {box.id for box in scene.boxes if box.role == "gate" and box.group == group}
    for edge in scene.edges:
        if edge.target in gates:
            of.setdefault(edge.source, []).append(edge.target)
    return [ids for ids in of.values() if len(ids) > 1]


def _box_style(box: Box) -> dict:
    style = _look_of(box)
    if box.line is not None:
        style["group"] = box.line
    if box.at is not None:
        width, height = box.size
        size = {"width": f"{width / 72:.3f}", "height": f"{height / 72:.3f}"}
        style |= {"pos": _point(box.at), "fixedsize": "true", **size}
    return style


def _look_of(box):
    look = palette.colour(box.role)
    if not box.label.title:
        return {"label": "", "shape": "point", "color": look.line}
    quiet = look.text if box.role == "truth" else palette.QUIET
    label = box.label.at_left(TITLE, box.size[0] - 16) if box.wide else box.label.markup(TITLE, SMALL, quiet)
    if box.role in ("time", "dots"):
        return {"label": label, "shape": "plaintext", "fontcolor": palette.EITHER}
    round_ = box.role in ("operation", "gate")
    style = ["filled", *([] if round_ else ["rounded"]), *(["dashed"] if box.role in _DASHED else [])]
    return {
        "label": label,
        "shape": "ellipse" if round_ else "box",
        "style": ",".join(style),
        "color": look.line,
        "fillcolor": look.fill,
        "fontcolor": look.text,
    }


def _edge_style(scene: Scene, edge: Edge) -> dict:
    role = "masked" if edge.role == "held" else edge.role
    colour = palette.EITHER if role == "data" else palette.colour(role).line
    style = {"color": colour}
    if edge.role in _DASHED:
        style["style"] = "dashed"
    headless = not scene.box(edge.target).label.title or scene.box(edge.target).role == "dots"
    if headless:
        style["arrowhead"] = "none"
    line = scene.box(edge.source).line
    if line is not None and line == scene.box(edge.target).line:
        style["weight"] = "20"
    if edge.label is not None:
        style |= {"label": edge.label.markup(BESIDE, SMALL, palette.EITHER), "fontcolor": colour}
        if edge.label_at is not None:
            style["lp"] = _point(edge.label_at)
    if edge.route is not None:
        style["pos"] = _curve(edge.route, headless)
    return style


def _curve(route: tuple[Point, ...], headless: bool) -> str:
    # Graphviz draws the arrowhead beyond the end of the curve, so the curve ends earlier by its length.
    if headless:
        return " ".join(_point(p) for p in route)
    *before, bend, end = route
    back = next((p for p in reversed(route) if p != end), end)
    length = ((end[0] - back[0]) ** 2 + (end[1] - back[1]) ** 2) ** 0.5 or 1.0
    dx, dy = ((end[i] - back[i]) / length * _ARROW for i in (0, 1))
    short = [(bend[0] - dx, bend[1] - dy), (end[0] - dx, end[1] - dy)]
    return f"e,{_point(end)} " + " ".join(_point(p) for p in [*before, *short])


def _point(p: Point) -> str:
    return f"{p[0]:.1f},{p[1]:.1f}"
