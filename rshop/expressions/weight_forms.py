"""What a layer makes of its weights before it uses them, such as `W - W^T`, recognised by its numbers.

Keras computes such a thing at once, so that a graph holds the result alone. In several runs in which every
number of every weight is another one, the results say how they were made.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from rshop.expressions.terms import Term, number

#: How many runs with other numbers there are.
RUNS = 8
# The sizes of these numbers: the exponential of the largest is finite in 32 bits.
_SMALLEST, _LARGEST = 1e-4, 80.0
#: How far a function may be from NumPy's, as a part of each of its values.
_NEAR = 3e-6
#: Pairs of weights are tried up to this many weights.
_FEW = 8


@dataclass(frozen=True)
class Way:
    """How something may be made of weights.

    Attributes:
        places: of the weights, in the order in which they are used.
        numbers: makes the arrays of these weights into the result.
        make: makes their terms into that of the result.
        near: how far the numbers may be off, as a part of each; what is only moved is exact.
    """

    places: list[int]
    numbers: Callable
    make: Callable[..., Term]
    near: float = 0.0

    def holds(self, result: np.ndarray, weights: list[np.ndarray]) -> bool:
        """Whether a result is made of these weights in this way."""
        with np.errstate(all="ignore"):
            made = self.numbers(*(weights[place] for place in self.places))
            return made.shape == result.shape and np.allclose(result, made, rtol=self.near, atol=0)


def marks(weights: list, run: int) -> list[np.ndarray]:
    """The numbers of each weight in one of the runs: over all runs each is small and large, of either sign.

    Example:
        >>> marks([dense.kernel, dense.bias], run=0)[1].shape
        (4,)
    """
    draw, found = np.random.default_rng(0), []
    for weight in weights:
        place = (draw.uniform(size=weight.shape) + run / RUNS) % 1
        sizes = np.exp(np.log(_SMALLEST) + place * np.log(_LARGEST / _SMALLEST))
        signs = draw.choice([-1.0, 1.0], weight.shape) * (-1) ** (run % 2)
        found.append((sizes * signs).astype(weight.dtype))
    return found


def recognised(results: list[np.ndarray], known: list[list[np.ndarray]]) -> Way | None:
    """How a result is made of which weights; None where that is not known.

    Example:
        >>> way = recognised([w - w.T for w in (w0, w1, w2)], [[w0], [w1], [w2]])
        >>> way.places, way.make(weight).kind
        ([0], 'subtract')

    Args:
        results: the result in each of several runs.
        known: all weights in each of these runs, in one order.
    """
    last = results[-1]
    if last.dtype.kind != "f" or any(result.shape != last.shape for result in results):
        return None
    if all(np.array_equal(result, last) for result in results):
        return None  # no weight is in it
    runs = list(zip(results, known, strict=True))
    for way in _ways(last, known[-1]):
        if all(way.holds(*run) for run in reversed(runs)):
            return way
    return None


def _ways(result, weights) -> Iterator[Way]:
    for place, weight in enumerate(weights):
        yield from _moved(place, weight, result)
    for place, weight in enumerate(weights):
        if weight.shape == result.shape:
            yield from _functions(place, weight, result)
    pairs = permutations(range(len(weights)), 2) if len(weights) <= _FEW else ()
    for places in pairs:
        if _together(*(weights[place].shape for place in places)) == result.shape:
            for kind, numbers in _OF_TWO.items():
                yield Way(list(places), numbers, _of(kind, result), _NEAR)


def _moved(place, weight, result) -> Iterator[Way]:
    # The weight itself, laid out otherwise, one row of it, or with itself laid out otherwise.
    if weight.shape == result.shape:
        yield Way([place], lambda w: w, lambda term: term)
    elif weight.size == result.size:
        yield Way([place], lambda w: w.reshape(result.shape), _of("reshape", result))
    if weight.size and weight.ndim and weight.shape[1:] == result.shape:
        same = (weight == result).reshape(len(weight), -1).all(axis=1)
        for row in np.flatnonzero(same).tolist():
            yield Way([place], lambda w, row=row: w[row], _of("item", result, key=row))
    if weight.ndim == 2 and weight.shape[::-1] == result.shape:
        yield Way([place], np.transpose, _transposed)
        if weight.shape == result.shape:
            less, more = _of("subtract", result), _of("add", result)
            yield Way([place], lambda w: w - w.T, lambda term: less(term, _transposed(term)))
            yield Way([place], lambda w: w + w.T, lambda term: more(term, _transposed(term)))


def _functions(place, weight, result) -> Iterator[Way]:
    for kind, numbers in _OF_ONE.items():
        yield Way([place], numbers, _of(kind, result), _NEAR)
    times, less = _of("multiply", result), _of("subtract", result)
    # `W^2` would read as a product of matrices.
    yield Way([place], np.square, lambda term: times(term, term), _NEAR)
    yield Way([place], lambda w: 1 - w, lambda term: less(number(1.0), term), _NEAR)
    if weight.size:
        factor = result.dtype.type(np.median(result.astype("float64") / weight))
        yield Way([place], lambda w: factor * w, lambda term: times(number(factor), term), _NEAR)


def _together(one, other):
    try:
        return np.broadcast_shapes(one, other)
    except ValueError:
        return None


def _softplus(w):
    return np.logaddexp(0, w)


def _sigmoid(w):
    return np.exp(-np.logaddexp(0, -w))


#: Functions of one weight, by the kind of their term.
_OF_ONE = {
    "negative": np.negative,
    "exp": np.exp,
    "softplus": _softplus,
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": lambda w: np.maximum(w, 0),
    "absolute": np.abs,
}
_OF_TWO = {"multiply": np.multiply, "add": np.add, "subtract": np.subtract, "divide": np.divide}


def _transposed(term: Term) -> Term:
    return Term("transpose", [term], {"axes": None}, term.shape[::-1], term.dtype)


def _of(kind: str, result: np.ndarray, **how) -> Callable[..., Term]:
    return lambda *terms: Term(kind, list(terms), how, result.shape, str(result.dtype))
