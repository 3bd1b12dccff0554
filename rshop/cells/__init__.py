"""The built-in cells, one family a file: the equation, its paper, its graph.

May import: step.
"""

from rshop.cells.gru import GRUCell
from rshop.cells.lstm import LSTMCell
from rshop.cells.simple_rnn import SimpleRNNCell

__all__ = ["GRUCell", "LSTMCell", "SimpleRNNCell"]
