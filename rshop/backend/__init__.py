"""What asks the backend: today TensorFlow, see `rshop.backend.tensorflow`. Nothing else imports it.

May import: backend.tensorflow.
"""

from rshop.backend.tensorflow import (
    checked_size,
    compiled,
    cores,
    counter,
    deal,
    gradients,
    has_gpu,
    has_xla,
    is_compiled_outside,
    over_time,
    pull_back,
    reader,
    roomy,
    scan,
    writes_graph,
)

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
