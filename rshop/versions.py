"""One clear message where the installed Keras, or its backend, is one that rshop does not run on."""

import keras

from rshop.errors import message

OLDEST = (3, 14)
BELOW = (4, 0)


def check_versions(version: str = keras.__version__, backend: str | None = None):
    """Check Keras's version and backend, before something fails in a way that explains nothing.

    Example:
        >>> check_versions("2.15.0", "tensorflow")
        ImportError: rshop is written for Keras 3. Received: keras 2.15.0. ...

    Raises:
        ImportError: a Keras outside the range, or a backend other than TensorFlow.
    """
    found = tuple(int(part) for part in version.split(".")[:2])
    if not OLDEST <= found < BELOW:
        wanted = f">={OLDEST[0]}.{OLDEST[1]},<{BELOW[0]}"
        raise ImportError(
            message(
                "rshop is written for Keras 3.",
                received=f"keras {version}",
                expected=f"keras {wanted}",
                fix=f"pip install 'keras{wanted}'",
            )
        )
    backend = keras.config.backend() if backend is None else backend
    if backend != "tensorflow":
        raise ImportError(
            message(
                "rshop runs on the TensorFlow backend of Keras.",
                received=f"the backend {backend!r}",
                expected="'tensorflow'",
                fix="set KERAS_BACKEND=tensorflow before the first import of keras",
            )
        )
