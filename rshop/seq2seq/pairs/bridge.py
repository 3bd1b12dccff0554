"""The bridge: the first states of a decoder from the last states of an encoder."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="rshop")
class Bridge(layers.Layer):
    """First states of the sizes that a decoder needs.

    Where encoder and decoder have as many states of the same sizes, these are handed over as they are. Else
    each first state is `tanh(W s + b)` of all last states `s` of the layer beside it; where the decoder is
    deeper, those of the last layer.

    Example:
        >>> Bridge([2, 2], [8, 8], layers_of=[0, 1])([np.ones((3, 4))] * 4)[0].shape
        (3, 8)

    Args:
        counts: the number of states of each layer of the encoder.
        sizes: the size of each first state.
        layers_of: the layer of the decoder that each of them is in.
        **layer_kwargs: `name`, `dtype`, `trainable`.
    """

    def __init__(self, counts: list[int], sizes: list[int], layers_of: list[int], **layer_kwargs):
        super().__init__(**layer_kwargs)
        self.counts, self.sizes, self.layers_of = list(counts), list(sizes), list(layers_of)

    def build(self, input_shape):
        """Make the matrices, where the sizes differ."""
        given = [shape[-1] for shape in input_shape]
        self.same = given == self.sizes
        self.matrices = []
        for i, (size, layer) in enumerate(zip(self.sizes, self.layers_of, strict=True)):
            width = sum(given[slice(*self._place(layer))])
            matrix = layers.Dense(size, "tanh", name=f"state_{i}", dtype=self.dtype_policy)
            if not self.same:
                matrix.build((None, width))
            self.matrices.append(matrix)

    def call(self, states):
        """The first states, from the flat list of last states `(batch, size)`."""
        if self.same:
            return list(states)
        return [
            matrix(ops.concatenate(states[slice(*self._place(layer))], axis=-1))
            for matrix, layer in zip(self.matrices, self.layers_of, strict=True)
        ]

    def _place(self, layer):
        layer = min(layer, len(self.counts) - 1)
        first = sum(self.counts[:layer])
        return first, first + self.counts[layer]

    def get_config(self):
        """The options as plain JSON values."""
        own = {"counts": self.counts, "sizes": self.sizes, "layers_of": self.layers_of}
        return {**super().get_config(), **own}
