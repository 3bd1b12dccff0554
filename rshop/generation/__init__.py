"""Sequences that a layer generates by itself: tokens that are chosen, drawn or searched for, or values.

May import: backend, step, call, layers, tracing.
"""

from rshop.generation.generate import generate, stream
from rshop.generation.generated import BeamTree, Generated
from rshop.generation.token_readouts import (
    ArgmaxEmbedding,
    GumbelSoftmaxEmbedding,
    SampleEmbedding,
    SoftEmbedding,
    StraightThroughEmbedding,
)

__all__ = [
    "ArgmaxEmbedding",
    "BeamTree",
    "Generated",
    "GumbelSoftmaxEmbedding",
    "SampleEmbedding",
    "SoftEmbedding",
    "StraightThroughEmbedding",
    "generate",
    "stream",
]
