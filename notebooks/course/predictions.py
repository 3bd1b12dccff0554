"""Predictions: say what will happen, then run it."""

import numpy as np

from .outcome import Outcome, find, kind_of

_REGISTERED: dict[str, tuple[dict, float]] = {}


def register_prediction(name: str, answers: dict, *, atol: float = 1e-6):
    """Make a prediction known to `check`.

    Example:
        >>> register_prediction("01.shapes", {"shape of the output": (2, 16), "it grows": "no"})

    Args:
        name: the number of the lesson, a dot, a word.
        answers: question -> a number, a word, yes or no, or a tuple of them.
        atol: how far a number may be from its answer. Where the answers are rounded to two decimals,
            0.006 accepts every number that rounds to them.
    """
    _REGISTERED[name] = answers, atol


def check(name: str, prediction: dict):
    """Print for each question whether the prediction matches; None counts as not attempted.

    Where a kind of value cannot be right, such as a text in place of a tuple, that is said too.

    Example:
        >>> course.check("01.shapes", {"shape of the output": (2, 16), "it grows": None})
        shape of the output: matches
        it grows: not attempted

    Args:
        name: the prediction's name, as in the lesson.
        prediction: question -> what you expect.
    """
    answers, _ = find(_REGISTERED, name, "prediction")
    for question, outcome in outcomes(name, prediction).items():
        note = _wrong_kind(prediction[question], answers[question]) if outcome is Outcome.DIFFERS else ""
        print(f"{question}: {outcome.value}{note and f' ({note})'}")


def outcomes(name: str, prediction: dict) -> dict[str, Outcome]:
    """Question -> outcome, for all questions of this name."""
    answers, atol = find(_REGISTERED, name, "prediction")
    given = dict.fromkeys(answers) | (prediction if isinstance(prediction, dict) else {})
    return {question: _outcome(given[question], answer, atol) for question, answer in answers.items()}


def _outcome(given, answer, atol):
    if given is None or given is Ellipsis or (isinstance(given, str) and not given.strip()):
        return Outcome.NOT_ATTEMPTED
    try:
        return Outcome.MATCHES if _same(given, answer, atol) else Outcome.DIFFERS
    except (TypeError, ValueError):
        return Outcome.DIFFERS


def _same(given, answer, atol):
    if isinstance(answer, str):
        word = {True: "yes", False: "no"}[given] if isinstance(given, bool) else str(given)
        word = word.strip().strip(".!").casefold()
        # "vanish" says the same as "vanishes"; a single letter says nothing.
        forms = {word} if len(word) < 4 else {word, word + "s", word + "es"}
        return answer.casefold() in forms
    if isinstance(answer, tuple):
        parts = [] if isinstance(given, str) else list(given)
        return len(parts) == len(answer) and all(
            _same(part, right, atol) for part, right in zip(parts, answer, strict=True)
        )
    if answer is None or given is None:
        return given is answer
    # What is counted is right or wrong; what is measured may be rounded.
    rtol = 0 if isinstance(answer, int) else 1e-3
    return bool(np.isclose(float(given), answer, rtol=rtol, atol=atol))


def _wrong_kind(given, answer):
    """What is wrong with the kind of a value, whatever the right one is; empty if nothing is."""
    if isinstance(answer, tuple):
        right, wanted = isinstance(given, (tuple, list)), "a tuple such as (1, 2), without quotes"
    elif isinstance(answer, str):
        right, wanted = isinstance(given, (str, bool)), "a word in quotes"
    else:
        right, wanted = _is_number(given), "one number"
    return "" if right else f"this is {kind_of(given)}; write {wanted}"


def _is_number(given):
    try:
        float(given)
    except (TypeError, ValueError):
        return False
    return True
