"""One box for `W x + U h + b`: products with weights, their sums, biases and splits, where nothing else
reads them. The box opens like a nested model."""

from dataclasses import dataclass, field, replace

from viz.inspector.payload.boxes.view import PORT, WIDTH, Box, View
from viz.inspector.payload.equations import origin
from viz.model.affine_blocks import affine_blocks
from viz.style.text_width import width

_PASSED_ON = ("sum", "shift", "take", "same")


def with_affine_boxes(views: list[View], values) -> list[View]:
    """The same diagrams, in which what is affine is one box each, and behind them what these boxes hold.

    Args:
        views: not yet laid out; `values` of their boxes are places in `values`.
        values: what `run_values.collect` returned, with equations.
    """
    made = list(views)
    for place, view in enumerate(views):
        made[place] = _grouped(view, values, made)
    return made


@dataclass
class _Group:
    members: list[int] = field(default_factory=list)

    @property
    def last(self):
        return self.members[-1]


def _grouped(view, values, made):
    groups = [group for group in _groups(view, values) if len(group.members) > 1]
    if not groups:
        return view
    at_last = {group.last: group for group in groups}
    hidden = {member for group in groups for member in group.members}
    after, new = View(view.title, view.kind, ends=view.ends), {}
    for place, box in enumerate(view.boxes):
        if place in at_last:
            inner, box = _inner_view(view, at_last[place], values)
            box.inside = len(made)
            made.append(inner)
            new.update({member: len(after.boxes) for member in at_last[place].members})
        if place in at_last or place not in hidden:
            new[place] = after.add(box)
    entries = {group.last: _entries(view, group) for group in groups}
    of = {member: group for group in groups for member in group.members}
    for (source, target), ports in view.edges.items():
        group = of.get(target)
        if group is not None and source in group.members:
            continue
        for port, entry in ports:
            inside = group is not None
            read = entries[group.last].index((source, port)) if inside else entry
            after.join(new[source], new[target], port, read)
    return after


def _groups(view, values) -> list[_Group]:
    """What belongs together: a sum or split joins the boxes that it reads where it alone reads them."""

    def kind(place):
        kinds = _kinds(view.boxes[place], values)
        if kinds == {"linear"}:
            return "product"
        passed_on = kinds and kinds <= set(_PASSED_ON) and _is_unnamed(view.boxes[place], values)
        return "passed on" if passed_on else None

    blocks = affine_blocks(range(len(view.boxes)), view.edges, kind=kind)
    return [_Group(sorted(block)) for block in blocks]


def _kinds(box, values):
    # A box of the step's own inputs or outputs has no equation, or repeats another one.
    if box.inside is not None or box.role not in ("layer", "operation"):
        return set()
    laws = [values.every[place].equation for place in box.values]
    return {"linear+" if law.kind == "linear" and law.function else law.kind for law in laws}


def _is_unnamed(box, values):
    return all(values.every[place].unnamed for place in box.values)


def _entries(view, group):
    """`(source, port)` of everything that the group reads, each once."""
    found = [
        (source, port)
        for (source, target), ports in view.edges.items()
        if target in group.members and source not in group.members
        for port, _ in ports
    ]
    return list(dict.fromkeys(found))


def _inner_view(view, group, values):
    entries, last = _entries(view, group), view.boxes[group.last]
    inner = View(_formula(view, group, values), "affine")
    start = [inner.add(_start(view.boxes[source], port, values)) for source, port in entries]
    new = {member: inner.add(view.boxes[member]) for member in group.members}
    for (source, target), ports in view.edges.items():
        for port, entry in ports if target in group.members else []:
            at = new[source] if source in new else start[entries.index((source, port))]
            inner.join(at, new[target], port if source in new else 0, entry)
    for port, place in enumerate(last.values):
        inner.join(new[group.last], inner.add(_end(view, group.last, port, place)), port, 0)
    inner.ends = len(last.values)
    box = replace(last, role="layer", name=inner.title, detail="affine", sign="", short="", beside=46)
    shown = [view.boxes[member].values[0] for member in reversed(group.members)]
    box.values = [*(shown[1:2] if len(last.values) > 1 else shown[:1]), *shown, *last.values]
    box.values = list(dict.fromkeys(box.values))
    box.shape = view.boxes[group.members[-2 if len(last.values) > 1 else -1]].shape
    box.size = (WIDTH, 42)
    return inner, box


def _start(source, port, values):
    place = source.values[port] if port < len(source.values) else source.values[0]
    role = "state" if source.role == "state" else "input"
    name = source.name if len(source.values) == 1 else values.every[place].said.rsplit("/", 1)[-1]
    return _small(role, name, source.shape, place, "min")


def _end(view, last, port, place):
    names = [
        _reader(view, target)
        for (source, target), ports in view.edges.items()
        if source == last and any(out == port for out, _ in ports)
    ]
    return _small("output", ", ".join(names[:2]) or "output", "", place, "max")


def _reader(view, place):
    # The part of a split is called after the gate to which it goes, beyond the sums and products on the way.
    while view.boxes[place].sign:
        further = [target for source, target in view.edges if source == place]
        if not further:
            break
        place = further[0]
    return view.boxes[place].name


def _small(role, name, shape, place, rank):
    box = Box(role, name, role, shape, [place], size=(WIDTH, PORT), rank=rank)
    box.beside = width(f"{shape}{' before' if role == 'state' else ''}", 13.2) + 24
    return box


def _formula(view, group, values):
    terms, shifted = [], False
    for member in group.members:
        for place in view.boxes[member].values:
            law = values.every[place].equation
            if law.kind == "linear":
                read = _state_read(view, member) or _said(law.of[0].place, values)
                terms.append(f"{law.letter} {read}")
            shifted |= law.kind == "shift" or law.bias is not None
    return " + ".join([*terms, *(["b"] if shifted else [])])


def _state_read(view, member):
    # The name of the state that a box multiplies, as the model around the box calls it; None for an input.
    read = [view.boxes[source] for source, target in view.edges if target == member]
    return next((box.name for box in read if box.role == "state"), None)


def _said(place, values):
    # Whatever a nested model reads is its x.
    value = values.every[origin(place, values.every)]
    return (
        "x"
        if value.role == "inner" and (value.unnamed or "/" in value.said)
        else value.said.rsplit("/", 1)[-1]
    )
