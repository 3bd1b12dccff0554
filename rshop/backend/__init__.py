"""The backend in use: today TensorFlow, whose functions are listed in `rshop.backend.tensorflow`.

May import: backend.tensorflow.
"""

from rshop.backend.tensorflow import (
    checked_size,
    compiled,
    cores,
    count_up,
    counter,
    custom_gradient,
    gradients,
    has_gpu,
    has_xla,
    is_compiled_outside,
    is_eager,
    over_time,
    padded,
    reader,
    scan,
    split_batch,
    vjp,
)

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
