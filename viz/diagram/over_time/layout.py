"""The layout of one column: rows from bottom to top, frames around nested models, and free lanes for
arrows that pass boxes."""

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
    """The layout of a column, whose boxes get their places; x = 0 is its middle, y = 0 its bottom row.

    Example:
        >>> layout = lay_out(column)
        >>> [row.ids for row in layout.rows]
        [['in0'], ['n0'], ['out0']]
    """
    return _Builder(column).build()


def chain(group: str | None, parents: dict) -> list[str]:
    """A frame and all frames around it, from the inside out."""
    found = []
    while group is not None:
        found.append(group)
        group = parents[group]
    return found


class _Builder:
    def __init__(self, column):
        rows = [Row(None, [*column.below, *column.entries], closed=True)]
        self.column, self.layout = column, Layout(rows, {id: 0 for id in rows[0].ids})
        self.parents = {frame.id: frame.parent for frame in column.flow.frames}

    def build(self) -> Layout:
        column, layout, rows = self.column, self.layout, self.layout.rows
        self.fill(None)
        rows.append(Row(None, list(column.above), closed=True))
        layout.row_of.update({id: len(rows) - 1 for id in column.above})
        _place_across(column, layout)
        _place_up(column, layout, self.parents)
        self.find_lanes()
        spans = [(item.x - item.width / 2, item.x + item.width / 2) for item in column.items.values()]
        spans += [(frame[0], frame[2]) for frame in layout.frames.values()]
        spans += [(x - _LANE, x + _LANE) for x in layout.lanes.values()]
        layout.left, layout.right = min(s[0] for s in spans), max(s[1] for s in spans)
        layout.bottom, layout.top = rows[0].bottom, rows[-1].top
        return layout

    def fill(self, scope):
        # Each nested model takes rows of its own, so that its frame holds nothing else.
        column, after = self.column, {}
        members = _members(column, scope, self.parents)
        for link in column.links:
            source, target = members.get(link.source), members.get(link.target)
            if source and target and source != target:
                after.setdefault(target, set()).add(source)
        # Points that only pass on what comes from below stand as low as possible.
        dots = {id for id, item in column.items.items() if not item.label.title}
        waiting = sorted(dict.fromkeys(members.values()), key=lambda member: member not in dots)
        done = set()
        while waiting:
            member = next(m for m in waiting if after.get(m, set()) <= done)
            waiting.remove(member)
            done.add(member)
            if member in self.parents:
                self.fill(member)
            else:
                self.put(member, scope)

    def put(self, id, scope):
        item, rows, row_of = self.column.items[id], self.layout.rows, self.layout.row_of
        before = [row_of[link.source] for link in self.column.links if link.target == id]
        for i in range(max(before, default=0) + 1, len(rows)):
            row = rows[i]
            if row.owner == scope and not row.closed and not item.alone and len(row.ids) < _IN_A_ROW:
                row.ids.append(id)
                row_of[id] = i
                return
        rows.append(Row(scope, [id], closed=item.alone))
        row_of[id] = len(rows) - 1

    def find_lanes(self):
        layout, taken = self.layout, []
        order = sorted(
            enumerate(self.column.links),
            key=lambda pair: (-len(self.around(pair[1])), _span(layout, pair[1]), pair[0]),
        )
        for i, link in order:
            rows = range(layout.row_of[link.source] + 1, layout.row_of[link.target])
            if not rows:
                continue
            inside = self.around(link)
            x = layout.lanes[i] = self.free_lane(link, rows, inside, taken)
            taken.append((x, rows.start, rows.stop))
            for group in inside:
                if any(group in chain(layout.rows[r].owner, self.parents) for r in rows):
                    frame, margin = layout.frames[group], _PAD * _depth_within(group, self.parents)
                    frame[0], frame[2] = min(frame[0], x - margin), max(frame[2], x + margin)

    def around(self, link):
        """The frames around either end of a link: it may run through them."""
        ends = (self.column.items[id].group for id in (link.source, link.target))
        return {group for end in ends for group in chain(end, self.parents)}

    def free_lane(self, link, rows, inside, taken):
        spans = [span for r in rows for span in self.occupied(r, inside)]
        source, target = self.column.items[link.source], self.column.items[link.target]

        def free(x):
            boxes = all(x < left - 6 or x > right + 6 for left, right in spans)
            lanes = all(abs(x - other) > 8 or high <= rows[0] or rows[-1] < low for other, low, high in taken)
            return boxes and lanes

        for x in (source.x, target.x):
            if free(x):
                return x
        above = link.source not in self.column.below and source.role != "state"
        to_the_right = source.x > 1 or (source.x > -1 and above)
        edge = [right if to_the_right else left for left, right in spans]
        x = (max(edge) if to_the_right else min(edge)) if edge else source.x
        step = _LANE if to_the_right else -_LANE
        while not free(x := x + step):
            pass
        return x

    def occupied(self, r, inside):
        """What stands in a row: boxes, or the frame around them that the arrow does not belong to."""
        row = self.layout.rows[r]
        outside = [g for g in chain(row.owner, self.parents) if g not in inside]
        if outside:
            frame = self.layout.frames[outside[-1]]
            return [(frame[0], frame[2])]
        boxes = [self.column.items[id] for id in row.ids]
        return [(b.x - b.width / 2, b.x + b.width / 2) for b in boxes]


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


def _span(layout, link):
    return layout.row_of[link.target] - layout.row_of[link.source]
