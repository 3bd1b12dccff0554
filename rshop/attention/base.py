"""The base of the attention layers: their call, what is computed from the memory once, and their checks."""

import inspect

import keras
from keras import layers

from rshop.attention import checks
from rshop.attention.masking import Blank, MaskedSoftmax
from rshop.signatures import LAYER_OPTIONS, ClassSignature
from rshop.step.start_values import check_call, check_numbers


class AttentionLayer(layers.Layer):
    """One look of a query into a memory: `layer(query, memory, mask) -> (context, weights)`.

    A subclass writes `make_parts`, `keys_of` and `attend`, of Keras layers and `keras.ops` alone: an
    `AttentionCell` calls them on symbolic tensors, so that what reads the memory alone is computed once,
    before the loop over time.

    Example:
        >>> context, weights = DotAttention()(np.ones((2, 8)), np.ones((2, 5, 8)))
        >>> context.shape, weights.shape
        ((2, 8), (2, 5))

    Args:
        **layer_kwargs: `name`, `dtype`, `trainable`.

    Raises:
        ValueError: a query that is not `(batch, features)`, a memory that is not `(batch, time, features)`, a
            mask of another shape.
    """

    #: The name of what is handed from timestep to timestep, None for an attention that hands on nothing.
    state_name: str | None = None
    #: The names of the results, as a trace shows them.
    value_names = ("context", "attention", "state")
    __signature__ = ClassSignature()

    def __init__(self, **layer_kwargs):
        super().__init__(**layer_kwargs)
        self.supports_masking = True

    @classmethod
    def options_of_init(cls) -> list[inspect.Parameter]:
        """The options that `__init__` hands on to Keras, for the signature of the class."""
        return LAYER_OPTIONS

    def build(self, query_shape, memory_shape):
        """Make the weights for a query `(batch, q)` and a memory `(batch, time, m)`."""
        self.check_sizes(tuple(query_shape), tuple(memory_shape))
        self.blank = Blank(name="memory_without_padding", dtype=self.dtype_policy)
        self.weights_of = self.make_weights_of()
        self.make_parts(query_shape[-1], memory_shape[-1])

    def check_sizes(self, query_shape: tuple, memory_shape: tuple):
        """Refuse a query and a memory for which the layer cannot be built, before anything is made.

        Raises:
            ValueError: names the shapes.
        """
        checks.check_shapes(self.name, query_shape, memory_shape)

    def make_weights_of(self) -> layers.Layer:
        """The layer that makes weights of scores."""
        return MaskedSoftmax(name="attention", dtype=self.weights_dtype)

    @property
    def weights_dtype(self) -> str:
        """The dtype of the weights: at least 32 bits, so that they sum to one in mixed precision too."""
        return "float64" if self.compute_dtype == "float64" else "float32"

    def make_parts(self, query_size: int, memory_size: int):
        """Make and build the layers that hold weights."""

    def keys_of(self, memory):
        """What is compared with the query, from the memory without padding; one tensor or a list."""
        return memory

    def attend(self, query, memory, *, keys, valid, state) -> tuple:
        """The context and the weights, then the next state of an attention that has one."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it attends.")

    def first_state(self, memory):
        """The state before the first timestep, for a memory `(batch, time, m)`; None without a state."""
        return None

    def state_shape(self, memory_shape: tuple) -> tuple | None:
        """The shape `(batch, ...)` of the state, None without one."""
        return None

    def context_size(self, query_size: int, memory_size: int) -> int:
        """The number of features of the context: by default those of the memory."""
        return memory_size

    def project(self, memory, mask=None):
        """The keys of a memory, for calls with `keys=`: many queries, one projection.

        Example:
            >>> keys = layer.project(memory)
            >>> for query in queries:
            ...     context, weights = layer(query, memory, keys=keys)

        Args:
            memory: `(batch, time, m)`, of a layer that was called or built.
            mask: booleans `(batch, time)`.
        """
        check_call({"memory": memory, "mask": mask})
        memory = keras.ops.cast(memory, self.compute_dtype)
        return self.keys_of(memory if mask is None else self.blank(memory, mask))

    def __call__(self, query, memory, mask=None, *, state=None, keys=None, **masks):
        """Check that the arguments hold numbers and fit together, then call the layer as Keras does."""
        for name, value in (("query", query), ("memory", memory)):
            check_numbers(f"`{name}`", value, array=True)
        check_call({"mask": mask, "state": state, "keys": keys})
        checks.check_shapes(self.name, tuple(query.shape), tuple(memory.shape))
        checks.check_mask(self.name, mask, tuple(memory.shape))
        checks.check_state(self.name, state, self.state_name, self.state_shape(tuple(memory.shape)))
        given = {"mask": mask, "state": state, "keys": keys, **masks}
        return super().__call__(query, memory, **{k: v for k, v in given.items() if v is not None})

    def call(self, query, memory, mask=None, *, state=None, keys=None, memory_mask=None):
        """One look.

        Args:
            query: `(batch, q)`.
            memory: `(batch, time, m)`.
            mask: booleans `(batch, time)`, false on padding; a mask on the memory is found without it.
            state: the state of the last call, for an attention that has one.
            keys: `project(memory, mask)`, where it was computed before.
            memory_mask: the mask that Keras finds on the memory.

        Returns:
            The context `(batch, m)` (or `(batch, units)` where it is projected) and the weights
            `(batch, time)` (for several heads `(batch, heads, time)`); with `state=` the next state, too.
        """
        valid = memory_mask if mask is None else mask
        memory = memory if valid is None else self.blank(memory, valid)
        keys = self.keys_of(memory) if keys is None else keys
        before = self.first_state(memory) if state is None else state
        context, weights, *after = self.attend(query, memory, keys=keys, valid=valid, state=before)
        return (context, weights) if state is None else (context, weights, *after)

    def compute_mask(self, inputs, previous_mask=None):
        """None: neither the context nor the weights have padding."""
        return None

    def part(self, kind: type, *args, name: str, shape: tuple, **options) -> layers.Layer:
        """A built layer of this precision, for the weights."""
        layer = kind(*args, name=name, dtype=self.dtype_policy, **options)
        layer.build(shape)
        return layer

    def context_of(self, weights, memory):
        """The mean of the memory `(batch, time, m)` with these weights `(batch, time)`."""
        dot = layers.Dot(axes=(1, 1), name="context", dtype=self.dtype_policy)
        return dot([self.narrow(weights), memory])

    def narrow(self, weights):
        """The weights as precise as the memory is: a product of two dtypes would not be seen as one."""
        same = self.weights_dtype == self.compute_dtype
        return weights if same else keras.ops.cast(weights, self.compute_dtype)
