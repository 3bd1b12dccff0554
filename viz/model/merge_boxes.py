"""Merge the boxes of a timestep without saying anything false about what depends on what.

Boxes become one block where everything that enters the block reaches everything that leaves it, as far as
the inputs and outputs of the timestep go. So an LSTM becomes one box, and a cell whose second state does
not depend on the first stays two.
"""

from dataclasses import replace

from viz.model.flow import Flow, Part
from viz.style.labels import Label, shorten

_LISTED, _SINGLY = 4, 2


def merge_boxes(flow: Flow, recurrent: set[int]) -> Flow:
    """The same flow with as few boxes as the truth allows.

    Example:
        >>> [part.label.title for part in merge_boxes(lstm_flow, {1, 2}).parts]
        ['LSTMCell']

    Args:
        flow: a flow with every nested model open.
        recurrent: the places of the outputs that reach the next timestep (next states, read outputs).
    """
    truth = _pairs(flow)
    for frame in reversed(flow.frames):
        inner = [part for part in flow.parts if part.group == frame.id]
        if inner and not any(other.parent == frame.id for other in flow.frames):
            block = _whole(frame, inner)
            joined = join(flow, [part.id for part in inner], block)
            if _pairs(joined) == truth:
                joined.frames = [other for other in flow.frames if other.id != frame.id]
                flow = joined
    for scope in [None, *[frame.id for frame in flow.frames]]:
        flow = _join_loose(flow, scope, recurrent, truth)
    return flow


def _join_loose(flow, scope, recurrent, truth):
    # Boxes outside nested models are joined where they have the same nested models below and above.
    keys = _keys(flow, recurrent)
    classes: dict[tuple, list[Part]] = {}
    for part in flow.parts:
        if part.group == scope and part.role != "cell":
            classes.setdefault(keys[part.id], []).append(part)
    for members in [one for several in classes.values() for one in _connected(flow, several)]:
        if not _worth_joining(flow, members, recurrent):
            continue
        joined = join(flow, [part.id for part in members], _several(members))
        if _pairs(joined) == truth:
            flow = joined
            continue
        for alike in _same_ends(flow, members):
            flow = join(flow, [part.id for part in alike], _several(alike))
    return flow


def _worth_joining(flow, members, recurrent):
    # One or two layers beside the recurrent part are easier to read one by one.
    ids = {part.id for part in members}
    reads_past = any(k.source in flow.past and k.target in ids for k in flow.links)
    hands_on = any(flow.outputs[i] in ids for i in recurrent)
    return len(members) > _SINGLY or (reads_past and hands_on)


def _connected(flow, members):
    """The parts in groups, each connected by arrows within it."""
    home = {part.id: part.id for part in members}
    for link in flow.links:
        if link.source in home and link.target in home:
            old, new = home[link.source], home[link.target]
            home = {id: new if place == old else place for id, place in home.items()}
    found = {}
    for part in members:
        found.setdefault(home[part.id], []).append(part)
    return list(found.values())


def _keys(flow, recurrent):
    # Along an arrow there are ever fewer cells above and ever more below, and nothing that has left the
    # recurrent part comes back: no two classes can lie both before and after each other.
    cells = {part.id for part in flow.parts if part.role == "cell"}
    frames = {part.id: part.group for part in flow.parts}
    ends = {flow.outputs[i] for i in recurrent}
    up, down = _reach(flow), _reach(flow, backwards=True)

    def marks(ids, own):
        return frozenset(i for i in ids if i in cells or (frames.get(i) and frames[i] != own))

    return {
        id: (bool(up[id] & ends), marks(up[id], frames[id]), marks(down[id], frames[id])) for id in frames
    }


def _same_ends(flow, members):
    ends = {}
    up, down = _reach(flow), _reach(flow, backwards=True)
    for part in members:
        above = frozenset(i for i, source in enumerate(flow.outputs) if source in up[part.id])
        below = frozenset(id for id in flow.inputs if id in down[part.id])
        ends.setdefault((above, below), []).append(part)
    return ends.values()


def _pairs(flow):
    up = _reach(flow)
    return [[source in up[start] for source in flow.outputs] for start in flow.inputs]


def _reach(flow, backwards=False):
    """For each id, every id that can be reached from it, itself included."""
    order = [*flow.inputs, *[part.id for part in flow.parts]]
    steps = {id: set() for id in order}
    for link in flow.links:
        here, there = (link.target, link.source) if backwards else (link.source, link.target)
        steps[here].add(there)
    found = {}

    def visit(id):
        if id not in found:
            found[id] = {id}
            for following in steps[id]:
                found[id] |= visit(following)
        return found[id]

    for id in order if backwards else reversed(order):
        visit(id)
    return found


def join(flow, ids, block):
    """The flow with these parts as one block, in the place of the last of them.

    Example:
        >>> join(flow, ["n0", "n1"], block).parts == [block]
        True
    """
    if len(ids) == 1 and block.label == next(p for p in flow.parts if p.id == ids[0]).label:
        return flow
    new = {id: block.id for id in ids}
    links = [
        replace(k, source=new.get(k.source, k.source), target=new.get(k.target, k.target)) for k in flow.links
    ]
    parts = [p for p in flow.parts if p.id not in new]
    parts.insert(max(i for i, p in enumerate(flow.parts) if p.id in new) + 1 - len(ids), block)
    joined = Flow(
        list(flow.inputs),
        parts,
        [k for k in dict.fromkeys(links) if k.source != k.target],
        list(flow.frames),
        [new.get(source, source) for source in flow.outputs],
        flow.past,
    )
    joined.parts = _in_order(joined)
    return joined


def _in_order(flow):
    waiting = {part.id: set() for part in flow.parts}
    for link in flow.links:
        if link.source in waiting:
            waiting[link.target].add(link.source)
    parts, done = [], set()
    rest = list(flow.parts)
    while rest:
        part = next((p for p in rest if waiting[p.id] <= done), rest[0])
        parts.append(part)
        done.add(part.id)
        rest.remove(part)
    return parts


def _whole(frame, members):
    label = Label(frame.label.title, detail=frame.label.detail, shape=members[-1].label.shape)
    return _block(label, "cell", frame.parent, members)


def _several(members):
    if len(members) == 1:
        return members[0]
    if any("attention" in part.titles for part in members):
        return _block(Label("attention"), "cell", members[0].group, members)
    layers = [part for part in members if part.role == "layer"]
    named = [part for part in layers if part.label.detail]
    every = _list(members)
    fits = len(members) <= _LISTED and every == shorten(every)
    shown = members if fits else named or layers or members
    # The shape of the last part is written only where that part is named: else it is unclear whose it is.
    shape = members[-1].label.shape if members[-1] in shown else ""
    return _block(Label(_list(shown), shape=shape), "cell", members[0].group, members)


def _list(parts):
    listed = list(dict.fromkeys(title for part in parts for title in part.titles))
    return ", ".join(listed[:_LISTED]) + (", …" if len(listed) > _LISTED else "")


def _block(label, role, group, members):
    values = tuple(value for part in members for value in part.values)
    titles = tuple(title for part in members for title in part.titles)
    return Part(members[-1].id, label, role, group, values, titles)
