"""Checks of the texts that a language model is given."""

import numpy as np

from rshop.errors import message, told
from rshop.seq2seq.text.coding import Coding


def check_tokens(text, coding: Coding, *, least: int = 2, name: str = "text") -> np.ndarray:
    """The tokens of a text, whole numbers `(time,)`.

    Args:
        text: a text, or its tokens.
        coding: the tokenizer.
        least: how many tokens it has to have.
        name: of the argument, for an error.

    Raises:
        TypeError: something else.
        ValueError: too few tokens, or some outside the vocabulary.
    """
    tokens = coding.encode(text) if isinstance(text, str) else _given(text, coding, name)
    if len(tokens) < least:
        raise ValueError(too_short(text, name, least))
    return tokens


def too_short(text, name: str = "text", least: int = 2) -> str:
    """The message for a text of too few tokens."""
    return message(
        f"`{name}` is too short: a model reads a token before it says one.",
        received=f"{name}={told(text)}",
        expected=f"{least} token{'s' if least > 1 else ''} or more",
        fix=f"a longer text, or {name}='\\n' to begin with" if least == 1 else "give a longer text",
    )


def not_fitted(text) -> str:
    """The message for a model that has no vocabulary yet."""
    return message(
        "The model has no vocabulary yet.",
        received=told(text),
        expected="a text in a first fit, of which the vocabulary is learnt, or a tokenizer that has one",
        fix="fit(text), or tokenizer=CharacterTokenizer(vocabulary)",
    )


def not_in_training() -> str:
    """The message for a call as `fit` makes it, outside of `fit`."""
    return message(
        "States are carried from window to window in `fit` and `evaluate` alone.",
        received="inputs [tokens, fresh]",
        expected="tokens (batch, time)",
        fix="model(tokens)",
    )


def check_one_device(model):
    """Refuse to carry states from window to window on several devices.

    Args:
        model: a Keras model.

    Raises:
        ValueError: it runs under a strategy of several replicas.
    """
    strategy = model.distribute_strategy
    if strategy.num_replicas_in_sync > 1:
        raise ValueError(
            message(
                "A language model trains on one device: the states that it carries from window to window "
                "are those of all streams, and no device has all.",
                received=f"a {type(strategy).__name__} of {strategy.num_replicas_in_sync} replicas",
                expected="one replica",
                fix="make the model and call fit outside of strategy.scope()",
            )
        )


def _given(tokens, coding, name):
    try:
        array = np.asarray(tokens)
    except Exception:  # noqa: BLE001  (what somebody passes by mistake may raise anything)
        array = np.zeros((), "O")
    whole = array.ndim == 1 and array.dtype.kind in "iu"
    if not whole or (array.size and not 0 <= array.min() <= array.max() < coding.size):
        raise (ValueError if whole else TypeError)(
            message(
                f"`{name}` is a text, or its tokens.",
                received=f"{name}={told(tokens)}",
                expected=f"a str, or whole numbers (time,) from 0 to {coding.size - 1}",
                fix='several texts are one: "\\n".join(texts)' if not whole else f"{name}='a text'",
            )
        )
    return array.astype("int32")
