"""The encoder: a source sequence as a memory, and the last states of each layer."""

import keras
from keras import layers, ops

from rshop.seq2seq.parts import cell_from, layer_of


def make_encoder(
    prototype: dict, *, depth: int, bidirectional: bool, tokens, embedding, features, pad_token
) -> tuple:
    """A Keras model from the source to `[memory, *states]`, and the number of states of each layer.

    Example:
        >>> encoder, counts = make_encoder(config, depth=2, tokens=30, ...)  # of GRUs, both ways
        >>> len(encoder.outputs), counts
        (5, [2, 2])

    Args:
        prototype: the config of a cell.
        depth: the number of layers.
        bidirectional: each layer reads from both ends.
        tokens, embedding: the sizes of the vocabulary and of an embedding; without `tokens` the model reads
            vectors of `features` numbers and their mask, `[source, mask]`.
        pad_token: the token that is padding.
    """
    if tokens:
        inputs = source = keras.Input((None,), dtype="int32", name="source")
        valid = ops.not_equal(source, pad_token)
        x = layers.Embedding(tokens, embedding, name="embedding")(source)
    else:
        x, valid = (
            keras.Input((None, features), name="source"),
            keras.Input((None,), dtype="bool", name="mask"),
        )
        inputs = [x, valid]
    states, counts = [], []
    for i in range(depth):
        x, last = _layer(prototype, x, valid, i, bidirectional)
        states, counts = [*states, *last], [*counts, len(last)]
    return keras.Model(inputs, [x, *states], name="encoder"), counts


def _layer(prototype, x, valid, i, bidirectional):
    options = {"return_sequences": True, "return_states": True}
    forward = layer_of(cell_from(prototype, f"forward_cell_{i}"), name=f"forward_{i}", **options)
    y, *states = forward(x, mask=valid)
    if not bidirectional:
        return y, states
    cell = cell_from(prototype, f"backward_cell_{i}")
    backward = layer_of(cell, name=f"backward_{i}", go_backwards=True, **options)
    z, *others = backward(x, mask=valid)
    # What reads from the end returns its outputs in that order.
    return layers.Concatenate(name=f"both_{i}")([y, ops.flip(z, axis=1)]), [*states, *others]
