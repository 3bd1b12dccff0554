"""Exercises with `check`, `hint` and `solution`."""

import ast
import dis
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field

from .given import call_and_compare
from .outcome import DiffersError, NotAttemptedError, Outcome, find, kind_of

_REGISTERED: dict[str, "Exercise"] = {}


@dataclass(eq=False)
class Exercise:
    """One exercise, whose solution is also the source of the empty cell in the lesson.

    Example:
        >>> question = course.exercise("01.sum")
        >>> question.check(running_sum)
        Exercise 01.sum: not attempted.

    Attributes:
        name: the number of the lesson, a dot, a word.
        solution_function: the answer; its signature and docstring are what the student starts from.
        property_check: called with the student's function; ends with `expect(...)` where a
            property does not hold. It never compares text, and leaves the student freedom.
        hints: from a nudge to nearly everything.
        wrong: at least two plausible wrong answers, which the tests hold against the check.
    """

    name: str
    solution_function: Callable
    property_check: Callable[[Callable], None]
    hints: tuple[str, ...]
    wrong: tuple[Callable, ...]
    _next_hint: itertools.count = field(default_factory=itertools.count, init=False, repr=False)

    def check(self, answer):
        """Print the outcome: not attempted, matches, or differs and in which property."""
        outcome, reason = self.outcome(answer)
        print(f"Exercise {self.name}: {outcome.value}." + (f" {reason}" if reason else ""))

    def hint(self):
        """Print the next hint; after the last one they start again."""
        number = next(self._next_hint) % len(self.hints)
        print(f"Hint {number + 1} of {len(self.hints)}: {self.hints[number]}")

    def solution(self):
        """Print one solution. Others may be as good."""
        print(source(self.solution_function))

    def outcome(self, answer) -> tuple[Outcome, str]:
        """The outcome, and for `differs` the property that does not hold."""
        if answer is None or answer is Ellipsis:
            return Outcome.NOT_ATTEMPTED, ""
        if not callable(answer):
            return Outcome.DIFFERS, f"Give the function itself, not {kind_of(answer)}."
        try:
            self.property_check(_attempted(answer))
        except NotAttemptedError:
            return Outcome.NOT_ATTEMPTED, ""
        except DiffersError as difference:
            return Outcome.DIFFERS, str(difference)
        except Exception as error:
            return Outcome.DIFFERS, f"Your code stops with {type(error).__name__}: {_reason(error)}"
        return Outcome.MATCHES, ""

    def stub(self) -> str:
        """The source of the empty cell: the solution without its body."""
        lines = source(self.solution_function).splitlines()
        function = ast.parse("\n".join(lines)).body[0]
        has_docstring = ast.get_docstring(function) is not None
        kept = function.body[0].end_lineno if has_docstring else function.body[0].lineno - 1
        return "\n".join([*lines[:kept], "    ...  # your code here"])


def register_exercise(name: str, solution: Callable, check: Callable, *, hints, wrong) -> Exercise:
    """Make an exercise known to `exercise`; the arguments are those of `Exercise`."""
    _REGISTERED[name] = Exercise(name, solution, check, tuple(hints), tuple(wrong))
    return _REGISTERED[name]


def exercise(name: str) -> Exercise:
    """The exercise of this name, with `check(answer)`, `hint()` and `solution()`."""
    return find(_REGISTERED, name, "exercise")


def exercises_of(lesson: str) -> list[Exercise]:
    """All exercises of a lesson, `'01'`, in their order."""
    return [entry for name, entry in _REGISTERED.items() if name.startswith(f"{lesson}.")]


def source(function: Callable) -> str:
    """The text of a function."""
    return textwrap.dedent(inspect.getsource(function)).rstrip()


def _reason(error):
    # Keras puts the name of the call, in bold, on a line of its own before the message.
    lines = [line.strip() for line in re.sub(r"\x1b\[[\d;]+m", "", str(error)).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith("Exception encountered when calling")]
    return (told or lines or [""])[0]


def _attempted(answer):
    def call(*args, **kwargs):
        result = call_and_compare(answer, args, kwargs)
        if result is None:
            if _is_empty(answer):
                raise NotAttemptedError
            raise DiffersError("It returns None, as a function does that lacks a `return`.")
        return result

    return call


def _is_empty(answer):
    # A body of `...` compiles to nothing but the end of the function. Not by its text, which a notebook
    # may no longer have.
    code = getattr(answer, "__code__", None)
    return code is not None and _operations(code) == _operations(_empty.__code__)


def _operations(code):
    return [step.opname for step in dis.get_instructions(code) if step.opname != "NOP"]


def _empty(): ...
