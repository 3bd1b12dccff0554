"""Attention of one timestep: a query looks into a memory, padding left out.

May import: step.
"""

from rshop.attention.additive import AdditiveAttention
from rshop.attention.dot import DotAttention, GeneralAttention
from rshop.attention.location import LocationAttention
from rshop.attention.multi_head import MultiHeadAttention
from rshop.attention.window import WindowAttention

__all__ = [
    "AdditiveAttention",
    "DotAttention",
    "GeneralAttention",
    "LocationAttention",
    "MultiHeadAttention",
    "WindowAttention",
]
