"""Affine boxes: products with kernels, sums, biases and splits as one box, where nothing else reads them."""

from collections import Counter
from collections.abc import Callable

from rshop.cells.weights import Product
from viz.model.affine_blocks import affine_blocks
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
    parts = {part.id: part for part in flow.parts}
    read = Counter(link.target for link in flow.links)

    def kind(id):
        found = affine_kind(parts[id].nodes[0].operation)
        # A sum that the user named is to be seen.
        named = parts[id].titles != ("+",) or len(parts[id].nodes[0].inputs) != read[id]
        return None if found == "sum" and named else found

    def may_join(last, id):
        if last in flow.outputs or affine_kind(parts[last].nodes[0].operation) == "split":
            return False
        return parts[last].group == parts[id].group and not apart(parts[last], parts[id])

    links = [(link.source, link.target) for link in flow.links]
    return [
        [parts[id] for id in block] for block in affine_blocks(parts, links, kind=kind, may_join=may_join)
    ]


def _as_one(block, label):
    last = block[-1]
    titles = tuple(dict.fromkeys(title for part in block for title in part.titles))
    nodes = tuple(node for part in block for node in part.nodes)
    values = tuple(value for part in block for value in part.values)
    parts = dict.fromkeys(" ".join(filter(None, (p.label.title, p.label.detail))) for p in block)
    words = Label(label.title, detail=", ".join(parts), shape=last.label.shape)
    return Part(last.id, label, "layer", last.group, values, titles, nodes, words)
