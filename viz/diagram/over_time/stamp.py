"""A column that was laid out, put into a scene once for each timestep."""

from viz.diagram.curves import moved
from viz.diagram.over_time.column import Column
from viz.diagram.over_time.column_arrows import curves_of
from viz.diagram.over_time.layout import Layout
from viz.diagram.scene import Box, Edge, Group, Scene
from viz.style.fonts import SMALL, TITLE
from viz.style.labels import Label

#: The height of the band under the columns for each truth or constant.
BAND = 46.0


class Stamp:
    """A column, ready to be put into a scene for any number of timesteps.

    Example:
        >>> Stamp(column, layout).press(scene, "c0", at=0.0, moment="0", labels={"in0": Label("x", "0")})

    Attributes:
        column, layout: the boxes of one timestep and where they stand.
        width: from its left to its right end, in points.
        idle: the entries of constants and fixed inputs that nothing reads: they are not drawn.
    """

    def __init__(self, column: Column, layout: Layout):
        self.column, self.layout = column, layout
        self.curves = curves_of(column, layout)
        self.width = layout.right - layout.left
        self.idle = set(column.entries) - {link.source for link in column.links}

    def press(self, scene: Scene, prefix: str, *, at: float, moment: str | None, labels: dict[str, Label]):
        """Add the boxes, frames and arrows of one timestep.

        Args:
            scene: where they are added.
            prefix: what their ids begin with.
            at: the x of the column's middle.
            moment: the timestep as it is written.
            labels: the labels of what is read and returned at this timestep.
        """
        for frame in self.column.flow.frames:
            left, bottom, right, top = self.layout.frames[frame.id]
            parent = None if frame.parent is None else f"{prefix}_{frame.parent}"
            bounds = (left + at, bottom, right + at, top)
            scene.groups.append(Group(f"{prefix}_{frame.id}", frame.label, parent, moment, bounds))
        for row in self.layout.rows:
            for id in row.ids:
                if id in self.idle:
                    continue
                item = self.column.items[id]
                group = None if item.group is None else f"{prefix}_{item.group}"
                label = labels.get(id) or item.label
                box = Box(f"{prefix}_{id}", label, item.role, group, moment, item.values, words=item.words)
                box.at, box.size = (item.x + at, item.y), (item.width, item.height)
                scene.boxes.append(box)
        for link, curve in zip(self.column.links, self.curves, strict=True):
            role = link.role if link.role != "data" else self._role(link.source)
            ids = f"{prefix}_{link.source}", f"{prefix}_{link.target}"
            scene.edges.append(Edge(*ids, role, route=moved(curve, at)))

    def _role(self, source):
        role = self.column.items[source].role
        return role if role in ("input", "constant", "readout", "state") else "data"


def pill(id: str, label: Label, role: str, *, at, moment: str | None = None) -> Box:
    """A box that is as large as its label."""
    width, height = label.size(TITLE, SMALL)
    return Box(id, label, role, None, moment, at=at, size=(max(40.0, width + 20), max(28.0, height + 8)))


def mark(id: str, text: str, role: str, *, at, moment: str | None = None) -> Box:
    """Text without a box: the name of a timestep, or dots for those that are left out."""
    return Box(
        id, Label(text), role, None, moment, at=at, size=(max(24.0, Label(text).size(16, 12)[0] + 8), 22.0)
    )
