"""`CellLayer`: the recurrent layer that `cell.get_layer()` returns."""

import keras

from rshop.cells.base import RNNCell
from rshop.cells.shared_layers import warn_of_shared
from rshop.configs import from_parts
from rshop.conversions import converts
from rshop.errors import message, told
from rshop.fast import cudnn
from rshop.layers.base import RecurrentLayer
from rshop.step.constants import missing, without_masks
from rshop.step.recurrent import runs_its_step
from rshop.step.step import Step


@converts("layer", RNNCell.get_layer)
@runs_its_step
@keras.saving.register_keras_serializable(package="rshop")
class CellLayer(RecurrentLayer):
    """A recurrent layer from a cell; what `cell.get_layer()` returns.

    Example:
        >>> CellLayer(LSTMCell(10), return_sequences=True)(np.zeros((2, 7, 5))).shape
        (2, 7, 10)

    Args:
        cell: an `RNNCell`.
        **options: those of `RecurrentModel`.
    """

    def __init__(self, cell: RNNCell, **options):
        if not isinstance(cell, RNNCell):
            raise TypeError(
                message(
                    "This is no cell of rshop.",
                    received=told(cell),
                    expected="an RNNCell, such as LSTMCell(10)",
                    fix="write a class of RNNCell, or put a Keras cell into a RecurrentSequential",
                )
            )
        super().__init__(has_readout=False, **options)
        self.cell = cell
        # Keras compiles a whole model by XLA on a GPU, unless a layer says no: its own do, for cuDNN.
        self.supports_jit = not cudnn.runs(cell, self)
        if cell.built or (cell.declared_shape is not None and not cell.constant_names):
            self.describe()

    def build(self, x_shape, constants_shape=None):
        """Build as every recurrent layer does; on a GPU also find out whether cuDNN can run the cell."""
        super().build(x_shape, constants_shape)
        self.twin = cudnn.twin(self.cell, self)

    def make_step(self, input_shape, constant_shapes) -> Step:
        """The step of the cell, which is built for these shapes if it was not built yet."""
        names = without_masks(self.cell.constant_names)
        if not self.cell.built and len(constant_shapes) < len(names):
            raise ValueError(missing(self.cell.name, self.cell.constant_names, len(constant_shapes)))
        if not self.cell.built and input_shape is not None:
            self.cell.build([input_shape, *constant_shapes] if names else input_shape)
        return self.cell.describe()

    def step_output_shape(self, input_shape) -> tuple | None:
        """The output shape `(batch, ...)` of the cell."""
        return self.cell.output_shape(input_shape)

    def made_of(self) -> RNNCell:
        """The cell; no property, or Keras would write its weights under this name too."""
        return self.cell

    @property
    def constant_names(self) -> list[str]:
        """The names of the constants that the cell reads."""
        return self.cell.constant_names

    @property
    def state_names(self) -> list[str]:
        """The names of the cell's states."""
        return self.cell.state_names

    def get_config(self):
        """The cell and the options as plain JSON values."""
        config = {**super().get_config(), "cell": keras.saving.serialize_keras_object(self.cell)}
        warn_of_shared(self, config, [self.cell])
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The layer that `get_config` described; the config is left as it is."""
        return from_parts(cls, config, ("cell",), custom_objects)
