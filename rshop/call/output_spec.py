"""The shapes and dtypes of the result of a call, known before anything runs."""

import keras
from keras import ops

from rshop.structure import flat, tree


def call_spec(layer, given):
    """The result of a call as symbolic tensors.

    Example:
        >>> call_spec(rnn, arguments).shape  # of a layer with return_sequences=True
        (2, 7, 10)

    Args:
        layer: a built `RecurrentLayer`.
        given: what `arguments.read` returned.
    """
    step = layer.description
    length = given.length if isinstance(given.length, int) else None
    time = (length,) if layer.return_sequences else ()
    outputs = [keras.KerasTensor((given.batch, *time, *t.shape[1:]), t.dtype) for t in flat(step.outputs)]
    y = tree.pack_sequence_as(step.outputs, outputs)
    states = [keras.KerasTensor((given.batch, *t.shape[1:]), t.dtype) for t in step.states]
    return [y, *states] if layer.return_states else y


def only_shapes_are_asked() -> bool:
    """Whether Keras calls layers for their shapes alone, as `fit` does once before it trains.

    Example:
        >>> with keras.SymbolicScope():
        ...     only_shapes_are_asked()
        True
    """
    # A scope keeps the one that was open when it was entered.
    with keras.SymbolicScope() as scope:
        return scope.original_scope is not None


def zeros_for(spec, given):
    """Zeros for each tensor of a `call_spec`; None if a size is neither known nor that of the input.

    Building a whole loop just for its shapes would take as long as building it for its numbers.
    """
    if any(size is None for like in flat(spec) for size in like.shape[2:]):
        return None
    batch = ops.shape(given.inputs[0])[0] if given.batch is None else given.batch
    length = ops.shape(given.inputs[0])[1] if given.length is None else given.length

    def zeros(like):
        known = zip(like.shape, (batch, length, *like.shape[2:]), strict=False)
        return ops.zeros([size if size is not None else here for size, here in known], like.dtype)

    return tree.map_structure(zeros, spec)
