"""Write one timestep of a recurrent network as a Keras graph; get the layer, the cell, the trace."""

from rshop.versions import check_versions

check_versions()

# A process that only loads a model needs all of these registered.
from rshop import attention, basic_cells, seq2seq, training  # noqa: E402, F401
from rshop.cells import GRUCell, LSTMCell, SimpleRNNCell  # noqa: E402
from rshop.cells.base import RNNCell  # noqa: E402  (the check comes before what needs it)
from rshop.export.to_numpy import to_numpy  # noqa: E402
from rshop.generation.generate import generate, stream  # noqa: E402
from rshop.layers import cell_layer  # noqa: E402, F401
from rshop.layers.cell_from_model import RNNCellFromModel  # noqa: E402
from rshop.layers.model import RecurrentModel  # noqa: E402
from rshop.layers.sequential import RecurrentContainer, RecurrentSequential  # noqa: E402
from rshop.tracing.stepper import Stepper  # noqa: E402
from rshop.tracing.trace import Trace, trace  # noqa: E402

__version__ = "0.1.0"

__all__ = [
    "GRUCell",
    "LSTMCell",
    "RNNCell",
    "RNNCellFromModel",
    "RecurrentContainer",
    "RecurrentModel",
    "RecurrentSequential",
    "SimpleRNNCell",
    "Stepper",
    "Trace",
    "basic_cells",
    "generate",
    "stream",
    "to_numpy",
    "trace",
]
