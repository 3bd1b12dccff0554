"""Products of two tensors sample by sample, as in attention: their axes, as letters for `einsum`."""

import string

import keras


def letters_of(operation, tensors: list) -> tuple[str, str, str] | None:
    """The axes of both factors and of the result as `einsum` names them; None for other operations.

    Example:
        >>> letters_of(keras.layers.Dot(axes=(2, 1)), [Input((50, 8)), Input((8,))])  # memory . h
        ('bcd', 'bd', 'bc')

    Args:
        operation: a known operation.
        tensors: the Keras tensors that it reads.
    """
    if len(tensors) != 2 or len({t.dtype for t in tensors}) != 1:
        return None
    ranks = [len(t.shape) for t in tensors]
    name = type(operation).__name__
    if isinstance(operation, keras.layers.Dot):
        return None if operation.normalize or max(ranks) < 3 else _of_dot(operation.axes, ranks)
    if name == "Einsum":
        return _of_einsum(operation.subscripts)
    if name == "Matmul" and ranks == [3, 3]:
        return "bij", "bjk", "bik"
    return None


def _of_dot(axes, ranks):
    first, second = (axes, axes) if isinstance(axes, int) else axes
    names = iter(string.ascii_lowercase[2:])
    a = ["b", *(next(names) for _ in range(ranks[0] - 1))]
    m = ["b", *(next(names) for _ in range(ranks[1] - 1))]
    m[second] = a[first]
    z = [letter for letter in a if letter != a[first]] + [letter for letter in m[1:] if letter != a[first]]
    return "".join(a), "".join(m), "".join(z)


def _of_einsum(subscripts):
    left, arrow, z = subscripts.replace(" ", "").partition("->")
    parts = left.split(",")
    if not arrow or len(parts) != 2 or "t" in subscripts or not (left + z).replace(",", "").isalpha():
        return None
    a, m = parts
    distinct = all(len(set(part)) == len(part) for part in (a, m, z))
    # Each axis stands in two of the three: then the gradient of each factor is a product as well.
    shared = all((letter in a) + (letter in m) + (letter in z) >= 2 for letter in a + m + z)
    by_sample = len({part[:1] for part in (a, m, z)}) == 1
    return (a, m, z) if distinct and shared and by_sample else None
