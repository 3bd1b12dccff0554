"""Write one timestep of a recurrent network as a Keras graph; get the layer, the cell, the trace."""

from .versions import check_versions

check_versions()

# A process that only loads a model needs `cell_layer` registered.
from . import basic_cells, cell_layer  # noqa: E402, F401
from .cell import RNNCell  # noqa: E402  (the check comes before what needs it)
from .cell_from_model import RNNCellFromModel  # noqa: E402
from .cells import GRUCell, LSTMCell, SimpleRNNCell  # noqa: E402
from .model import RecurrentModel  # noqa: E402
from .sequential import RecurrentContainer, RecurrentSequential  # noqa: E402
from .stream import Stepper  # noqa: E402
from .trace import Trace, trace  # noqa: E402

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
    "trace",
]
