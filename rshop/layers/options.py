"""The options that every recurrent layer takes: their defaults, their kinds, which exclude each other."""

import difflib
from numbers import Integral

from rshop.checks import check_length, check_switch
from rshop.errors import message, told

DEFAULTS = {
    "teacher_force": False,
    "decode": False,
    "output_length": None,
    "return_sequences": False,
    "return_states": False,
    "state_initializer": None,
    "go_backwards": False,
    "stateful": False,
    "unroll": False,
    "zero_output_for_mask": False,
    "seed": None,
}
_FLAGS = [name for name, default in DEFAULTS.items() if default is False and name != "teacher_force"]
_KERAS = ("name", "dtype", "trainable", "autocast", "activity_regularizer")


def read(given: dict, layer: str) -> tuple[dict, dict]:
    """Options with their defaults filled in, and what belongs to the Keras layer.

    Example:
        >>> read({"stateful": True, "name": "rnn"}, "RecurrentModel")[1]
        {'name': 'rnn'}

    Raises:
        TypeError: an option that does not exist, or of the wrong type.
        ValueError: options that exclude each other.
    """
    given = dict(given)
    if "return_state" in given:
        state = given.pop("return_state")
        if given.setdefault("return_states", state) != state:
            raise ValueError(
                message(
                    "`return_states` and `return_state` are two names of one option.",
                    received=f"return_states={given['return_states']!r}, return_state={state!r}",
                    expected="one of them",
                    fix="return_states=True",
                )
            )
    for name in given:
        if name not in DEFAULTS and name not in _KERAS:
            raise TypeError(_unknown(name, given[name], layer))
    chosen = {name: given.get(name, default) for name, default in DEFAULTS.items()}
    for name in _FLAGS:
        check_switch(name, chosen[name])
    _check_seed(chosen["seed"])
    _check_decode(chosen)
    return chosen, {name: given[name] for name in given if name in _KERAS}


def _check_seed(seed):
    whole = isinstance(seed, Integral) and not isinstance(seed, bool)
    if seed is not None and not (whole and -(2**31) <= seed < 2**32):
        raise (ValueError if whole else TypeError)(
            message(
                "A seed is a whole number.",
                received=f"seed={told(seed)}",
                expected="an int of at most 32 bits, or None for a seed of its own",
                fix="seed=0",
            )
        )


def _check_decode(chosen):
    length = chosen["output_length"]
    if chosen["decode"] and length is None:
        raise ValueError(
            message(
                "A decoder has no sequence that would say how many timesteps there are.",
                received="decode=True with output_length=None",
                expected="output_length, the number of timesteps",
                fix="decode=True, output_length=10",
            )
        )
    if length is not None:
        chosen["output_length"] = check_length(length)
    if chosen["decode"] and chosen["go_backwards"]:
        raise ValueError(
            message(
                "A decoder sees the same input at each timestep, so there is nothing to read backwards.",
                received="decode=True with go_backwards=True",
                expected="one of the two",
                fix="leave go_backwards out",
            )
        )


#: What other libraries offer, and how the same is done here.
_ELSEWHERE = {
    "time_major": "put the batch first, keras.ops.swapaxes(x, 0, 1): sequences are (batch, time, ...) here",
    "ragged": "pad the sequences and pass mask=, (batch, time)",
    "implementation": "leave it out: Keras ignores it too",
}


def _unknown(name, value, layer):
    known = [*DEFAULTS, "return_state", *_KERAS]
    close = difflib.get_close_matches(name, known, n=1)
    return message(
        f"{layer} has no option {name!r}.",
        received=f"{name}={value!r}",
        expected=f"one of {', '.join(known)}",
        fix=_ELSEWHERE.get(name) or (f"did you mean {close[0]!r}?" if close else "leave it out"),
    )
