"""What the rest asks of TensorFlow: the functions that a second backend would have to offer.

`B` is a batch, `T` a number of timesteps; `xs`, `values` and `points` are lists of tensors.

===============================================  ==========================================================
`loops.scan(body, carry, xs, length, ...)`       a body over time, xs `(B, T, ...)`: last carry, `(B, T, ...)`
`loops.over_time(body, carry, reads, ...)`       the same from either end: last carry, `(T, B, ...)`
`loops.reader(x, axis)`                          a function of a timestep that reads `x` there: `(B, ...)`
`gradients.gradients(function, points)`          for each scalar of the function, of the shapes of the points
`gradients.pull_back(function, points, up)`      the same from gradients `up`, each of the shape of a result
`compiling.compiled(function, xla, hot)`         a function of tensors, written as a graph once
`compiling.has_xla()`                            whether XLA compiles for this machine
`compiling.writes_graph()`                       whether a graph is being written, to run many times
`compiling.is_compiled_outside()`                whether all that surrounds the loop is compiled
`devices.has_gpu()`, `devices.cores()`           what the machine has, how many parts run side by side
`shapes.checked_size(values, found, size, ...)`  the values, refused at run time unless the sizes are equal
`shapes.deal(values, sizes)`                     `(B, ...)` cut along the batch: a list for each size
`shapes.roomy(x, length)`                        `(B, T, ...)` padded along time, to one of few lengths
`counting.counter()`                             an integer variable `()`, counted up when a graph runs
===============================================  ==========================================================

May import: no other room.
"""

from rshop.backend.tensorflow.compiling import compiled, has_xla, is_compiled_outside, writes_graph
from rshop.backend.tensorflow.counting import counter
from rshop.backend.tensorflow.devices import cores, has_gpu
from rshop.backend.tensorflow.gradients import gradients, pull_back
from rshop.backend.tensorflow.loops import over_time, reader, scan
from rshop.backend.tensorflow.shapes import checked_size, deal, roomy

__all__ = [
    "checked_size",
    "compiled",
    "cores",
    "counter",
    "deal",
    "gradients",
    "has_gpu",
    "has_xla",
    "is_compiled_outside",
    "over_time",
    "pull_back",
    "reader",
    "roomy",
    "scan",
    "writes_graph",
]
