"""What the rest asks of TensorFlow: the functions that a second backend would have to offer.

`B` is a batch, `T` a number of timesteps. `carry` and `inputs` are structures of tensors: nested lists,
tuples and dicts. `xs`, `points`, `cotangents` and the values to split are lists of tensors.

==================================================  =========================================================
`loops.scan(body, carry, xs, length, ...)`          a body over `xs` `(B, T, ...)`: last carry, `(B, T, ...)`
`loops.over_time(body, carry, reads, length, ...)`  the same from either end: last carry, `(T, B, ...)`
`loops.reader(x, axis)`                             a function that reads `x` at a timestep: `(B, ...)`
`gradients.gradients(function, points)`             for each scalar of the function, shaped as the points
`gradients.vjp(function, points, cotangents)`       shaped as the points; the cotangents as the results
`gradients.custom_gradient(function)`               a function of `inputs` with its own backward pass
`compiling.Compiled(function, xla)`                 a function of a list of calls, traced once
`compiling.Traced(function)`                        the same within what calls it, of its arguments
`two_ways.TwoWays(function)`                        a function of `inputs` that is traced once, for any size
`compiling.is_eager()`                              a bool: operations run at once, none is traced
`compiling.is_compiled_outside()`                   a bool: what is traced is part of a compiled whole
`compiling.has_xla(types)`                          a bool: XLA compiles these types for this machine
`operations.is_pure(function, likes)`               a bool: it computes from its tensors alone
`devices.has_gpu()`                                 a bool: there is a GPU
`devices.cores()`                                   an int: how many parts of a graph run side by side
`shapes.checked_size(values, found, size, text)`    the values; an error at run time if two sizes differ
`shapes.split_batch(values, sizes)`                 `(B, ...)` split along the batch: a list for each size
`shapes.padded(x, length)`                          `(B, T, ...)` padded along time to a length
`counting.counter()`                                a count `()` that starts at 0, and is no weight
`counting.count_up(counter)`                        the count plus one, an integer `()`, at each run
==================================================  =========================================================

May import: no other room.
"""

from rshop.backend.tensorflow.compiling import Compiled, Traced, has_xla, is_compiled_outside, is_eager
from rshop.backend.tensorflow.counting import count_up, counter
from rshop.backend.tensorflow.devices import cores, has_gpu
from rshop.backend.tensorflow.gradients import custom_gradient, gradients, vjp
from rshop.backend.tensorflow.loops import over_time, reader, scan
from rshop.backend.tensorflow.operations import is_pure
from rshop.backend.tensorflow.shapes import checked_size, padded, split_batch
from rshop.backend.tensorflow.two_ways import TwoWays

__all__ = [
    "Compiled",
    "Traced",
    "TwoWays",
    "checked_size",
    "cores",
    "count_up",
    "counter",
    "custom_gradient",
    "gradients",
    "has_gpu",
    "has_xla",
    "is_compiled_outside",
    "is_eager",
    "is_pure",
    "over_time",
    "padded",
    "reader",
    "scan",
    "split_batch",
    "vjp",
]
