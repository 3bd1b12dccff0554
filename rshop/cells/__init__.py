"""The built-in cells, one family a file: the equation, its paper, its graph; and wrappers around any cell.

May import: step, attention.
"""

from rshop.cells.attention_cell import AttentionCell
from rshop.cells.gru import GRUCell
from rshop.cells.lstm import LSTMCell
from rshop.cells.simple_rnn import SimpleRNNCell

__all__ = ["AttentionCell", "GRUCell", "LSTMCell", "SimpleRNNCell"]
