"""`AttentionCell`: any cell, with an attention that looks into a memory at each timestep."""

import keras
from keras import layers

from rshop.cells import keras_cells
from rshop.cells.base import RNNCell
from rshop.cells.shared_layers import warn_of_shared
from rshop.cells.wrappers import any_cell
from rshop.cells.wrappers.attention_checks import (
    check_attention,
    check_choice,
    check_one_input,
    check_query,
    check_vector,
)
from rshop.cells.wrappers.clock import ClockCell
from rshop.cells.wrappers.wrapper import CellWrapper
from rshop.configs import from_parts
from rshop.step.constants import mask_places, missing, without_masks
from rshop.step.names import free_name
from rshop.structure import flat_shapes

FEEDS = ("input", "output", "both")
QUERIES = ("old", "new")


@keras.saving.register_keras_serializable(package="rshop")
class AttentionCell(RNNCell):
    """A cell that looks into a memory at each timestep, and reads or returns what it sees there.

    The memory is a constant of the layer, `rnn(x, constants=memory)`. Its mask is found on it, or given as
    `constants_mask=`. What reads the memory alone, such as its projection to keys, is computed once.

    Which state asks, and where the context goes::

        query="old", feed="input"      c_t = look(h_tm1);  y_t, h_t = cell([x_t, c_t], h_tm1)     (Bahdanau)
        query="new", feed="output"     y_t, h_t = cell(x_t, h_tm1);  c_t = look(h_t);  [y_t, c_t]    (Luong)
        query="new", feed="both"       y_t, h_t = cell([x_t, c_tm1], h_tm1);  c_t = look(h_t);  [y_t, c_t]

    The last one is input feeding: the context is a state, too. `query="new", feed="input"` is the same
    without the context in the output, `query="old", feed="both"` the first with it.

    Example:
        >>> rnn = AttentionCell(GRUCell(10), AdditiveAttention(16)).get_layer(return_sequences=True)
        >>> x, memory = np.ones((2, 7, 3)), np.ones((2, 50, 8))
        >>> rnn(x, constants=memory).shape
        (2, 7, 10)
        >>> trace(rnn, x, constants=memory)["attention"].shape
        (2, 7, 50)

    Traces what the cell does, `attention` `(batch, time, places)` and `context` `(batch, time, features)`.

    Args:
        cell: an `RNNCell` (another wrapper, too) or a Keras cell.
        attention: a layer of `rshop.attention`.
        feed: where the context goes: `"input"`, `"output"` or `"both"`, beside what is there.
        query: which state asks: the `"old"` one of the last timestep or the `"new"` one. It is the state that
            the cell returns as its output, else its first one.
        **options: `input_dim` and its like, `name`, `dtype`, `trainable`.

    Raises:
        TypeError: `cell` is no cell, or `attention` no attention of `rshop`.
        ValueError: another `feed` or `query`, a cell without states or with several inputs, a memory that is
            not `(batch, time, features)`.

    Source:
        D. Bahdanau et al., Neural machine translation by jointly learning to align and translate, 2015
        (arXiv:1409.0473); M.-T. Luong et al., Effective approaches to attention-based neural machine
        translation, 2015 (arXiv:1508.04025), with input feeding.
    """

    def __init__(self, cell, attention, feed: str = "input", query: str = "old", **options):
        super().__init__(None, **options)
        # The alignment and the centres of windows are states of 32 bits in mixed precision too.
        self.autocast = False
        self.cell = check_one_input(type(self).__name__, any_cell.checked_cell(cell, type(self).__name__))
        self.attention = check_attention(attention)
        self.feed, self.query = check_choice("feed", feed, FEEDS), check_choice("query", query, QUERIES)
        self._constant_shapes = None

    @property
    def feeds_input(self) -> bool:
        """Whether the cell inside reads the context."""
        return self.feed in ("input", "both")

    @property
    def feeds_output(self) -> bool:
        """Whether the context is a part of the output."""
        return self.feed in ("output", "both")

    @property
    def constant_names(self) -> list[str]:
        """The memory, what the cell inside reads, and the masks of both."""
        inner = any_cell.constant_names(self.cell)
        memory = free_name("memory", inner)
        masks = [inner[place] for place in mask_places(inner)]
        return [memory, *without_masks(inner), f"{memory}_mask", *masks]

    @property
    def state_names(self) -> list[str]:
        """The states of the cell, the context where it is one, and that of the attention."""
        names = list(any_cell.state_names(self.cell))
        for name in self._own_states():
            names.append(free_name(name, names))
        return names

    @property
    def state_lengths(self) -> dict[str, str]:
        """The alignment is as long as the memory."""
        lengths = dict(getattr(self.cell, "state_lengths", {}))
        shape = self.attention.state_shape((None, None, 1))
        if shape is not None and None in shape[1:]:
            lengths[self.state_names[-1]] = self.constant_names[0]
        return lengths

    def build(self, input_shape):
        """Build the step for `x` and the memory: `input_shape` is a list that starts with their shapes."""
        names = without_masks(self.constant_names)
        shapes = flat_shapes(input_shape)[1 : 1 + len(names)]
        if self._model is None:
            if len(shapes) < len(names):
                raise ValueError(missing(self.name, self.constant_names, len(shapes)))
            self._constant_shapes = [_for_any_length(shape) for shape in shapes]
        super().build(input_shape)

    def build_model(self, input_shape) -> keras.Model:
        """The step `[x, memory, ..., memory_mask, *states] -> [y, *next_states]`."""
        self._build_parts(input_shape)
        x = keras.Input(batch_shape=input_shape, dtype=self._x_dtype(), name="x")
        constants = self._constants()
        states = self._states()
        y, after = self._timestep(x, constants, states)
        inputs = [x, *(constants[name] for name in self.constant_names), *states]
        return keras.Model(inputs, [y, *after], name=self.name)

    def _build_parts(self, x_shape):
        memory = self._constant_shapes[0]
        size = check_query(self, self._query_shape(x_shape))
        # Before anything is built: a call that is refused leaves nothing behind.
        self.attention.check_sizes((None, size), memory)
        seen = x_shape
        if self.feeds_input:
            check_vector(self.name, x_shape)
            seen = (*x_shape[:-1], x_shape[-1] + self.attention.context_size(size, memory[-1]))
        if not self.cell.built:
            inner = self._constant_shapes[1:]
            self.cell.build([seen, *inner] if inner else seen)
        if not self.attention.built:
            self.attention.build((None, check_query(self, self._query_shape(x_shape))), memory)

    def _query_shape(self, x_shape):
        # Asked before the cell is built: the size of its input depends on it for some attentions.
        cell = self.cell
        # The states of a wrapper begin with those of its cell; what a clock returns is always a state.
        while isinstance(cell, CellWrapper) and not isinstance(cell, ClockCell) and not cell.built:
            cell = cell.cell
        if isinstance(cell, AttentionCell) and not cell.built:
            return cell._query_shape(x_shape)
        if isinstance(cell, RNNCell) and not cell.built:
            return cell.output_shape((*x_shape[:-1], None))
        shapes = [tuple(tensor.shape) for tensor in any_cell.state_inputs(cell)]
        return shapes[any_cell.output_state(cell) or 0] if shapes else None

    def _place(self) -> int:
        return any_cell.output_state(self.cell) or 0

    def _x_dtype(self):
        if self.feeds_input or not isinstance(self.cell, RNNCell):
            return self.compute_dtype
        return self.cell.model.inputs[0].dtype

    def _constants(self) -> dict:
        names = self.constant_names
        made = {tensor.name: tensor for tensor in any_cell.constant_inputs(self.cell)}
        memory = names[0]
        made[memory] = keras.Input(
            self._constant_shapes[0][1:], dtype=self.attention.compute_dtype, name=memory
        )
        made[f"{memory}_mask"] = keras.Input((None,), dtype="bool", name=f"{memory}_mask")
        return made

    def _states(self) -> list:
        inner = any_cell.state_inputs(self.cell)
        names = self.state_names[len(inner) :]
        memory = self._constant_shapes[0]
        own = []
        for kind, name in zip(self._own_states(), names, strict=True):
            if kind == "context":
                size = self.attention.context_size(inner[self._place()].shape[-1], memory[-1])
                shape, dtype = (None, size), self.attention.compute_dtype
            else:
                shape, dtype = self.attention.state_shape(memory), self.attention.weights_dtype
            own.append(keras.Input(shape[1:], dtype=dtype, name=f"{name}_tm1"))
        return [*inner, *own]

    def _own_states(self) -> list[str]:
        carried = ["context"] if self.feeds_input and self.query == "new" else []
        return [*carried, *([self.attention.state_name] if self.attention.state_name else [])]

    def _timestep(self, x, constants, states) -> tuple:
        names = self.constant_names
        count = len(any_cell.state_names(self.cell))
        before, own = states[:count], dict(zip(self._own_states(), states[count:], strict=True))
        inner = [constants[name] for name in any_cell.constant_names(self.cell)]

        def look(query):
            state = own.get(self.attention.state_name)
            mask = constants[f"{names[0]}_mask"]
            return self.attention.call(query, constants[names[0]], mask, state=state)

        if self.query == "old":
            context, _, *moved = look(before[self._place()])
            y, after = any_cell.call(self.cell, [self._read(x, context), *inner], before)
            return self._returned(y, context), [*after, *moved]
        y, after = any_cell.call(self.cell, [self._read(x, own.get("context")), *inner], before)
        context, _, *moved = look(after[self._place()])
        carried = [context] if self.feeds_input else []
        return self._returned(y, context), [*after, *carried, *moved]

    def _read(self, x, context):
        if not self.feeds_input:
            return x
        return layers.Concatenate(name="x_and_context", dtype=self.dtype_policy)([x, context])

    def _returned(self, y, context):
        if not self.feeds_output:
            return y
        return layers.Concatenate(name="y_and_context", dtype=self.dtype_policy)([y, context])

    def output_shape(self, input_shape) -> tuple | None:
        """The shape of `y` for `x` of this shape; None where it is not known before the cell is built."""
        if self._model is not None:
            return tuple(self._model.outputs[0].shape)
        shape = None if input_shape is None else (*input_shape[:-1], None)
        if isinstance(self.cell, RNNCell):
            shape = self.cell.output_shape(shape if self.feeds_input else input_shape)
        else:
            shape = keras_cells.output_shape(self.cell, shape)
        # What the context adds to it depends on the memory.
        return (*shape[:-1], None) if shape is not None and self.feeds_output else shape

    def get_config(self):
        """The cell, the attention and the options as plain JSON values."""
        serialize = keras.saving.serialize_keras_object
        config = {
            **super().get_config(),
            "cell": serialize(self.cell),
            "attention": serialize(self.attention),
        }
        config |= {"feed": self.feed, "query": self.query}
        del config["output_dim"]
        warn_of_shared(self, config, [self.cell, self.attention])
        return config

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The cell that `get_config` described; the config is left as it is."""
        return from_parts(cls, config, ("cell", "attention"), custom_objects)


def _for_any_length(shape):
    # What has no axis beside batch and features is not as long as a memory.
    return (None, None, *shape[2:]) if len(shape) > 2 else (None,)[: len(shape)] + shape[1:]
