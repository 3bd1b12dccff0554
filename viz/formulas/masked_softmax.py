"""A softmax over the places that are no padding: `softmax(scores, mask)`, one term for its operations."""

from rshop.expressions.terms import Function, Term, resolved


def masked_softmax(term: Term) -> tuple[Term, Term] | None:
    """The scores and the mask of a call that gives shares of the places that count, None for all else.

    Example:
        >>> scores, mask = masked_softmax(call)  # of where(m, softmax(where(m, s, -1e38)), 0)

    Args:
        term: the result of a call.
    """
    if term.kind == "part" and term.of[0].kind == "call":
        return masked_softmax(term.of[0])
    places = _places(term.how["what"]) if term.kind == "call" else None
    return None if places is None else tuple(term.of[place] for place in places)


def is_masked_softmax(function: object) -> bool:
    """Whether a function is nothing but a softmax over the places that count."""
    return _places(function) is not None


def _places(function):
    # Which of its arguments are the scores and the mask.
    if not isinstance(function, Function) or len(function.outputs) != 1:
        return None
    (chosen,) = function.outputs
    shares = _kept(chosen, lambda value: value == 0)
    scores = None if shares is None or shares[1].kind != "softmax" else _kept(shares[1].of[0], _is_never)
    if scores is None or scores[0] is not shares[0]:
        return None
    reads = [id(read) for read in function.reads]
    found = id(scores[1]), id(scores[0])
    return tuple(map(reads.index, found)) if set(found) <= set(reads) else None


def _kept(term, other):
    # `(m, x)` of where(m, x, number).
    term = _plain(term)
    if term.kind != "where":
        return None
    mask, value, number = map(_plain, term.of)
    return (mask, value) if number.kind == "number" and other(number.how["value"]) else None


def _is_never(value):
    return value < -1e30


def _plain(term):
    # Without what only changes the layout of numbers.
    term = resolved(term)
    while term.kind in ("cast", "expand_dims", "squeeze", "same"):
        term = resolved(term.of[0])
    return term
