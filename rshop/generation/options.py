"""The options of `generate`, checked: how tokens are chosen, and when a sequence ends."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from rshop.checks import check_count, check_number, check_seed, check_switch
from rshop.errors import message, told

STRATEGIES = ("greedy", "sample", "beam")


@dataclass(frozen=True, kw_only=True)
class Options:
    """How tokens are chosen, and when a sequence ends; `generate` says what each option does.

    Example:
        >>> Options(strategy="sample", temperature=0.7).chooses_tokens
        True

    Raises:
        TypeError: an option of the wrong type.
        ValueError: a number out of its range, or options that exclude each other.
    """

    strategy: str | Callable = "greedy"
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    beam_width: int = 5
    length_penalty: float = 0.0
    end_token: int | None = None
    min_length: int = 0
    forbidden: tuple | None = None
    repetition_penalty: float = 1.0
    pad_token: int | None = None
    tokens: bool | None = None
    from_logits: bool | None = None
    seed: int | None = None
    jit_compile: bool = False

    def __post_init__(self):
        _check_strategy(self.strategy)
        check_switch("tokens", self.tokens, or_none=True)
        check_switch("from_logits", self.from_logits, or_none=True)
        check_switch("jit_compile", self.jit_compile)
        check_seed(self.seed)
        check_number("temperature", self.temperature, "what the log-probabilities are divided by", above=0)
        if self.top_k is not None:
            check_count("top_k", self.top_k, "number of likeliest tokens to draw from")
        if self.top_p is not None:
            check_number(
                "top_p", self.top_p, "probability that the tokens to draw from have together", above=0, most=1
            )
        check_count("beam_width", self.beam_width, "number of beams")
        check_number("length_penalty", self.length_penalty, "exponent of the length", least=0)
        check_number("repetition_penalty", self.repetition_penalty, "factor of log-probabilities", above=0)
        for name in ("end_token", "pad_token"):
            if getattr(self, name) is not None:
                check_count(name, getattr(self, name), "number of a token", least=0)
        check_count("min_length", self.min_length, "number of tokens before the end token may come", least=0)
        object.__setattr__(self, "forbidden", _read_forbidden(self.forbidden))
        self._check_together()

    @property
    def own(self) -> Callable | None:
        """The caller's own strategy, or None."""
        return self.strategy if callable(self.strategy) else None

    @property
    def chooses_tokens(self) -> bool:
        """Whether an option is given that only tokens have."""
        only = (self.end_token, self.top_k, self.top_p, self.forbidden, self.pad_token, self.from_logits)
        drawn = self.strategy in ("sample", "beam") or self.repetition_penalty != 1
        return bool(self.tokens) or drawn or any(value is not None for value in only)

    def for_vocabulary(self, size: int) -> "Options":
        """These options for tokens from 0 to `size - 1`; a limit that leaves out no token is dropped.

        Raises:
            ValueError: a token outside the vocabulary, or no token that may be chosen.
        """
        for name in ("end_token", "pad_token"):
            if getattr(self, name) is not None:
                check_token(name, getattr(self, name), size)
        for token in self.forbidden or ():
            check_token("forbidden", token, size)
        held_back = {self.end_token} if self.min_length else set()
        if len({*(self.forbidden or ()), *held_back}) >= size:
            raise ValueError(
                message(
                    "No token is left to choose.",
                    received=f"forbidden={list(self.forbidden or ())}, end_token={self.end_token}, "
                    f"min_length={self.min_length}",
                    expected=f"at least one of the {size} tokens allowed at each timestep",
                    fix="forbid fewer tokens",
                )
            )
        top_k = None if self.top_k is None or self.top_k >= size else self.top_k
        return replace(self, top_k=top_k, top_p=None if self.top_p == 1 else self.top_p)

    def _check_together(self):
        if self.min_length and self.end_token is None:
            raise ValueError(
                message(
                    "`min_length` holds the end token back, and there is none.",
                    received=f"min_length={self.min_length} with end_token=None",
                    expected="both, or neither",
                    fix="give end_token=, or leave min_length out",
                )
            )
        if self.tokens is False and self.chooses_tokens:
            raise ValueError(
                message(
                    "Values are not chosen: a readout of numbers is fed back as it is.",
                    received=f"tokens=False with strategy={told(self.strategy)} or an option of tokens",
                    expected="strategy='greedy' or a function of the output, and no option of tokens",
                    fix="leave tokens out",
                )
            )
        limits = {"forbidden": None, "top_k": None, "top_p": None, "min_length": 0, "repetition_penalty": 1}
        given = [name for name, default in limits.items() if getattr(self, name) != default]
        if self.own and given:
            raise ValueError(
                message(
                    f"A strategy of your own chooses by itself: `{given[0]}` has no effect on it.",
                    received=f"{given[0]}={told(getattr(self, given[0]))}, strategy={told(self.strategy)}",
                    expected="strategy='greedy', 'sample' or 'beam' with this option",
                    fix=f"leave {given[0]} out, and keep to it in the function",
                )
            )


def check_token(name: str, token: int, size: int):
    """Check that a token is in the vocabulary.

    Raises:
        ValueError: it is not.
    """
    if not 0 <= token < size:
        raise ValueError(
            message(
                f"`{name}` is outside the vocabulary.",
                received=f"{name}={token}",
                expected=f"a token from 0 to {size - 1}, as the output has {size} numbers",
                fix=f"{name}={size - 1}",
            )
        )


def _check_strategy(strategy):
    known = isinstance(strategy, str) and strategy in STRATEGIES
    if known or (callable(strategy) and not isinstance(strategy, type) and _takes_an_output(strategy)):
        return
    raise (ValueError if isinstance(strategy, str) else TypeError)(
        message(
            "This is no strategy.",
            received=f"strategy={told(strategy)}",
            expected=f"{', '.join(map(repr, STRATEGIES))}, or a function of the output (and a seed)",
            fix="strategy='greedy'",
        )
    )


def _takes_an_output(function) -> bool:
    try:
        taken = inspect.signature(function)
    except (TypeError, ValueError):  # some built-in functions have no signature
        return True
    try:
        taken.bind(None, **({"seed": None} if "seed" in taken.parameters else {}))
    except TypeError:
        return False
    return True


def _read_forbidden(given):
    if given is None:
        return None
    listed = isinstance(given, (list, tuple, set, frozenset, range, np.ndarray))
    if not listed or (isinstance(given, np.ndarray) and given.ndim != 1):
        raise TypeError(
            message(
                "`forbidden` is a list of tokens.",
                received=f"forbidden={told(given)}",
                expected="whole numbers of at least 0 in a list",
                fix="forbidden=[0]",
            )
        )
    return tuple(sorted({check_count("forbidden", token, "list of tokens", least=0) for token in given}))
