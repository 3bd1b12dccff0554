"""The backend in use: today TensorFlow. See the table in `rshop.backend.tensorflow`.

May import: backend.tensorflow.
"""

from rshop.backend.tensorflow import *  # noqa: F403
from rshop.backend.tensorflow import __all__ as __all__
