"""Which layers run a step over time and do nothing else, for files that import no layer."""

_CLASSES: set[type] = set()


def runs_its_step(layer_class: type) -> type:
    """A class decorator: calls of this very class run the layer's step; a subclass may do something else.

    Example:
        >>> @runs_its_step
        ... class CellLayer(RecurrentLayer): ...
    """
    _CLASSES.add(layer_class)
    return layer_class


def is_recurrent(operation) -> bool:
    """Whether it is a recurrent layer of this project, whose calls run the step in its `description`.

    Example:
        >>> is_recurrent(RecurrentModel(x_t, h_t, h_tm1, h_t)), is_recurrent(keras.layers.LSTM(3))
        (True, False)
    """
    return type(operation) in _CLASSES
