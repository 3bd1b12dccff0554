"""One diagram of the inspector: its boxes, and its arrows with the ports that they join."""

from dataclasses import dataclass, field

from viz.inspector.payload.boxes.box_layout import Drawing

#: In pixels: the smallest and largest width of a box, its height, that of its strip, of a sign, and of what
#: an opened model reads and hands out.
WIDTH, WIDEST, HEIGHT, STRIP, SIGN, PORT = 72, 190, 42, 13, 24, 34

#: Up to so many units are written as numbers in their box (`FEW` in the page's script), each in so many
#: pixels: room for "−.58".
FEW, NUMBER = 4, 29


@dataclass
class Box:
    """One box, its `size` in pixels, and its name as `short` as the box needs it.

    `values` are places in the payload, None for what was cut; `inside` is the number of the view that
    shows its inner model; `after` is whether it shows a state after the timestep; `beside` is the width in
    pixels of what stands beside the name.
    """

    role: str
    name: str
    detail: str = ""
    shape: str = ""
    values: list = field(default_factory=list)
    size: tuple = (WIDTH, HEIGHT)
    rank: str = ""
    inside: int | None = None
    sign: str = ""
    after: bool = False
    short: str = ""
    beside: float = 0.0


@dataclass(eq=False)
class View:
    """One diagram. Its first boxes are what the model reads, in order; its last ones what it hands out.

    Attributes:
        title: what it shows.
        kind: the class of the model that it shows.
        boxes: in running order.
        edges: for each pair of boxes that an arrow joins, which output of the first is read as which
            input of the second: `{(0, 5): [(0, 1)]}`.
        ends: how many boxes at the end are what the model hands out.
        drawing: where all of it stands.
    """

    title: str
    kind: str = ""
    boxes: list[Box] = field(default_factory=list)
    edges: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)
    ends: int = 0
    drawing: Drawing | None = None

    def add(self, box) -> int:
        """Add a box; returns its number."""
        self.boxes.append(box)
        return len(self.boxes) - 1

    def join(self, source: int, target: int, port: int, entry: int):
        """Add an arrow from an output of one box to an input of another."""
        ports = self.edges.setdefault((source, target), [])
        if (port, entry) not in ports:
            ports.append((port, entry))

    def to_arrange(self) -> tuple[list, dict]:
        """Its boxes and edges as `box_layout.arrange` takes them: cells stand straight above each other."""
        straight = {pair: self._opens(pair[0]) and self._opens(pair[1]) for pair in self.edges}
        return [(box.size, box.rank) for box in self.boxes], straight

    def _opens(self, place):
        return self.boxes[place].inside is not None
