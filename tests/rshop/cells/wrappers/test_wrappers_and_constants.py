"""Wrappers pass on constants: names, lengths, masks, gradients, saving; and what they refuse."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from rshop import GRUCell, LSTMCell, RecurrentSequential, RNNCell, Stepper, trace
from rshop.attention import AdditiveAttention, DotAttention, WindowAttention
from rshop.cells import (
    AttentionCell,
    ClockCell,
    LayerNormCell,
    RecurrentDropoutCell,
    ResetCell,
    ResidualCell,
    VariationalDropoutCell,
    WeightDropCell,
    ZoneoutCell,
)
from rshop.fast import switched
from tests.rshop.fast.test_fast import OFF, assert_same, program_of
from tests.support.attention import looks
from tests.support.cells import assert_close, draws, randomize
from tests.support.errors import check, named
from tests.support.fresh import differences, write
from tests.support.wrapped import (
    AROUND,
    INSIDE_ATTENTION,
    MEMORY,
    PLACES,
    RESETS,
    UNITS,
    WRAPPERS,
    X,
    layer_with_memory,
    looking,
    x_beside_memory,
)

around = pytest.mark.parametrize("name", AROUND)


def values_and_gradients(rnn, **call):
    read = x_beside_memory(rnn.cell)

    @tf.function(autograph=False)
    def both(memory):
        with tf.GradientTape() as tape:
            tape.watch(memory)
            y = rnn(read, constants=memory, constants_mask=PLACES, **call)
            loss = ops.sum(ops.sin(y))
        return [y, *tape.gradient(loss, [memory, *rnn.trainable_variables], unconnected_gradients="zero")]

    return [np.array(value) for value in both(tf.constant(MEMORY))]


@around
def test_the_fast_loop_gives_the_values_and_gradients_of_the_plain_loop(name):
    rnn = layer_with_memory(WRAPPERS[name](looking()))
    time = np.arange(X.shape[1]) < np.array([[6], [2], [4]])
    with switched(**OFF):
        plain = values_and_gradients(rnn, mask=time)
    assert program_of(rnn, training=False) is not None
    assert_same(values_and_gradients(rnn, mask=time), plain)
    assert not plain[1][~PLACES].any() and np.abs(plain[1][PLACES]).max() > 1e-4


@around
def test_constants_states_and_lengths_have_the_names_of_the_cell_inside(name):
    cell = WRAPPERS[name](looking())
    assert cell.constant_names == ["memory", "memory_mask"]  # known before anything is built
    rnn = layer_with_memory(cell, return_states=True)
    assert rnn.constant_names == ["memory", "memory_mask"]
    assert rnn.state_names[:3] == ["h", "c", "alignment"]
    assert cell.state_lengths == {"alignment": "memory"}
    for places in (5, 8):  # the alignment is as long as any memory
        y, *states = rnn(x_beside_memory(cell), constants=draws(3, places, UNITS))
        assert states[2].shape == (3, places)


@around
def test_traces_steppers_and_masks_on_the_memory_agree_with_the_layer(name):
    rnn = layer_with_memory(WRAPPERS[name](looking()))
    expected = rnn(x_beside_memory(rnn.cell), constants=MEMORY, constants_mask=PLACES)
    record = trace(rnn, x_beside_memory(rnn.cell), constants=MEMORY, constants_mask=PLACES)
    assert_close(record.outputs, expected)
    seen = record[next(name for name in record.names if name.endswith("attention"))]
    assert not seen[~np.broadcast_to(PLACES[:, None], seen.shape)].any()
    stepper = Stepper(rnn, 3, constants=MEMORY, constants_mask=PLACES)
    for t in range(X.shape[1]):
        x = [X[:, t], RESETS[:, t]] if name == "reset" else X[:, t]
        assert_close(stepper.step(x), expected[:, t])
    tokens = np.where(PLACES, np.arange(1, 6), 0)
    memory = layers.Embedding(6, UNITS, mask_zero=True)(tokens)
    found = rnn(x_beside_memory(rnn.cell), constants=memory)
    assert_close(found, rnn(x_beside_memory(rnn.cell), constants=np.array(memory), constants_mask=PLACES))
    assert np.abs(np.array(rnn(x_beside_memory(rnn.cell), constants=np.array(memory))) - found).max() > 1e-3


@pytest.mark.slow
def test_saved_they_are_loaded_alone_in_a_fresh_process(tmp_path):
    tokens = np.array([[3, 4, 0, 1], [5, 0, 0, 0], [1, 2, 3, 4]])
    cells = {f"{name} around": WRAPPERS[name](looking()) for name in AROUND}
    for name in INSIDE_ATTENTION:
        units = 2 * UNITS if name in ("residual", "highway") else UNITS
        wrapped = WRAPPERS[name](LSTMCell(units))
        cells[f"{name} inside"] = AttentionCell(wrapped, WindowAttention(2), "both", "new")
        if name in ("residual", "highway"):
            cells[f"{name} inside"] = AttentionCell(wrapped, WindowAttention(2))
    names = []
    for name, cell in cells.items():
        x, seen = keras.Input((None, UNITS)), keras.Input((None,), dtype="int32")
        memory = layers.Embedding(6, UNITS, mask_zero=True)(seen)
        starts = keras.Input((None,), dtype="bool")
        is_reset = isinstance(cell, ResetCell)
        y = cell.get_layer(return_sequences=True)([x, starts] if is_reset else x, constants=memory)
        model = keras.Model([x, seen, *([starts] if is_reset else [])], y)
        randomize(model)
        given = [X, tokens, *([RESETS] if is_reset else [])]
        write(tmp_path, name.replace(" ", "_"), model, given, [np.array(model(given))])
        names.append(name.replace(" ", "_"))
    assert differences(tmp_path) == dict.fromkeys(names, 0.0)


def test_a_stack_and_an_outer_attention_keep_the_memories_apart():
    other = draws(3, 7, 3, seed=5)
    stack = RecurrentSequential(return_sequences=True)
    stack.add(ZoneoutCell(looking(), 0.3, name="below"))
    stack.add(ResidualCell(looking(), name="above"))
    stack(X, constants=[MEMORY, other])
    randomize(stack)
    assert stack.constant_names == ["memory", "memory_1", "memory_mask", "memory_1_mask"]
    below, above = (cell.get_layer(return_sequences=True) for cell in stack.cells)
    middle = below(X, constants=MEMORY, constants_mask=PLACES)
    y = stack(X, constants=[MEMORY, other], constants_mask=[PLACES, None])
    assert_close(y, above(middle, constants=other), 1e-5)

    inner = ClockCell(ResidualCell(looking()), 2)
    rnn = layer_with_memory(AttentionCell(inner, AdditiveAttention(3), "output", "old"), other, MEMORY)
    assert rnn.constant_names == ["memory_1", "memory", "memory_1_mask", "memory_mask"]
    y = np.array(rnn(X, constants=[other, MEMORY], constants_mask=[None, PLACES]))
    alone = inner.get_layer(return_sequences=True)(X, constants=MEMORY, constants_mask=PLACES)
    assert_close(y[..., :UNITS], alone, 1e-5)
    record = trace(rnn, X, constants=[other, MEMORY], constants_mask=[None, PLACES])
    for t in range(X.shape[1]):
        context, _, _ = looks("additive", rnn.cell.attention, record.states["held_output"][:, t], other)
        assert_close(y[:, t, UNITS:], context.astype("float32"), 1e-5)


def test_an_attention_that_was_not_built_learns_the_size_of_its_query_through_wrappers():
    """The query is the state of the innermost cell, and not the output, which has the context in it."""
    inner = ResidualCell(AttentionCell(GRUCell(3), AdditiveAttention(3), "output", "new"))
    rnn = layer_with_memory(AttentionCell(inner, AdditiveAttention(3), "output"), MEMORY, draws(3, 2, 1))
    query = next(w for w in rnn.cell.attention.weights if "query" in w.path and w.path.endswith("kernel"))
    assert query.shape == (3, 3)


def test_in_training_a_wrapper_drops_what_it_says_and_leaves_the_memory_whole():
    rnn = layer_with_memory(RecurrentDropoutCell(looking(), 0.3, seed=1))
    record = trace(rnn, X, training=True, constants=MEMORY)
    before, after = (
        record[next(name for name in record.names if name.endswith(end))]
        for end in ("/candidate", "/candidate_dropout")
    )
    kept = after != 0
    assert_close(after[kept], before[kept] / 0.7, 1e-5)
    assert 0.1 < 1 - kept.mean() < 0.5
    for name in ("keys", "memory_without_padding"):
        values = record[next(found for found in record.names if found.endswith(f"/{name}"))]
        assert (values == values[:, :1]).all() and (values != 0).all()

    rnn = layer_with_memory(WeightDropCell(looking(), 0.3, seed=1))
    _, _, *gradients = values_and_gradients(rnn, training=True)
    by_path = dict(zip((v.path for v in rnn.trainable_variables), gradients, strict=True))
    dropped = {path: (g == 0).mean() for path, g in by_path.items()}
    for path, share in dropped.items():
        if path.endswith("recurrent_kernel"):
            assert 0.1 < share < 0.5
        elif path.endswith("keys/kernel"):
            assert share == 0


def test_a_label_is_passed_on_to_a_cell_of_ones_own():
    @keras.saving.register_keras_serializable("tests")
    class Labelled(RNNCell):
        known_constants = ("label",)

        def build(self, input_shape):
            self._size = input_shape[1][-1]
            super().build(input_shape)

        def build_model(self, input_shape):
            x, label = keras.Input(input_shape[1:]), keras.Input((self._size,), name="label")
            h_tm1 = keras.Input(input_shape[1:], name="h_tm1")
            h = 0.5 * h_tm1 + x * ops.sum(label, axis=-1, keepdims=True)
            return keras.Model([x, label, h_tm1], [h, h])

    label = draws(3, 2, seed=8)
    rnn = ResidualCell(Labelled()).get_layer(return_sequences=True)
    y, h = np.array(rnn(X, constants=label)), 0
    for t in range(X.shape[1]):
        h = 0.5 * h + X[:, t] * label.sum(axis=-1, keepdims=True)
        assert_close(y[:, t], h + X[:, t], 1e-5)


def test_in_mixed_precision_the_centres_of_windows_keep_32_bits_in_a_wrapper():
    policy = "mixed_bfloat16"
    inner = AttentionCell(
        LSTMCell(UNITS, dtype=policy), WindowAttention(2, normalize=False, dtype=policy), dtype=policy
    )
    rnn = layer_with_memory(ResidualCell(inner, dtype=policy))
    first = {"kappa": np.full((3, 2), 300.25, "float32")}
    seen = trace(rnn, X, constants=MEMORY, initial_state=first)
    assert seen.states["kappa"].dtype == np.float32
    steps = np.diff(seen.states["kappa"][:, :2], axis=1)
    assert (steps > 0).all() and (seen.states["kappa"][:, 0] == 300.25).all()
    y, *after = rnn.cell([X[:, 0], MEMORY, PLACES, *(seen.states[n][:, 0] for n in ("h", "c", "kappa"))])
    assert keras.backend.standardize_dtype(y.dtype) == "bfloat16"
    assert_close(after[-1], seen.states["kappa"][:, 1], tolerance=0)


CASES = {
    "products of a memory normalized": (lambda: LayerNormCell(looking()), ["LayerNormCell", "'memory'"]),
    "products of a memory dropped": (
        lambda: VariationalDropoutCell(ZoneoutCell(looking(), 0.1), 0.2),
        ["AttentionCell(VariationalDropoutCell(LSTMCell(10), ...)", "'memory'"],
    ),
    "a reset inside": (
        lambda: AttentionCell(ResetCell(LSTMCell(4)), DotAttention()),
        ["has 2", "ResetCell(AttentionCell(cell, attention))"],
    ),
    "no memory": (
        lambda: ResidualCell(looking(), name="short").get_layer()(X),
        ["'short'", "'memory'", "rnn(x, constants=memory)"],
    ),
    "built without a memory": (lambda: ResidualCell(looking()).build((None, UNITS)), ["'memory'"]),
    "a cell of another size": (
        lambda: ResidualCell(looking(feed="both")).get_layer()(X, constants=MEMORY),
        ["(None, 8)", "ResidualCell"],
    ),
    "the name of no state": (
        lambda: ZoneoutCell(looking(), {"memory": 0.5}).get_layer()(X, constants=MEMORY),
        ["'memory'", "alignment"],
    ),
}


@named(CASES)
def test_what_cannot_be_wrapped_is_refused(do, words):
    check(do, words)
