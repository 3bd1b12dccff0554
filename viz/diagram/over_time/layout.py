"""Lay out one column: rows from bottom to top, frames around nested models, and free lanes for the
arrows that pass boxes by."""

from dataclasses import dataclass, field

from viz.diagram.over_time.column import Column
from viz.style.fonts import SMALL

_ACROSS, _UP = 26.0, 36.0
_PAD, _HEAD = 14.0, 24.0
_LANE = 14.0
_IN_A_ROW = 3


@dataclass
class Row:
    """Boxes that stand side by side; all of them belong to the same open model."""

    owner: str | None
    ids: list[str] = field(default_factory=list)
    closed: bool = False
    bottom: float = 0.0
    top: float = 0.0


@dataclass
class Layout:
    """Where the boxes, frames and lanes of a column stand.

    Attributes:
        rows: from bottom to top; the boxes' own places are in the column's items.
        row_of: the row of each box.
        lanes: for a link that passes rows, the x of its lane.
        frames: `[left, bottom, right, top]` of each open model.
        left, right, bottom, top: of the whole column.
    """

    rows: list[Row]
    row_of: dict[str, int]
    lanes: dict[int, float] = field(default_factory=dict)
    frames: dict[str, list[float]] = field(default_factory=dict)
    left: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    top: float = 0.0


def lay_out(column: Column) -> Layout:
    """Give every box of a column its place; x = 0 is the middle of the column, y = 0 its bottom row.

    Example:
        >>> layout = lay_out(column)
        >>> [row.ids for row in layout.rows]
        [['in0'], ['n0'], ['out0']]
    """
    rows = [Row(None, [*column.below, *column.entries], closed=True)]
    row_of = {id: 0 for id in rows[0].ids}
    parents = {frame.id: frame.parent for frame in column.flow.frames}
    _fill(column, None, parents, rows, row_of)
    rows.append(Row(None, list(column.above), closed=True))
    row_of.update({id: len(rows) - 1 for id in column.above})
    layout = Layout(rows, row_of)
    _place_across(column, layout)
    _place_up(column, layout, parents)
    _find_lanes(column, layout, parents)
    spans = [(item.x - item.width / 2, item.x + item.width / 2) for item in column.items.values()]
    spans += [(frame[0], frame[2]) for frame in layout.frames.values()]
    spans += [(x - _LANE, x + _LANE) for x in layout.lanes.values()]
    layout.left, layout.right = min(s[0] for s in spans), max(s[1] for s in spans)
    layout.bottom, layout.top = rows[0].bottom, rows[-1].top
    return layout


def chain(group: str | None, parents: dict) -> list[str]:
    """A frame and all frames around it, from the inside out."""
    found = []
    while group is not None:
        found.append(group)
        group = parents[group]
    return found


def _fill(column, scope, parents, rows, row_of):
    # Each nested model takes rows of its own, so that its frame holds nothing else.
    members = _members(column, scope, parents)
    after = {}
    for link in column.links:
        source, target = members.get(link.source), members.get(link.target)
        if source and target and source != target:
            after.setdefault(target, set()).add(source)
    # Dots that only hand on what comes from below stand as low as they can.
    dots = {id for id, item in column.items.items() if not item.label.title}
    waiting = sorted(dict.fromkeys(members.values()), key=lambda member: member not in dots)
    done = set()
    while waiting:
        member = next(m for m in waiting if after.get(m, set()) <= done)
        waiting.remove(member)
        done.add(member)
        if member in parents:
            _fill(column, member, parents, rows, row_of)
        else:
            _put(column, member, scope, rows, row_of)


def _members(column, scope, parents):
    """For each box in this scope: itself, or the nested model at this level that holds it."""
    found = {}
    ends = {*column.below, *column.entries, *column.above}
    for id, item in column.items.items():
        around = chain(item.group, parents)
        if id in ends or (scope is not None and scope not in around):
            continue
        inner = around if scope is None else around[: around.index(scope)]
        found[id] = inner[-1] if inner else id
    return found


def _put(column, id, scope, rows, row_of):
    item = column.items[id]
    before = [row_of[link.source] for link in column.links if link.target == id]
    lowest = max(before, default=0) + 1
    for i in range(lowest, len(rows)):
        row = rows[i]
        if row.owner == scope and not row.closed and not item.alone and len(row.ids) < _IN_A_ROW:
            row.ids.append(id)
            row_of[id] = i
            return
    rows.append(Row(scope, [id], closed=item.alone))
    row_of[id] = len(rows) - 1


