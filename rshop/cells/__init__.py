"""The built-in cells, one family a file: the equation, its paper, its graph; and wrappers around any cell.

May import: step, attention.
"""

from rshop.cells.gru import GRUCell
from rshop.cells.lstm import LSTMCell
from rshop.cells.simple_rnn import SimpleRNNCell
from rshop.cells.wrappers.attention_cell import AttentionCell
from rshop.cells.wrappers.clock import ClockCell
from rshop.cells.wrappers.dropout import RecurrentDropoutCell, VariationalDropoutCell
from rshop.cells.wrappers.layer_norm import LayerNormCell
from rshop.cells.wrappers.resets import ResetCell
from rshop.cells.wrappers.skip_connections import HighwayCell, ResidualCell
from rshop.cells.wrappers.weight_drop import WeightDropCell
from rshop.cells.wrappers.zoneout import ZoneoutCell

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
