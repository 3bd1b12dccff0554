"""Affine boxes: products with kernels, sums, biases and splits as one box, where nothing else reads them."""

from collections.abc import Callable

from rshop.cells.weights import Product
from viz.model.affine_kind import affine_kind
from viz.model.flow import Flow, Part
from viz.model.formula import formulas
from viz.model.merge_boxes import join
from viz.style.labels import Label


def join_affine(flow: Flow, names: dict[str, Label], apart: Callable) -> Flow:
    """The flow with each affine map as one box, `W x + U h + b`.

    Example:
        >>> flow = join_affine(flow, {"in0": Label("x", "t"), "in1": Label("h", "t-1")}, lambda a, b: False)
        >>> [part.label.name for part in flow.parts]
        ['W x_t + U h_t-1 + b', 'tanh']

    Args:
        flow: one timestep.
        names: of what it reads, by id.
        apart: `(part, part) -> bool`, which two must not become one box.
    """
    blocks = [block for block in _blocks(flow, apart) if len(block) > 1 or _is_own(block[0])]
    for block, label in zip(blocks, formulas(flow, blocks, names), strict=True):
        flow = join(flow, [part.id for part in block], _as_one(block, label))
    return flow


def _is_own(part):
    # The classes in which the built-in cells keep their weights are nothing that a reader has met.
    return isinstance(part.nodes[0].operation, Product)


def _blocks(flow, apart):
    home: dict[str, list[Part]] = {}
    for part in flow.parts:
        sources = [home.get(link.source) for link in flow.links if link.target == part.id]
        kind = affine_kind(part.nodes[0].operation)
        if kind == "product":
            home[part.id] = [part]
        elif kind is not None and sources and _belongs(flow, part, kind, sources, apart):
            block = [*(member for source in sources for member in source), part]
            home |= {member.id: block for member in block}
    return list({id(block): block for block in home.values()}.values())


def _belongs(flow, part, kind, sources, apart):
    # Whether a sum, bias or split is part of what it reads. A sum that the user named is to be seen.
    if kind == "sum" and (part.titles != ("+",) or len(part.nodes[0].inputs) != len(sources)):
        return False
    return all(
        source is not None
        and affine_kind(source[-1].nodes[0].operation) != "split"
        and source[-1].group == part.group
        and not apart(source[-1], part)
        and _only_reader(flow, source[-1].id, part.id)
        for source in sources
    )


def _only_reader(flow, id, reader):
    return id not in flow.outputs and {link.target for link in flow.links if link.source == id} == {reader}


def _as_one(block, label):
    last = block[-1]
    titles = tuple(dict.fromkeys(title for part in block for title in part.titles))
    nodes = tuple(node for part in block for node in part.nodes)
    values = tuple(value for part in block for value in part.values)
    parts = dict.fromkeys(" ".join(filter(None, (p.label.title, p.label.detail))) for p in block)
    words = Label(label.title, detail=", ".join(parts), shape=last.label.shape)
    return Part(last.id, label, "layer", last.group, values, titles, nodes, words)
