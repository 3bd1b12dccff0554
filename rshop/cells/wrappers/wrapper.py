"""`CellWrapper`: the base of the cells that wrap another cell."""

import keras

from rshop.cells.base import RNNCell
from rshop.cells.cell_checks import check_input
from rshop.cells.shared_layers import warn_of_shared
from rshop.cells.wrappers import any_cell
from rshop.configs import from_parts
from rshop.step.constants import missing, without_masks
from rshop.structure import flat_shapes


class CellWrapper(RNNCell):
    """A cell around another cell: it changes what that reads, what it returns, or how it runs.

    Subclass it and write `run`, which calls `self.run_cell`. The wrapper has the inputs, the constants and
    the states of the cell, under their names.

    Example:
        >>> @keras.saving.register_keras_serializable()
        ... class Halved(CellWrapper):
        ...     def run(self, xs, states):
        ...         y, after = self.run_cell(xs, states)
        ...         return 0.5 * y, after
        >>> Halved(LSTMCell(4)).get_layer()(np.ones((2, 7, 3))).shape
        (2, 4)

    Args:
        cell: an `RNNCell`, another wrapper, or a Keras cell.
        **options: `input_dim` and its like, which the cell inside may say too; `name`, `dtype`,
            `trainable`.

    Raises:
        TypeError: `cell` is no cell.
    """

    def __init__(self, cell, **options):
        super().__init__(None, **options)
        self.cell = any_cell.checked_cell(cell, type(self).__name__)
        # A cell whose states keep 32 bits in mixed precision keeps them in here too.
        self.autocast = getattr(cell, "autocast", True)
        self._constant_shapes = []
        if self._declared_shape is None:
            self._declared_shape = getattr(cell, "declared_shape", None)

    def run(self, xs: list, states: list) -> tuple:
        """The wrapped timestep on Keras tensors.

        Args:
            xs: what the cell reads beside its states, `(batch, ...)`: its inputs, then its constants.
            states: its states.

        Returns:
            The output, and a list of the next states.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how it runs its cell.")

    def run_cell(self, xs: list, states: list) -> tuple:
        """The output of the cell inside, and a list of its next states.

        If the cell returns one of its states, the output is that very Keras tensor.
        """
        return any_cell.call(self.cell, xs, states)

    def build(self, input_shape):
        """Build the cell inside, then the step; the shapes of constants stand behind those of the inputs.

        Raises:
            ValueError: the cell reads constants, and the shape of one is missing.
        """
        if self._model is None:
            count, constants = self._own_inputs(), without_masks(self.constant_names)
            shapes = flat_shapes(input_shape)
            declared, given = self._declared_shape, shapes[:count]
            self._constant_shapes = shapes[count : count + len(constants)]
            if len(self._constant_shapes) < len(constants):
                raise ValueError(missing(self.name, self.constant_names, len(self._constant_shapes)))
            if declared is not None:
                check_input(self.name, given[0], declared)
            batch = declared[0] if declared else None
            given = [(batch, *shape[1:]) for shape in given]
            self._model = self.build_model(given[0] if len(given) == 1 else given)
        self.built = True

    def build_model(self, input_shape) -> keras.Model:
        """The step: what the cell reads, its output and next states as `run` makes them."""
        xs = [*self.x_inputs(flat_shapes(input_shape)), *any_cell.constant_inputs(self.cell)]
        states = self.state_inputs()
        y, after = self.run(xs, states)
        return keras.Model([*xs, *states], [y, *after], name=self.name)

    def x_inputs(self, shapes: list[tuple]) -> list:
        """An Input for each tensor that the cell reads beside its constants and its states."""
        names = ["x"] if len(shapes) == 1 else [f"x_{i}" for i in range(len(shapes))]
        every = [*shapes, *self._constant_shapes]
        dtypes = [any_cell.x_dtype(self.cell, i, every) for i in range(len(shapes))]
        return [
            keras.Input(batch_shape=shape, dtype=dtype, name=name)
            for shape, dtype, name in zip(shapes, dtypes, names, strict=True)
        ]

    def state_inputs(self) -> list:
        """An Input for each state."""
        return any_cell.state_inputs(self.cell)

    @property
    def state_names(self) -> list[str]:
        """The names of the cell's states."""
        known = self._declared_shape is not None and not self.constant_names
        if self._model is None and known and not self.cell.built:
            self.build(self._declared_shape)
        return any_cell.state_names(self.cell)

    @property
    def constant_names(self) -> list[str]:
        """The names of the constants that the cell reads, their masks among them."""
        return any_cell.constant_names(self.cell)

    @property
    def state_lengths(self) -> dict[str, str]:
        """The states of the cell that are as long as a constant, each with the name of that constant."""
        return dict(getattr(self.cell, "state_lengths", {}))

    @property
    def num_inputs(self) -> int:
        """The number of tensors that the cell reads beside its states."""
        return any_cell.count_inputs(self.cell)

    def _own_inputs(self) -> int:
        # Without the constants.
        return self.num_inputs - len(self.constant_names)

    def output_shape(self, input_shape) -> tuple | None:
        """The shape of `y` for `x` of this shape, which is that of the cell; None where it is not known."""
        return any_cell.output_shape(self.cell, flat_shapes(input_shape)[: self._own_inputs()])

    def get_config(self):
        """The cell and the options as plain JSON values."""
        config = {**super().get_config(), "cell": keras.saving.serialize_keras_object(self.cell)}
        del config["output_dim"]
        warn_of_shared(self, config, [self.cell])
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The wrapper that `get_config` described; the config is left as it is."""
        return from_parts(cls, config, ("cell",), custom_objects)
