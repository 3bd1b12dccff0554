"""The built-in cells, one family a file: the equation, its paper, its graph; and wrappers around any cell.

May import: step, attention.
"""

from rshop.cells.attention_cell import AttentionCell
from rshop.cells.clock import ClockCell
from rshop.cells.dropout import RecurrentDropoutCell, VariationalDropoutCell
from rshop.cells.gru import GRUCell
from rshop.cells.layer_norm import LayerNormCell
from rshop.cells.lstm import LSTMCell
from rshop.cells.resets import ResetCell
from rshop.cells.simple_rnn import SimpleRNNCell
from rshop.cells.skip_connections import HighwayCell, ResidualCell
from rshop.cells.weight_drop import WeightDropCell
from rshop.cells.zoneout import ZoneoutCell

__all__ = [
    "AttentionCell",
    "ClockCell",
    "GRUCell",
    "HighwayCell",
    "LSTMCell",
    "LayerNormCell",
    "RecurrentDropoutCell",
    "ResetCell",
    "ResidualCell",
    "SimpleRNNCell",
    "VariationalDropoutCell",
    "WeightDropCell",
    "ZoneoutCell",
]
