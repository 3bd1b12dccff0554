"""The states that a step carries on by sums and products alone: each a straight line through its drawing."""

from viz.diagram.scene import Scene

_CARRYING = ("+", "−", "×")


def straighten(scene: Scene):
    """Note at each box and arrow on which straight line it lies, such as that of `c` through an LSTM.

    Example:
        >>> straighten(scene)
        >>> [box.label.name for box in scene.boxes if box.line]
        ['c_t-1', '×', '+', 'c_t']
    """
    boxes = {box.id: box for box in scene.boxes}
    outputs = [edge for edge in scene.edges if edge.state is not None]
    starts = [box.id for box in scene.boxes if box.role == "state" and not box.id.startswith("next")]
    for k, start in enumerate(starts):
        end = next((edge for edge in outputs if edge.state == k), None)
        path = _path(scene, boxes, start, end.source) if end else None
        for id in [*path, end.target] if path else []:
            boxes[id].line = boxes[id].line or f"line{k}"


def _path(scene, boxes, start, end):
    # The shortest way from a state to where it is returned, through sums and products alone.
    ways, seen = [[start]], {start}
    while ways:
        way = ways.pop(0)
        if way[-1] == end:
            return way
        for edge in scene.edges:
            target = boxes[edge.target]
            carries = target.role == "operation" and target.label.title[:1] in _CARRYING
            if edge.source == way[-1] and carries and edge.target not in seen and not target.line:
                seen.add(edge.target)
                ways.append([*way, edge.target])
    return None
