"""What a layer makes of its weights before it uses them: `W - W^T`, `softplus(g)`, recognised by its numbers.

Keras computes such a thing at once, so that a graph holds the result alone. In two runs in which every
number of every weight is another one, the results say how they were made.
"""

from collections.abc import Callable, Iterator
from itertools import permutations

import numpy as np

from rshop.expressions.terms import Term, number

#: Makes the term of the result from the terms of the weights that it is made of.
Make = Callable[..., Term]
_NEAR = 1e-5
#: Pairs of weights are tried up to this many weights.
_FEW = 8


def marks(weights: list, seed: int) -> list[np.ndarray]:
    """For each weight numbers that no other one has, of both signs, from 0.1 to 10 in size.

    Example:
        >>> marks([dense.kernel, dense.bias], seed=0)[1].shape
        (4,)
    """
    draw = np.random.default_rng(seed)
    sizes = [np.exp(draw.uniform(np.log(0.1), np.log(10), w.shape)) for w in weights]
    signs = [draw.choice([-1.0, 1.0], w.shape) for w in weights]
    return [(size * sign).astype(w.dtype) for size, sign, w in zip(sizes, signs, weights, strict=True)]


def recognised(results: list[np.ndarray], known: list[list[np.ndarray]]) -> tuple[list[int], Make] | None:
    """Which weights a result is made of, and how; None for what is not known.

    Example:
        >>> places, make = recognised([w1 - w1.T, w2 - w2.T], [[w1], [w2]])
        >>> places, make(weight).kind
        ([0], 'subtract')

    Args:
        results: the result in each of several runs.
        known: the weights in each of these runs, in one order.
    """
    first, count = results[0], len(known[0])
    ways = [([place], *way) for place in range(count) for way in _of_one(known[0][place], first)]
    pairs = permutations(range(count), 2) if count <= _FEW else ()
    ways += [(list(pair), numbers, _of(kind, first)) for pair in pairs for kind, numbers in _OF_TWO.items()]
    for places, numbers, make in ways:
        runs = zip(results, known, strict=True)
        if all(_is_near(result, _tried(numbers, [run[i] for i in places])) for result, run in runs):
            return places, make
    return None


def _tried(numbers, weights):
    # Weights whose shapes do not go together make nothing.
    try:
        with np.errstate(all="ignore"):
            return numbers(*weights)
    except ValueError:
        return ()


def _of_one(weight, result) -> Iterator[tuple[Callable, Make]]:
    # How a result may be made of one weight: `(numbers, make)`.
    if weight.shape == result.shape:
        yield lambda w: w, lambda term: term
    elif weight.size == result.size:
        yield lambda w: w.reshape(result.shape), _of("reshape", result)
    if weight.ndim and weight.shape[1:] == result.shape:
        for row in range(len(weight)):
            yield lambda w, row=row: w[row], _of("item", result, key=row)
    if weight.ndim == 2 and weight.shape[::-1] == result.shape:
        yield np.transpose, lambda term: _transposed(term)
        if weight.shape == result.shape:
            yield lambda w: w - w.T, lambda term: _of("subtract", result)(term, _transposed(term))
            yield lambda w: w + w.T, lambda term: _of("add", result)(term, _transposed(term))
    if weight.shape == result.shape:
        for kind, numbers in _OF_ONE.items():
            yield numbers, _of(kind, result)
        # `W^2` would read as a product of matrices.
        yield np.square, lambda term: _of("multiply", result)(term, term)
        yield lambda w: 1 - w, lambda term: _of("subtract", result)(number(1.0), term)
        factor = np.float32(np.median(result.astype("float64") / weight)) if weight.size else 1
        yield lambda w: factor * w, lambda term: _of("multiply", result)(number(factor), term)


def _softplus(w):
    return np.logaddexp(0, w)


def _sigmoid(w):
    return 1 / (1 + np.exp(-w))


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


def _of(kind: str, result: np.ndarray, **how) -> Make:
    return lambda *terms: Term(kind, list(terms), how, result.shape, str(result.dtype))


def _is_near(result, made) -> bool:
    if result.shape != np.shape(made):
        return False
    largest = float(np.abs(result).max(initial=0))
    return np.allclose(result, made, rtol=_NEAR, atol=1e-7 * largest)
