"""Keep what C code logs out of a lesson."""

import contextlib
import os
import sys


@contextlib.contextmanager
def quiet_stderr():
    """Throw away what is written to file descriptor 2; Python's own errors still arrive.

    TensorFlow logs some lines before it reads `TF_CPP_MIN_LOG_LEVEL`, past `sys.stderr`.

    Example:
        >>> with quiet_stderr():
        ...     import keras
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
