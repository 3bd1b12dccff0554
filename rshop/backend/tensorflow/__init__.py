"""What the rest asks of TensorFlow: the functions that a second backend would have to offer.

`B` is a batch, `T` a number of timesteps; `carry`, `inputs` and `outputs` are structures of tensors (nested
lists, tuples and dicts), `xs`, `points`, `values` and `cotangents` lists of them.

==================================================  ==============================================================
`loops.scan(body, carry, xs, length, ...)`          a body over time, xs `(B, T, ...)`: last carry, `(B, T, ...)`
`loops.over_time(body, carry, reads, length, ...)`  the same from either end: last carry, `(T, B, ...)`
`loops.reader(x, axis)`                             a function of a timestep that reads `x` there: `(B, ...)`
`gradients.gradients(function, points)`             for each scalar of the function a list, shaped as the points
`gradients.vjp(function, points, cotangents)`       gradients shaped as the points, cotangents as the results
`gradients.custom_gradient(function)`               a function of `inputs`, with a backward pass of its own
`compiling.compiled(function, xla, compile_now)`    a function of structures, traced once, for a list of calls
`compiling.is_eager()`                              a bool: operations run at once, and are not being traced
`compiling.is_compiled_outside()`                   a bool: what is traced is part of something compiled whole
`compiling.has_xla()`                               a bool: XLA compiles for this machine
`devices.has_gpu()`                                 a bool: there is a GPU
`devices.cores()`                                   an int: how many parts of a graph run side by side
`shapes.checked_size(values, found, size, text)`    a structure as it is, refused at run time if two sizes differ
`shapes.split_batch(values, sizes)`                 `(B, ...)` split along the batch: for each size a list
`shapes.padded(x, length)`                          `(B, T, ...)` padded along time, to one of few lengths
`counting.counter()`                                a count `()`, which starts at 0 and is no weight
`counting.count_up(counter)`                        the count plus one, an integer `()`, each time a graph runs
==================================================  ==============================================================

May import: no other room.
"""

from rshop.backend.tensorflow.compiling import compiled, has_xla, is_compiled_outside, is_eager
from rshop.backend.tensorflow.counting import count_up, counter
from rshop.backend.tensorflow.devices import cores, has_gpu
from rshop.backend.tensorflow.gradients import custom_gradient, gradients, vjp
from rshop.backend.tensorflow.loops import over_time, reader, scan
from rshop.backend.tensorflow.shapes import checked_size, padded, split_batch

__all__ = [
    "checked_size",
    "compiled",
    "cores",
    "count_up",
    "counter",
    "custom_gradient",
    "gradients",
    "has_gpu",
    "has_xla",
    "is_compiled_outside",
    "is_eager",
    "over_time",
    "padded",
    "reader",
    "scan",
    "split_batch",
    "vjp",
]
