"""The flow of one timestep: what reads what, with nested models open or closed."""

from collections.abc import Callable
from dataclasses import dataclass, field

from viz.model import naming
from viz.style.labels import Label


@dataclass(frozen=True)
class Link:
    """One arrow within a timestep; `role` is `data`, or `state` between cells that share states."""

    source: str
    target: str
    role: str = "data"
    name: str = ""


@dataclass
class Part:
    """One box of the flow: a layer, an operation, a closed model, or several of them as a block.

    Attributes:
        id: `n0`, `n1`, ... in running order.
        label, role: as drawn.
        group: the id of the open model that it stands in, or None.
        values: names in the trace.
        titles: the titles of its parts.
        nodes: the nodes of the graph that it stands for, in running order; none for a block of a drawing
            over time.
        words: what it is in full, where the label is shorter.
    """

    id: str
    label: Label
    role: str
    group: str | None
    values: tuple[str, ...]
    titles: tuple[str, ...]
    nodes: tuple = ()
    words: Label | None = None


@dataclass
class Frame:
    """An open nested model."""

    id: str
    label: Label
    parent: str | None


@dataclass
class Flow:
    """One timestep as parts and links; ends are ids of parts or of `inputs`.

    Attributes:
        inputs: the ids of what the step reads, in the order of the step's model: `in0`, ...
        parts, links, frames: in running order.
        outputs: for each output of the step's model, the id it comes from.
        past: the ids of those inputs that come from the previous timestep.
    """

    inputs: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    past: frozenset[str] = frozenset()


def flow_of(graph, is_open: Callable) -> Flow:
    """The flow of a step's graph.

    Example:
        >>> flow = flow_of(rnn.description.graph, lambda node, depth: True)
        >>> [part.label.title for part in flow.parts]
        ['Dense 10', 'Dense 10', '+', 'tanh']

    Args:
        graph: a `rshop.step.graph.Graph`.
        is_open: `(node, depth) -> bool`, whether a nested model is opened.
    """
    flow = Flow([f"in{i}" for i in range(len(graph.inputs))])
    shared, around = _shared_states(graph), [None]

    def visit(at):
        # A source is (id, role, name): what flows from cell to cell as a state keeps that role.
        pairs = zip(at.given, at.node.inputs, strict=True)
        read = [_as_state(source, shared.get(id(tensor))) for source, tensor in pairs]
        if at.node.inner is not None and is_open(at.node, at.depth):
            frame = Frame(f"g{len(flow.frames)}", _frame_label(at.node), around[-1])
            flow.frames.append(frame)
            around.append(frame.id)
            results = at.inside(read)
            around.pop()
            return results
        part = _part(at, f"n{len(flow.parts)}", around[-1])
        flow.parts.append(part)
        flow.links += [Link(source, part.id, role, name) for source, role, name in read]
        return [(part.id, "data", "")] * len(at.node.outputs)

    flow.outputs = [id for id, *_ in graph.walk(visit, [(id, "data", "") for id in flow.inputs])]
    flow.links = list(dict.fromkeys(flow.links))
    return flow


def _as_state(source, name):
    return source if name is None else (source[0], "state", name)


def _part(at, id, group):
    node = at.node
    closed = node.inner is not None or hasattr(node.operation, "state_size")
    plain = naming.sign(node.operation) is not None and naming.given(node.operation) is None
    role = "cell" if closed else "operation" if plain else "layer"
    given = naming.given(node.operation)
    titles = (given,) if given else tuple(filter(None, [naming.known_as(node.operation), naming.kind(node)]))
    return Part(id, naming.label(node), role, group, tuple(node.labels(at.name)), titles, (node,))


def _frame_label(node):
    name = naming.known_as(node.operation)
    return Label(name or naming.kind(node), detail=naming.kind(node) if name else "")


def _shared_states(graph):
    # The names, by identity, of tensors that one cell returns as a state and another cell reads as one.
    returned, taken = {}, set()
    for _, node in graph.every_node():
        names = naming.state_names(node)
        if names:
            returned.update({id(t): name for t, name in zip(node.outputs[-len(names) :], names, strict=True)})
            taken.update(id(t) for t in node.inputs[-len(names) :])
    return {key: name for key, name in returned.items() if key in taken}
