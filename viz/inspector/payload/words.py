"""The words of a run: of its timesteps, of the places of a memory, and of the classes of its outputs."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rshop.errors import message, told
from viz.inspector.payload.equations import origin
from viz.inspector.payload.run_values import Recorded
from viz.style.encodable_text import is_text, visible

#: How many classes are shown at each timestep, the likeliest ones.
GUESSES = 5
#: How far a sum of float32 probabilities may lie from 1.
_ROUNDING = 1e-3


@dataclass(eq=False)
class Guesses:
    """The likeliest classes of an output at each timestep.

    Attributes:
        place: of the output among the values.
        texts: what the classes are called, those that occur.
        which: `(samples, time, count)`, places in `texts`, the likeliest first.
        chances: `(samples, time, count)`, their probabilities.
        softmax: whether the output holds scores of which a softmax made the probabilities.
        names: what all classes are called, where the call named them.
        others: of a second run, the chances that the first run gives to these classes, like `chances`.
        of_first: of a second run, its own chances of the classes that are the first run's likeliest.
    """

    place: int
    texts: list[str]
    which: np.ndarray
    chances: np.ndarray
    softmax: bool
    names: list[str] | None = None
    others: np.ndarray | None = None
    of_first: np.ndarray | None = None


@dataclass(eq=False)
class Words:
    """The words of a run.

    Attributes:
        steps: for each sample a text for each timestep, or None.
        units: for the place of a value, for each sample what its units are called, those of its last axis.
        guesses: of each output that chooses among classes.
    """

    steps: list[list[str]] | None = None
    units: dict[int, list[list[str]]] = field(default_factory=dict)
    guesses: list[Guesses] = field(default_factory=list)


def read_words(run: Recorded, labels, output_labels, *, batch: int, steps: int, backwards=False) -> Words:
    """The words that a call of the inspector names.

    Example:
        >>> read_words(run, ["the", "cat"], ["noun", "verb"], batch=1, steps=2).steps
        [['the', 'cat']]

    Args:
        run: the values of the run, before they are cut for size.
        labels, output_labels: as for `viz.inspect`.
        batch, steps: of the run.
        backwards: whether the layer reads its input from the end.

    Raises:
        TypeError: what is no list of texts.
        ValueError: another number of texts than of timesteps, places or classes; a name that is none of an
            input, a constant or an output.
    """
    words = Words()
    for place, texts in _by_value(run, labels, steps):
        if place is None:
            words.steps = read_rows(texts, batch, steps, "timestep", backwards=backwards)
        else:
            count = run.every[place].shape[0]
            rows = read_rows(texts, batch, count, "place", f"labels={{{run.every[place].name!r}: [...]}}")
            words.units.update({over: rows for over in _weights_over(run, count)})
    for place, texts in _by_output(run, output_labels):
        words.units.update({like: [texts] * batch for like in (place, *_repeated(run, place))})
    outputs = [place for place in run.roles("output") if len(run.every[place].shape) == 1]
    for place in outputs:
        if place in words.units or _shares(run.every[place].array) and run.every[place].shape[0] > 2:
            names = words.units.get(place, [None])[0]
            words.guesses.append(guesses_of(run.every[place].array, place, names))
    return words


def guesses_of(
    numbers: np.ndarray, place: int, names: list[str] | None, *, first: np.ndarray | None = None
) -> Guesses:
    """The likeliest classes of an output.

    Example:
        >>> guesses_of(np.array([[[0.1, 0.9]]]), 0, ["noun", "verb"]).texts
        ['noun', 'verb']

    Args:
        numbers: `(samples, time, classes)`, probabilities or scores.
        place: that of the output among the values.
        names: what the classes are called, or None.
        first: of a second run, the numbers of the first one, alike.
    """
    numbers, softmax = _chances(numbers)
    order = _likeliest(numbers)
    seen, which = np.unique(order, return_inverse=True)
    texts = [names[i] if names else f"[{i}]" for i in seen]
    found = Guesses(place, texts, which.reshape(order.shape), _taken(numbers, order), softmax, names)
    if first is not None:
        first, _ = _chances(first)
        found.others, found.of_first = _taken(first, order), _taken(numbers, _likeliest(first))
    return found


def guesses_beside(guesses: list[Guesses], values: Sequence, others: dict) -> list[Guesses]:
    """The likeliest classes of a second run, of the outputs that it has too.

    Args:
        guesses: of the first run.
        values: of the first run, before they are cut for size.
        others: by the place of a value the value of the second run.
    """
    return [
        guesses_of(others[one.place].array, one.place, one.names, first=values[one.place].array)
        for one in guesses
        if one.place in others
    ]


def _chances(numbers) -> tuple[np.ndarray, bool]:
    # The probabilities, and whether a softmax made them of scores.
    if _shares(numbers):
        return numbers, False
    with np.errstate(invalid="ignore", over="ignore"):
        raised = np.exp(numbers - numbers.max(axis=-1, keepdims=True))
        return raised / raised.sum(axis=-1, keepdims=True), True


def _likeliest(chances):
    return np.argsort(-chances, axis=-1, kind="stable")[..., :GUESSES]


def _taken(chances, order):
    return np.take_along_axis(chances, order, axis=-1).astype("float32")


def read_rows(
    texts, batch: int, count: int, what: str, fix="labels=[vocabulary[i] for i in ids[0]]", *, backwards=False
) -> list[list[str]]:
    """`count` texts for each sample: one list for all of them, or one for each.

    Example:
        >>> read_rows([3, 1, 2], batch=2, count=3, what="timestep")
        [['3', '1', '2'], ['3', '1', '2']]
    """
    expected = f"a list of {count} strings or numbers, one for each {what}, or {batch} such lists"
    try:
        listed = list(texts)
        rows = [listed] * batch if all(map(is_text, listed)) else [list(row) for row in listed]
    except Exception:  # noqa: BLE001  (a tensor without values raises errors of its own)
        rows = [[None]]
    if not all(is_text(label) for row in rows for label in row):
        received = f"labels={told(texts)}"
        raise TypeError(
            message("`labels` is no list of labels.", received=received, expected=expected, fix=fix)
        )
    if len(rows) != batch or any(len(row) != count for row in rows):
        problem = f"`labels` does not have one label for each {what}."
        lengths = f"labels of lengths {[len(row) for row in rows]}"
        raise ValueError(message(problem, received=lengths, expected=expected, fix=fix))
    rows = [[visible(label) for label in row] for row in rows]
    return [row[::-1] for row in rows] if backwards else rows


def _by_value(run, labels, steps):
    # Pairs of a memory's place, None for the timesteps, and the texts for it.
    memories = [i for i in run.roles("constant") if len(run.every[i].shape) > 1]
    if labels is None:
        return []
    if not isinstance(labels, dict):
        return [(_meant(run, memories, labels, steps), labels)]
    names = {run.every[i].name: i for i in memories}
    inputs = [run.every[i].name for i in run.roles("input")]
    for name in labels:
        if name not in names and name not in inputs:
            known = ", ".join([*inputs, *names]) or "none: the layer has no sequence that could have labels"
            raise ValueError(
                message(
                    "`labels` names no input and no memory of the layer.",
                    received=f"labels={{{name!r}: ...}}",
                    expected=f"one of: {known}",
                    fix="name the Input, or give one list of labels for the timesteps",
                )
            )
    return [(names.get(name), texts) for name, texts in labels.items()]


def _meant(run, memories, labels, steps):
    # A decoder may have as many timesteps as it likes: labels of the length of what it sees are that one's.
    try:
        rows = list(labels)
        length = len(rows) if all(map(is_text, rows)) else len(rows[0])
    except Exception:  # noqa: BLE001  (read_rows says what is wrong with it)
        return None
    fitting = [i for i in memories if run.every[i].shape[0] == length]
    return fitting[0] if length != steps and len(fitting) == 1 and not run.roles("input") else None


def _by_output(run, output_labels):
    if output_labels is None:
        return []
    outputs = {run.every[i].name: i for i in run.roles("output") if len(run.every[i].shape) == 1}
    sizes = {name: run.every[i].shape[0] for name, i in outputs.items()}
    known = ", ".join(f"{name} of {size}" for name, size in sizes.items()) or "no output that is a vector"
    fix = "output_labels=vocabulary, or a dict with a list for each output"
    if isinstance(output_labels, dict):
        given = {
            name: _texts(texts, f"one text for each class: {known}", fix)
            for name, texts in output_labels.items()
        }
        found = [(name, texts) for name, texts in given.items() if sizes.get(name) == len(texts)]
        wrong = [(name, len(texts)) for name, texts in given.items() if sizes.get(name) != len(texts)]
    else:
        texts = _texts(output_labels, f"one text for each class: {known}", fix)
        found = [(name, texts) for name, size in sizes.items() if size == len(texts)]
        wrong = [] if found else [("output_labels", len(texts))]
    if wrong:
        raise ValueError(
            message(
                "`output_labels` does not have one text for each class of an output.",
                received=", ".join(f"{count} texts for {name}" for name, count in wrong),
                expected=known,
                fix=fix,
            )
        )
    return [(outputs[name], texts) for name, texts in found]


def _texts(texts, expected, fix):
    try:
        listed = list(texts)
    except Exception:  # noqa: BLE001  (a tensor without values raises errors of its own)
        listed = [None]
    if not all(map(is_text, listed)):
        problem = "`output_labels` is no list of texts."
        raise TypeError(message(problem, received=f"output_labels={told(texts)}", expected=expected, fix=fix))
    return [visible(text) for text in listed]


def _repeated(run, place):
    # The layer's own value that becomes the output, and what that one repeats.
    chain = [run.every[place].next]
    source = None if chain[0] is None else origin(chain[0], run.every)
    return [p for p in {*chain, source} if isinstance(p, int)]


def _weights_over(run, count):
    # What shares something out over the places of a memory: attention weights.
    inner = [i for i in run.roles("inner") if run.every[i].shape and run.every[i].shape[-1] == count]
    return [i for i in inner if len(run.every[i].shape) <= 2 and _shares(_last_axis(run.every[i]))]


def _last_axis(value):
    return value.array.reshape(*value.array.shape[:2], -1, value.shape[-1])


def _shares(numbers) -> bool:
    finite = np.where(np.isfinite(numbers), numbers, -1.0)
    return numbers.size > 0 and bool(
        np.all(finite >= 0) and np.all(np.abs(finite.sum(axis=-1) - 1) < _ROUNDING)
    )
