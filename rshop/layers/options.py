"""The options that every recurrent layer takes: their defaults, their types, which exclude each other."""

import difflib
import inspect
from collections.abc import Callable  # noqa: F401  (in the type of an option)
from dataclasses import dataclass, fields

import keras  # noqa: F401  (in the type of an option)

from rshop.checks import check_length, check_seed, check_switch
from rshop.errors import message
from rshop.signatures import LAYER_OPTIONS


@dataclass(kw_only=True)
class RecurrentOptions:
    """The options of one recurrent layer, checked; `RecurrentModel` says what each of them does.

    Example:
        >>> RecurrentOptions(decode=True, output_length=7).return_sequences
        False

    Raises:
        TypeError: an option of the wrong type.
        ValueError: options that exclude each other.
    """

    teacher_force: "bool | float | keras.Variable | Callable" = False
    decode: bool = False
    output_length: int | None = None
    return_sequences: bool = False
    return_states: bool = False
    state_initializer: "str | keras.Initializer | list | dict | None" = None
    go_backwards: bool = False
    stateful: bool = False
    unroll: bool = False
    zero_output_for_mask: bool = False
    seed: int | None = None

    def __post_init__(self):
        for field in fields(self):
            if field.type is bool:
                check_switch(field.name, getattr(self, field.name))
        check_seed(self.seed)
        if self.output_length is not None:
            self.output_length = check_length(self.output_length)
        _check_decode(self)


#: Each option with its default.
DEFAULTS = {field.name: field.default for field in fields(RecurrentOptions)}
#: Keras's spelling of one of them.
_ALIASES = {"return_state": "return_states"}
_OF_KERAS = [option.name for option in LAYER_OPTIONS]


def parameters() -> list[inspect.Parameter]:
    """The parameters of a recurrent layer's options, Keras's spellings, and those of any Keras layer."""
    own = inspect.signature(RecurrentOptions).parameters
    aliases = [own[name].replace(name=alias) for alias, name in _ALIASES.items()]
    return [*own.values(), *aliases, *LAYER_OPTIONS]


def read(given: dict, layer: str) -> tuple[RecurrentOptions, dict]:
    """The options, checked and with their defaults filled in, and what belongs to the Keras layer.

    Example:
        >>> read({"stateful": True, "name": "rnn"}, "RecurrentModel")[1]
        {'name': 'rnn'}

    Raises:
        TypeError: an option that does not exist, or of the wrong type.
        ValueError: options that exclude each other.
    """
    given = _without_aliases(given)
    for name in given:
        if name not in DEFAULTS and name not in _OF_KERAS:
            raise TypeError(_unknown(name, given[name], layer))
    own = {name: value for name, value in given.items() if name in DEFAULTS}
    return RecurrentOptions(**own), {name: value for name, value in given.items() if name not in own}


def _without_aliases(given):
    given = dict(given)
    for alias, name in _ALIASES.items():
        if alias not in given:
            continue
        value = given.pop(alias)
        if given.setdefault(name, value) != value:
            raise ValueError(
                message(
                    f"`{name}` and `{alias}` are two names of one option.",
                    received=f"{name}={given[name]!r}, {alias}={value!r}",
                    expected="one of them",
                    fix=f"{name}=True",
                )
            )
    return given


def _check_decode(options):
    if options.decode and options.output_length is None:
        raise ValueError(
            message(
                "A decoder has no sequence that would say how many timesteps there are.",
                received="decode=True with output_length=None",
                expected="output_length, the number of timesteps",
                fix="decode=True, output_length=10",
            )
        )
    if options.decode and options.go_backwards:
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
    known = [*DEFAULTS, *_ALIASES, *_OF_KERAS]
    close = difflib.get_close_matches(name, known, n=1)
    return message(
        f"{layer} has no option {name!r}.",
        received=f"{name}={value!r}",
        expected=f"one of {', '.join(known)}",
        fix=_ELSEWHERE.get(name) or (f"did you mean {close[0]!r}?" if close else "leave it out"),
    )
