"""What is said of a config that is damaged: not a dict, without a part, or with a part of another kind."""

from collections.abc import Iterator
from contextlib import contextmanager

from rshop.errors import message, told


@contextmanager
def reading(config, kind: str, *needed: str) -> Iterator[None]:
    """Check that a config has what it needs; what goes wrong inside is said of the config.

    Example:
        >>> with reading({"cells": []}, "RecurrentSequential", "cells", "order"):
        ...     pass
        ValueError: The config of a RecurrentSequential lacks 'order'. Received: ...

    Args:
        config: what `from_config` was given.
        kind: the class that it is for.
        needed: the keys without which it cannot be read.

    Raises:
        TypeError: no dict.
        ValueError: a key is missing, or a part cannot be read.
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
            raise  # it says already what is wrong
        problem = f"The config of a {kind} is damaged ({type(error).__name__}: {error})."
        raise ValueError(_message(problem, _parts(config, needed), needed)) from error


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
