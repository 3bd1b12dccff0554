"""The constants that the cells of a stack read: an Input for each, and whose they are."""

import keras

from rshop.cells.base import RNNCell
from rshop.step.constants import mask_places, missing, without_masks
from rshop.step.names import free_name


class StackConstants:
    """The constants of a stack, handed out cell by cell in its order.

    Example:
        >>> constants = StackConstants([(None, 50, 8)], taken={"x"})
        >>> [tensor.name for tensor in constants.of(attention_cell, (None, 3))]
        ['memory', 'memory_mask']

    Args:
        shapes: of the constants that the layer is called with, `(batch, ...)`, in the order of the cells that
            read them, without their masks.
        taken: names that no Input may have.
    """

    def __init__(self, shapes: list[tuple], taken: set[str]):
        self.shapes, self.taken, self.used = list(shapes), set(taken), 0
        self.given: list[keras.KerasTensor] = []
        self.masks: list[keras.KerasTensor] = []
        #: For a state whose size is not known (its place, then its name), the constant that is as long.
        self.lengths: dict = {}

    @property
    def tensors(self) -> list[keras.KerasTensor]:
        """Every Input: those that a call gives, then their masks."""
        return [*self.given, *self.masks]

    def of(self, cell, x_shape: tuple) -> list[keras.KerasTensor]:
        """An Input for each constant that a cell reads; the cell is built if it was not yet.

        Raises:
            ValueError: the layer is called with fewer constants.
        """
        names = cell.constant_names if isinstance(cell, RNNCell) else []
        if not names:
            return []
        count = len(without_masks(names))
        shapes = self.shapes[self.used : self.used + count]
        self.used += count
        if len(shapes) < count:
            raise ValueError(missing(cell.name, names, len(self.shapes)))
        if not cell.built:
            cell.build([x_shape, *shapes])
        return self._inputs(cell)

    def note_lengths(self, cell, first_state: int):
        """Note which states of the cell that was asked for last are as long as a constant, by their place.

        Args:
            cell: the cell.
            first_state: the place of its first state in the stack.
        """
        if isinstance(cell, RNNCell):
            for state, constant in cell.state_lengths.items():
                self.lengths[first_state + cell.state_names.index(state)] = self.renamed[constant]

    def name_states(self, names: list[str]):
        """Turn the places of states into their names in the stack."""
        self.lengths = {names[place]: constant for place, constant in self.lengths.items()}

    def _inputs(self, cell):
        names, likes = cell.constant_names, cell.constant_inputs
        masks = mask_places(names)
        self.renamed, tensors = {}, []
        for place, (name, like) in enumerate(zip(names, likes, strict=True)):
            if place in masks:
                new = f"{self.renamed[names[masks[place]]]}_mask"
            else:
                new = free_name(name, self.taken)
            self.taken.add(new)
            self.renamed[name] = new
            tensors.append(keras.Input(like.shape[1:], dtype=like.dtype, name=new))
            (self.masks if place in masks else self.given).append(tensors[-1])
        return tensors