def _place_across(column, layout):
    items = column.items
    low = [items[id] for id in layout.rows[0].ids]
    middle = [item for item in low if item.role == "input" and item.label.title]
    _beside(middle, 0.0)
    left = -_half(middle) - _ACROSS
    for item in reversed([item for item in low if item.role == "readout"]):
        item.x = left - item.width / 2
        left -= item.width + _ACROSS
    right = _half(middle) + _ACROSS
    for item in [item for item in low if not item.label.title]:
        item.x = right
        right += _ACROSS
    if not middle:
        _beside(low, 0.0)
    for row in layout.rows[1:]:
        sources = {
            id: [items[k.source].x for k in column.links if k.target == id and k.source in items]
            for id in row.ids
        }
        row.ids.sort(key=lambda id: sum(sources[id]) / len(sources[id]) if sources[id] else 0.0)
        _beside([items[id] for id in row.ids], 0.0)


def _beside(items, middle):
    x = middle - _half(items)
    for item in items:
        item.x = x + item.width / 2
        x += item.width + _ACROSS


def _half(items):
    return (sum(item.width for item in items) + _ACROSS * (len(items) - 1)) / 2 if items else 0.0


def _place_up(column, layout, parents):
    y, before = 0.0, []
    for i, row in enumerate(layout.rows):
        around = chain(row.owner, parents)
        closing = [g for g in before if g not in around]
        opening = [g for g in around if g not in before]
        tallest = max(column.items[id].height for id in row.ids) if row.ids else 0.0
        if i:
            y += _UP + _HEAD * len(closing) + _PAD * len(opening)
        row.bottom, row.top = y, y + tallest
        for id in row.ids:
            column.items[id].y = y + tallest / 2
        y += tallest
        before = around
    labels = {frame.id: frame.label for frame in column.flow.frames}
    for group in parents:
        inside = [row for row in layout.rows if group in chain(row.owner, parents)]
        depth = _depth_within(group, parents)
        boxes = [column.items[id] for row in inside for id in row.ids]
        pad = _PAD * depth
        name = labels[group].head.size(SMALL, SMALL)[0] + 24.0
        layout.frames[group] = [
            min(-name, *(b.x - b.width / 2 - pad for b in boxes)),
            inside[0].bottom - pad,
            max(b.x + b.width / 2 + pad for b in boxes),
            inside[-1].top + _HEAD * depth,
        ]


def _depth_within(group, parents):
    """1 for a frame without frames in it, 2 for one that holds such frames."""
    inner = [g for g, parent in parents.items() if parent == group]
    return 1 + max((_depth_within(g, parents) for g in inner), default=0)


def _find_lanes(column, layout, parents):
    def allowed(link):
        return {
            *chain(column.items[link.source].group, parents),
            *chain(column.items[link.target].group, parents),
        }

    taken = []
    order = sorted(
        enumerate(column.links),
        key=lambda pair: (-len(allowed(pair[1])), _span(layout, pair[1]), pair[0]),
    )
    for i, link in order:
        low, high = layout.row_of[link.source] + 1, layout.row_of[link.target]
        if low >= high:
            continue
        inside = allowed(link)
        x = _free_lane(column, layout, parents, link, range(low, high), inside, taken)
        layout.lanes[i] = x
        taken.append((x, low, high))
        for group in inside:
            if any(group in chain(layout.rows[r].owner, parents) for r in range(low, high)):
                frame = layout.frames[group]
                margin = _PAD * _depth_within(group, parents)
                frame[0], frame[2] = min(frame[0], x - margin), max(frame[2], x + margin)


def _span(layout, link):
    return layout.row_of[link.target] - layout.row_of[link.source]


def _free_lane(column, layout, parents, link, rows, inside, taken):
    spans = [_occupied(column, layout, parents, r, inside) for r in rows]
    source, target = column.items[link.source], column.items[link.target]

    def free(x):
        boxes = all(x < left - 6 or x > right + 6 for row in spans for left, right in row)
        lanes = all(abs(x - other) > 8 or high <= rows[0] or rows[-1] < low for other, low, high in taken)
        return boxes and lanes

    for x in (source.x, target.x):
        if free(x):
            return x
    to_the_right = source.x > 1 or (
        source.x > -1 and link.source not in column.below and source.role != "state"
    )
    edge = [right if to_the_right else left for row in spans for left, right in row]
    x = (max(edge) if to_the_right else min(edge)) if edge else source.x
    step = _LANE if to_the_right else -_LANE
    while not free(x := x + step):
        pass
    return x


def _occupied(column, layout, parents, r, inside):
    """What stands in a row: boxes, or the frame around them that the arrow does not belong to."""
    outside = [g for g in chain(layout.rows[r].owner, parents) if g not in inside]
    if outside:
        frame = layout.frames[outside[-1]]
        return [(frame[0], frame[2])]
    boxes = [column.items[id] for id in layout.rows[r].ids]
    return [(b.x - b.width / 2, b.x + b.width / 2) for b in boxes]
