"""Log-probabilities of tokens: read from an output, limited by the options, and drawn from.

They are in 64 bits, so that two tokens are equally likely only where the outputs are equal.
"""

import math

from keras import ops

#: Of fewer logits the time is that of starting an operation: one in 64 bits is quicker than several.
MANY = 2**14


def log_probabilities(y, from_logits: bool):
    """The log-probabilities of the model as it is, `(samples, vocabulary)`.

    Example:
        >>> log_probabilities([[0.0, 0.0]], from_logits=True)
        [[-0.693, -0.693]]

    Args:
        y: logits or probabilities `(samples, vocabulary)`.
        from_logits: which of them.
    """
    wide = ops.cast(y, "float64")
    if not from_logits:
        return ops.log(wide)
    if _are_few(y):
        return ops.log_softmax(wide, axis=-1)
    return wide - _log_of_sum(y)


def likeliest_tokens(y, from_logits: bool, count: int) -> tuple:
    """The likeliest tokens of the model as it is, likeliest first: their log-probabilities, and the tokens.

    Example:
        >>> likeliest_tokens([[0.0, 1.0, 1.0]], from_logits=True, count=2)
        ([[-0.862, -0.862]], [[1, 2]])

    Args:
        y: logits or probabilities `(samples, vocabulary)`.
        from_logits: which of them.
        count: how many tokens of each sample.

    Returns:
        Both `(samples, count)`; the log-probabilities are those that `log_probabilities` gives.
    """
    if from_logits and _are_few(y):
        return ops.top_k(log_probabilities(y, from_logits), count)
    # A logit orders the tokens of a sample as its log-probability does: only those chosen need 64 bits.
    best, tokens = ops.top_k(y, count)
    best = ops.cast(best, "float64")
    return (best - _log_of_sum(y) if from_logits else ops.log(best)), tokens


def _are_few(y) -> bool:
    return None not in y.shape and math.prod(y.shape) < MANY


def _log_of_sum(y):
    # Of what all tokens of a sample have in common the sum alone needs 64 bits: an exponential in 32 bits is
    # as good as a logit in 32 bits, and takes half the time.
    y = y if y.dtype == "float64" else ops.cast(y, "float32")
    top = ops.max(y, axis=-1, keepdims=True)
    total = ops.sum(ops.cast(ops.exp(y - top), "float64"), axis=-1, keepdims=True)
    return ops.cast(top, "float64") + ops.log(total)


def limited(log_p, *, forbidden=None, penalty=None, seen=None):
    """Log-probabilities to choose by: forbidden tokens at minus infinity, repeated ones less likely.

    Example:
        >>> limited([[-1.0, -2.0]], penalty=1.5, seen=[[True, False]])
        [[-1.5, -2.0]]

    Args:
        log_p: `(samples, vocabulary)`.
        forbidden: booleans `(vocabulary,)`, or None.
        penalty: the factor of the log-probability of tokens that were there already (after Keskar et al.,
            2019), or None.
        seen: booleans `(samples, vocabulary)`: the tokens that were there already.
    """
    if penalty is not None:
        log_p = ops.where(seen, log_p * penalty, log_p)
    return log_p if forbidden is None else ops.where(forbidden, _nothing(), log_p)


def likeliest(log_p, *, top_k: int | None = None, top_p=None):
    """The log-probabilities of the likeliest tokens; that of every other token is minus infinity.

    Example:
        >>> likeliest([[-3.0, -1.0, -2.0]], top_k=2)
        [[-inf, -1.0, -2.0]]

    Args:
        log_p: `(samples, vocabulary)`, of any sum.
        top_k: how many tokens are kept (Fan et al., 2018).
        top_p: the fewest likeliest tokens are kept that have this probability together (nucleus sampling,
            Holtzman et al., 2020).
    """
    if top_k is None and top_p is None:
        return log_p
    order = ops.argsort(-log_p, axis=-1)
    rank = ops.argsort(order, axis=-1)
    if top_k is not None:
        log_p = ops.where(rank < top_k, log_p, _nothing())
    if top_p is not None:
        p = ops.take_along_axis(ops.softmax(log_p, axis=-1), order, axis=-1)
        # What the likelier tokens have together: the first token is always kept.
        before = ops.take_along_axis(ops.cumsum(p, axis=-1) - p, rank, axis=-1)
        log_p = ops.where(before < top_p, log_p, _nothing())
    return log_p


def drawn(log_p, number):
    """A token for each sample, `(samples,)`: where the cumulative probability passes a number.

    Example:
        >>> drawn(ops.log([[0.5, 0.25, 0.25]]), [0.6])
        [1]

    Args:
        log_p: `(samples, vocabulary)`, of any sum.
        number: uniform from 0 to 1, without 1, `(samples,)`.
    """
    total = ops.cumsum(ops.exp(log_p - ops.max(log_p, axis=-1, keepdims=True)), axis=-1)
    whole = total[:, -1:]
    # The second condition ends at the last token that has a probability, whatever the sum was rounded to.
    passed = ops.logical_and(total <= ops.cast(number, "float64")[:, None] * whole, total < whole)
    return ops.sum(ops.cast(passed, "int32"), axis=-1)


def length_norm(length, penalty):
    """What a log-probability is divided by, `((5 + length) / 6) ** penalty` (Wu et al., 2016).

    Example:
        >>> length_norm(7, 1.0)
        2.0
    """
    return ((5.0 + ops.cast(length, "float64")) / 6.0) ** penalty


def _nothing():
    return ops.convert_to_tensor(-math.inf, "float64")
