"""The values that a still picture has room for, and of a second run those beside them and the differences."""

from dataclasses import dataclass

import numpy as np

from viz.inspector.payload.equations import origin
from viz.inspector.payload.payload import Payload, ShownValue
from viz.style import palette

#: What the third strip of two runs is called: of numbers how far they are apart, and of those that name
#: things, as token ids do, whether they are the same.
DIFFERENCE, COMPARED = "difference", "equal or not"

_MOST, _MOST_OF_BOTH, _MOST_UNITS = 8, 9, 128


@dataclass(frozen=True, eq=False)
class Strip:
    """A value over time.

    Attributes:
        names: its name, and those of equal values.
        table: its numbers, `(units, time)`; of a state those after each timestep.
        limits: the numbers at both ends of its scale.
        colours: the colour map, as Matplotlib calls it.
        below: whether it belongs to the value above it, as its second run or the difference.
        whole: whether these are whole numbers, such as token ids.
        compared: whether it says of each number whether both runs have it: 0 where they do, 1 where not.
    """

    names: list[str]
    table: np.ndarray
    limits: tuple[float, float]
    colours: str
    below: bool = False
    whole: bool = False
    compared: bool = False


def strips(payload: Payload) -> tuple[list[Strip], list[str]]:
    """The strips of a still picture from above, and the names of the values that it leaves out.

    With a second run each value has three: this run, the one beside it, and the difference; a value that is
    the same in both has one. Of whole numbers, which name things, no difference is taken: where it would
    stand is whether they are equal.

    Example:
        >>> [strip.names for strip in strips(record(rnn, x, beside=x + 1))[0]][:3]
        [['h', 'output'], ['beside'], ['difference']]
    """
    order, found = _in_order(payload), []
    most = _MOST if payload.beside is None else _MOST_OF_BOTH
    for place, (value, names) in enumerate(order):
        more = _of_value(payload, value, names)
        if len(found) + len(more) > most:
            return found, [" = ".join(names) for _, names in order[place:]]
        found += more
    return found, []


def called(payload: Payload) -> tuple[str, str]:
    """What the two runs of a payload are called: those of an editor as the switch of its page has them."""
    return ("as it was", "changed") if payload.beside.edited else ("this run", "beside")


def _of_value(payload, value, names) -> list[Strip]:
    own = _table(payload, value.after_timesteps(payload.first))
    colours = palette.WHOLE if value.whole else palette.GATE if value.gate else palette.SIGNED
    other = _beside(payload, value)
    if other is None:
        return [Strip(names, own, _limits(value, own), colours, whole=value.whole)]
    second = called(payload)[1]
    gap = payload.beside.difference(own, other)
    if not gap.any():
        return [Strip([*names, second], own, _limits(value, own), colours, whole=value.whole)]
    both = _limits(value, np.concatenate([own, other]))
    if value.whole:
        compared = (gap != 0).astype("float32")
        third = Strip([COMPARED], compared, (-1.0, 1.0), palette.SIGNED, below=True, compared=True)
    else:
        third = Strip([DIFFERENCE], gap, palette.symmetric_limits(gap), palette.SIGNED, below=True)
    return [
        Strip(names, own, both, colours, whole=value.whole),
        Strip([second], other, both, colours, below=True, whole=value.whole),
        third,
    ]


def _beside(payload, value):
    # The same value of the second run: of a state that was changed what the timesteps handed on.
    beside, place = payload.beside, payload.values.index(value)
    if beside is None:
        return None
    array = beside.handed.get(place, beside.values.get(place))
    return None if array is None else _table(payload, array[payload.first][value.role == "state" :])


def _table(payload, rows):
    return rows[: payload.steps, :_MOST_UNITS].T


def _limits(value, table):
    if value.gate:
        return 0.0, 1.0
    if value.whole:
        return float(table.min()), max(float(table.max()), float(table.min()) + 1)
    return palette.symmetric_limits(table)


def _in_order(payload) -> list[tuple[ShownValue, list[str]]]:
    """The values that could be drawn, each once, with the names of those equal to it."""
    values, outer, places = payload.values, [], {}
    for role in ("state", "output", "readout", "input"):
        for value in (value for value in values if value.role == role):
            # An output is often the next state; it is one strip if it is that in both runs.
            other = _beside(payload, value)
            key = value.sent_by, value.lag + (role == "state"), None if other is None else other.tobytes()
            if role == "output" and key in places:
                outer[places[key]][1].append(value.said)
            else:
                places[key] = len(outer)
                outer.append((value, [value.said]))
    # An output is often a gate too, and repeats the value of the layer that computed it: it is drawn once.
    drawn, gates = {origin(values.index(value), values) for value, _ in outer}, []
    for place, gate in enumerate(values):
        repeated = origin(place, values)
        if gate.gate and gate.role == "inner" and repeated not in drawn:
            drawn.add(repeated)
            gates.append((gate, [gate.said]))
    first = [pair for pair in outer if pair[0].role in ("state", "output")]
    rest = [pair for pair in outer if pair not in first]
    room = max(0, _MOST - len(outer)) if payload.beside is None else 0
    return [*first, *gates[:room], *rest, *gates[room:]]
