"""One use of a layer in a step, as the rules of layers read it."""

from dataclasses import dataclass

from rshop.cells.weights import Bias, Product
from rshop.expressions.terms import Term
from rshop.step.node import Node


@dataclass
class Use:
    """One use of a layer: the reader, the node, the terms that it is given, where its weights belong."""

    reader: object
    node: Node
    given: list[Term]
    path: str

    @property
    def layer(self):
        """The layer."""
        return self.node.operation

    @property
    def is_changed(self) -> bool:
        """Whether the layer computes with other numbers than its weights: quantized, or with LoRA."""
        quantized = getattr(self.layer, "quantization_mode", None) is not None
        return quantized or getattr(self.layer, "lora_enabled", False)

    def option(self, name: str, place: int = 1):
        """What the layer is called with beside its input, by name or by place."""
        args = self.node.args
        return args[place] if place < len(args) else self.node.kwargs.get(name)

    def weight(self, variable) -> Term:
        """A weight of the layer."""
        path = self.path.rpartition("#")[0] or self.path
        return self.reader.arrays.weight(variable, path, alone=isinstance(self.layer, (Product, Bias)))

    def term(self, kind: str, of: list[Term], *, like=None, **how) -> Term:
        """A term with the shape and dtype of the result, or of a tensor like it."""
        like = self.node.outputs[0] if like is None else like
        return Term(kind, of, how, tuple(like.shape), like.dtype)
