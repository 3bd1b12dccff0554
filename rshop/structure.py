"""One tensor, or a list or dict of them: flattened, compared and rebuilt in one place."""

from numbers import Integral

import keras
import numpy as np

from rshop.errors import check_name, given_name, message, told

tree = keras.tree


def flat(structure) -> list:
    """The tensors of a structure in Keras's order (dicts by sorted key); None gives an empty list.

    Example:
        >>> flat({"b": 2, "a": 1})
        [1, 2]
    """
    return [] if structure is None else tree.flatten(structure)


def shape_of(value) -> tuple:
    """The shape of a tensor, a Keras tensor, an array or a number: `shape_of(2.0)` is `()`."""
    shape = getattr(value, "shape", None)
    return tuple(np.shape(value)) if shape is None else tuple(shape)


def shapes_of(structure):
    """The shape of each tensor of a structure; None for None.

    Example:
        >>> shapes_of([np.ones((2, 7, 3)), 2.0])
        [(2, 7, 3), ()]
    """
    return None if structure is None else tree.map_structure(shape_of, structure)


def is_shape(value) -> bool:
    """Whether a value is a single shape, such as `(None, 3)`, rather than a list or dict of shapes."""
    return isinstance(value, (tuple, list)) and all(
        d is None or (isinstance(d, Integral) and not isinstance(d, bool) and d >= 0) for d in value
    )


def flat_shapes(structure) -> list[tuple]:
    """The shapes of a structure of shapes, in the order of `flat`.

    Example:
        >>> flat_shapes({"b": (None, 2), "a": (None, 1)})
        [(None, 1), (None, 2)]

    Raises:
        TypeError: an item is not a shape.
    """
    if structure is None:
        return []
    if is_shape(structure):
        return [tuple(structure)]
    if isinstance(structure, dict) and all(isinstance(key, str) for key in structure):
        return [s for key in sorted(structure) for s in flat_shapes(structure[key])]
    if isinstance(structure, (list, tuple)):
        return [s for item in structure for s in flat_shapes(item)]
    raise TypeError(
        message(
            "This is no shape.",
            received=told(structure),
            expected="a tuple of whole numbers and None, or a list or dict of such tuples",
            fix="give the shape with its batch: (None, 7, 3)",
        )
    )


def cast_like(values: list, likes: list) -> list:
    """Each tensor with the dtype of the Keras tensor beside it, as a model casts what it is called with.

    None stays None, and so does a tensor with a Keras mask, which a cast would lose.

    Example:
        >>> cast_like([np.ones(2, "float64"), None], [keras.Input((), dtype="float32")] * 2)
        [<tensor of dtype float32>, None]
    """

    def stays(value, like):
        masked = getattr(value, "_keras_mask", None) is not None
        return value is None or masked or keras.backend.standardize_dtype(value.dtype) == like.dtype

    pairs = zip(values, likes, strict=True)
    return [value if stays(value, like) else keras.ops.cast(value, like.dtype) for value, like in pairs]


def agree(shape, other) -> bool:
    """Whether two shapes are compatible: equal ranks, and equal sizes where both are known."""
    return len(shape) == len(other) and all(
        a is None or b is None or a == b for a, b in zip(shape, other, strict=True)
    )


def layout(structure) -> str:
    """A structure in words, for a message: `1 tensor`, `a list of 2`, `a dict of 'a', 'b'`."""
    if structure is None:
        return "none"
    if isinstance(structure, dict):
        return "a dict of " + ", ".join(repr(key) for key in structure)
    if isinstance(structure, (list, tuple)):
        return f"a list of {len(structure)}"
    return "1 tensor"


def flatten_like(reference, value, what: str) -> list:
    """The parts of `value` in the order of `reference`, which must have the same structure.

    A list of one counts as the tensor in it, and a tuple as a list.

    Raises:
        ValueError: the structures differ.
    """
    if value is None:
        return []
    single = not isinstance(reference, (list, tuple, dict))
    of_one = isinstance(value, (list, tuple)) and len(value) == 1 and not isinstance(value[0], dict)
    if single and reference is not None and of_one:
        return list(value)
    same = (
        not isinstance(value, (list, tuple, dict))
        if single
        else isinstance(reference, dict) == isinstance(value, dict)
        and isinstance(value, (list, tuple, dict))
        and len(value) == len(reference)
        and (not isinstance(value, dict) or set(value) == set(reference))
    )
    if reference is None or not same:
        raise ValueError(
            message(
                f"`{what}` does not have the structure of the step's own.",
                received=layout(value),
                expected=layout(reference) + _names(reference),
                fix=f"give `{what}` the structure that the step was written with"
                + (" (states go into `initial_state=`)" if what == "x" and single else ""),
            )
        )
    return flat(dict(value) if isinstance(value, dict) else value)


def _names(reference) -> str:
    names = [given_name(tensor) for tensor in flat(reference)]
    return f", {', '.join(map(repr, names))}" if names and all(names) else ""


def shapes_like(reference, shapes, what: str) -> list[tuple]:
    """The shapes of a structure of shapes, in the order of `reference`, as `flatten_like`.

    Example:
        >>> shapes_like([a, b], [(2, 7, 3), (2, 7, 1)], "x")
        [(2, 7, 3), (2, 7, 1)]

    Raises:
        ValueError: the structures differ.
    """
    flat_shapes(shapes)  # raises where one is not a shape
    return [leaf.shape for leaf in flatten_like(reference, [] if shapes is None else _leaves(shapes), what)]


class _Shape:
    # A shape is a tuple, and a structure may hold tuples: this keeps them apart.
    def __init__(self, shape):
        self.shape = tuple(shape)


def _leaves(shapes):
    if is_shape(shapes):
        return _Shape(shapes)
    if isinstance(shapes, dict):
        return {key: _leaves(value) for key, value in shapes.items()}
    return [_leaves(value) for value in shapes]


def find(name: str, names: list[str], what: str) -> int:
    """The index of a name in a list of names; a suffix that fits only one of them is enough.

    Example:
        >>> find("h", ["lstm_cell/h", "lstm_cell/c"], "state")
        0

    Raises:
        ValueError: no name fits, or more than one does.
        TypeError: not a string.
    """
    check_name(what, name)
    if name in names:
        return names.index(name)
    fitting = [i for i, full in enumerate(names) if full.endswith(f"/{name}")]
    if len(fitting) == 1:
        return fitting[0]
    several = [names[i] for i in fitting]
    raise ValueError(
        message(
            f"{len(fitting) or 'No'} {what}s are called {name!r}.",
            received=repr(name),
            expected=f"one of {several or names}",
            fix="use one of these names in full",
        )
    )
