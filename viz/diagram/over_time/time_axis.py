"""The time axis that all drawings over time share: columns and their names, carried states, truths, bars."""

from collections.abc import Sequence
from dataclasses import dataclass

from viz.diagram.curves import straight
from viz.diagram.over_time.column import Item
from viz.diagram.over_time.shown_timesteps import DOTS, written
from viz.diagram.over_time.stamp import BAND, Stamp, mark, pill
from viz.diagram.scene import Box, Edge, Scene
from viz.model.read_model import StepNames
from viz.style.fonts import BESIDE, SMALL
from viz.style.labels import Label, shorten

#: The width of a column of dots, which stands for timesteps that are left out.
DOTS_WIDTH = 26.0


@dataclass(frozen=True)
class Place:
    """A column of a drawing.

    Attributes:
        prefix: what the ids of its boxes begin with.
        t, moment: its timestep, None where it stands for several, and how that is written.
        middle, left, right: the x of its boxes' middle and of its ends, in points.
        valid: whether its timestep counts, where there is a mask.
    """

    prefix: str
    t: int | None
    moment: str
    middle: float = 0.0
    left: float = 0.0
    right: float = 0.0
    valid: bool = True

    @property
    def runs(self) -> bool:
        """Whether a step runs in this column: it is one timestep, and not masked."""
        return self.t is not None and self.valid


def place_columns(
    moments: list, steps: int, *, width: float, middle: float, gap: float, masked=()
) -> list[Place]:
    """The columns from left to right.

    Example:
        >>> [place.middle for place in place_columns([0, 1], 2, width=80, middle=40, gap=20)]
        [40.0, 140.0]

    Args:
        moments: what `shown_timesteps.shown` chose of the `steps` timesteps.
        width, middle: of a column, and how far its boxes' middle is from its left end.
        gap: between two columns.
        masked: the timesteps that do not count.
    """
    places, x = [], 0.0
    for n, t in enumerate(moments):
        own, inner = (DOTS_WIDTH, DOTS_WIDTH / 2) if t is None else (width, middle)
        moment = f"{DOTS}{n}" if t is None else written(t, steps)
        places.append(Place(f"c{n}", t, moment, x + inner, x, x + own, t not in masked))
        x += own + gap
    return places


def name_times(scene: Scene, places: Sequence[Place], y: float):
    """Write the name of its timestep under each column."""
    for place in places:
        text = DOTS if place.t is None else f"t = {place.moment}"
        at = (place.middle, y)
        scene.boxes.append(mark(f"{place.prefix}_t", text, "time", at=at, moment=place.moment))


def dots(scene: Scene, place: Place, id: str, y: float) -> Box:
    """Dots at which an arrow passes through a column of timesteps that are left out."""
    box = mark(id, DOTS, "dots", at=(place.middle, y), moment=place.moment)
    box.size = (DOTS_WIDTH, box.size[1])
    scene.boxes.append(box)
    return box


def unrolled_title(name: str, steps: int) -> str:
    """The title of an unrolled drawing: `LSTMCell unrolled over 4 timesteps`."""
    return f"{name} unrolled over {steps} timestep{'s' if steps != 1 else ''}"


def length_note(places: Sequence[Place], steps: int) -> list[str]:
    """The note `T = 50`, where the last timestep is written `T-1`."""
    return [f"T = {steps}"] if places[-1].moment.startswith("T") else []


def carried(name: str, moment: str) -> Label:
    """The label beside the arrow of a state from one column to the next."""
    return Label(shorten(name, 14), moment)


def carried_width(names: Sequence[str]) -> float:
    """The width in points of the widest of these labels, 0 for none."""
    return max([0, *[carried(name, "00").size(BESIDE, SMALL)[0] for name in names]])


def state_end(scene: Scene, id: str, text: str) -> Box:
    """The box of a state before the first or after the last timestep; the caller places it."""
    box = pill(id, Label(text), "state", at=(0.0, 0.0))
    scene.boxes.append(box)
    return box


def add_truth(scene: Scene, place: Place, item: Item, id: str, *, label: Label, y: float) -> float:
    """The box of a truth under the readout that it enters, at the height `y`, and its arrow.

    Args:
        item: the readout's box in the column.
        id, label: of the truth's box.

    Returns:
        The y of the box's lower side.
    """
    at = (place.middle + item.x, y)
    box = pill(id, label, "truth", at=at, moment=place.moment)
    scene.boxes.append(box)
    route = straight((at[0], y + box.size[1] / 2), (at[0], item.y - item.height / 2))
    scene.edges.append(Edge(box.id, f"{place.prefix}_{item.id}", "truth", route=route))
    return y - box.size[1] / 2


def add_bars(
    scene: Scene,
    stamp: Stamp,
    names: StepNames,
    places: Sequence[Place],
    *,
    floor: float,
    middle: float,
    apart: float = 0.0,
) -> float:
    """A bar under all columns for the constants and fixed inputs, with arrows up to each column that runs.

    All of them share one bar: arrows from a second one would run through the first.

    Args:
        stamp: the column, which knows where each bar enters it.
        names: of what a timestep reads.
        places: the columns.
        floor: the y under which the bars stand.
        middle: the x of their middle.
        apart: the room under each bar.

    Returns:
        The y under the bar.
    """
    barred = [*(names.inputs if names.fixed_inputs else []), *names.constants]
    if not barred:
        return floor
    items, y = [stamp.column.items[id] for id in stamp.column.entries], floor - BAND
    box = pill("bar", Label(", ".join(barred)), items[0].role, at=(middle, y))
    box.size, box.wide = (max(places[-1].right - places[0].left, box.size[0]), 30.0), True
    scene.boxes.insert(0, box)
    for item in items:
        for place in places:
            if place.runs and item.id not in stamp.idle:
                x = place.middle + item.x
                route = straight((x, y + 15), (x, item.y))
                scene.edges.append(Edge(box.id, f"{place.prefix}_{item.id}", item.role, route=route))
    return y - apart
