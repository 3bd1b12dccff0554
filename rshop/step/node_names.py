"""Names of the nodes of a graph: the same in every process."""

import keras

from rshop.step.names import is_numbered, snake_case


class NodeNames:
    """Names for the nodes of one graph, each use of an operation with a name of its own.

    Keras numbers what has no name through the whole process. A name that a user gave, or can ask a layer for,
    stays; the others are numbered within the graph, so that they are the same after a reload and in the next
    notebook.

    Example:
        >>> names = NodeNames(of_cell=False)
        >>> dense = keras.layers.Dense(3, name="W")
        >>> names.of(dense), names.of(dense)
        ('W', 'W#2')

    Args:
        of_cell: the graph is of a cell, which makes its layers anew in each process: see `Graph`.
    """

    def __init__(self, of_cell: bool):
        self.of_cell = of_cell
        self.known: dict[int, str] = {}
        self.uses: dict[str, int] = {}
        self.numbers: dict[str, int] = {}

    def of(self, operation) -> str:
        """The name of the next use of an operation."""
        name = self.known.get(id(operation)) or self._first(operation)
        self.known[id(operation)] = name
        self.uses[name] = self.uses.get(name, 0) + 1
        return name if self.uses[name] == 1 else f"{name}#{self.uses[name]}"

    def _first(self, operation):
        kind = snake_case(type(operation).__name__)
        if not is_numbered(operation) or (isinstance(operation, keras.layers.Layer) and not self.of_cell):
            return operation.name
        while True:
            number = self.numbers.get(kind, 0)
            self.numbers[kind] = number + 1
            name = f"{kind}_{number}" if number else kind
            if name not in self.uses:
                return name
