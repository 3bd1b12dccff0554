"""Configs read back, and errors for a damaged one: no dict, a missing key, a value of the wrong type."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import keras

from rshop.errors import message, told


@contextmanager
def reading(config, kind: str, *needed: str) -> Iterator[None]:
    """Check that a config has the keys it needs; an error in the `with` block is reported as the config's.

    Example:
        >>> with reading({"cells": []}, "RecurrentSequential", "cells", "order"):
        ...     pass
        ValueError: The config of a RecurrentSequential lacks 'order'. Received: ...

    Args:
        config: the argument of `from_config`.
        kind: the name of the class.
        needed: the keys that must be there.

    Raises:
        TypeError: not a dict.
        ValueError: a key is missing, or a value cannot be read.
    """
    if not isinstance(config, dict):
        problem, received = f"This is no config of a {kind}.", told(config)
        raise TypeError(_message(problem, received, needed))
    missing = [key for key in needed if key not in config]
    if missing:
        problem = f"The config of a {kind} lacks {', '.join(map(repr, missing))}."
        raise ValueError(_message(problem, f"the keys {', '.join(map(str, config))}", needed))
    try:
        yield
    except (AttributeError, IndexError, KeyError, NotImplementedError, TypeError, ValueError) as error:
        if "Received:" in str(error):
            raise  # the message already says what is wrong
        problem = f"The config of a {kind} is damaged ({type(error).__name__}: {error})."
        raise ValueError(_message(problem, _parts(config, needed), needed)) from error


def from_parts(cls, config, parts: tuple[str, ...], custom_objects=None):
    """An object from the config of a class that takes Keras objects first; the config stays as it is.

    Example:
        >>> from_parts(ResidualCell, ResidualCell(LSTMCell(10)).get_config(), ("cell",))

    Args:
        cls: the class.
        config: as its `get_config` returns it.
        parts: the keys of the objects, in the order of the arguments.
        custom_objects: as in Keras.

    Raises:
        TypeError, ValueError: as `reading`.
    """
    with reading(config, cls.__name__, *parts):
        config = copy.deepcopy(config)
        found = [keras.saving.deserialize_keras_object(config.pop(part), custom_objects) for part in parts]
        return cls(*found, **config)


def _message(problem, received, needed):
    keys = f" with {', '.join(map(repr, needed))}" if needed else ""
    return message(
        problem,
        received=received,
        expected=f"a dict as get_config() returns it{keys}",
        fix="use the config as get_config() wrote it, or load the .keras file again",
    )


def _parts(config, needed):
    return ", ".join(f"{key}={told(config[key])}" for key in needed or config)
