"""`AttentionCell` against NumPy and Keras's cells, timestep by timestep; masks, precision, the fast loop."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from rshop import GRUCell, LSTMCell, RecurrentSequential, RNNCell, Stepper, trace
from rshop.attention import (
    AdditiveAttention,
    DotAttention,
    LocationAttention,
)
from rshop.cells import AttentionCell
from rshop.fast import switched
from tests.rshop.fast.test_fast import OFF, assert_same, is_fast, program_of
from tests.support.attention import ATTENTIONS, looks
from tests.support.fresh import differences, write

RNG = np.random.default_rng(7)
BATCH, TIME, PLACES, UNITS = 3, 4, 5, 6
X = RNG.normal(size=(BATCH, TIME, 2)).astype("float32")
MEMORY = RNG.normal(size=(BATCH, PLACES, 6)).astype("float32")
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 1, 0], [0, 0, 0, 0, 0]], bool)
CELLS = {"gru": keras.layers.GRUCell, "lstm": keras.layers.LSTMCell}
WAYS = [(feed, query) for feed in ("input", "output", "both") for query in ("old", "new")]


def layer_of(name="additive", feed="input", query="old", cell=None, seed=2, **options):
    """A layer of an `AttentionCell` with every weight drawn."""
    attention = ATTENTIONS[name][0]()
    rnn = AttentionCell(cell or GRUCell(UNITS), attention, feed, query).get_layer(
        return_sequences=True, **options
    )
    rnn(X, constants=MEMORY)
    return drawn(rnn, seed)


def drawn(layer, seed=2):
    rng = np.random.default_rng(seed)
    for weight in layer.trainable_weights:
        weight.assign(rng.normal(size=weight.shape) * 0.4)
    return layer


def by_hand(name, attention, cell, feed, query, mask=None):
    """The outputs and the weights: a Keras cell and the attention in NumPy, one timestep after the other."""
    states = [np.zeros((BATCH, UNITS), "float32")] * (2 if isinstance(cell, layers.LSTMCell) else 1)
    state, carried, ys, every = attention.first_state(MEMORY), None, [], []
    for t in range(TIME):
        if query == "old":
            context, weights, state = looks(name, attention, states[0], MEMORY, mask, state)
            read = context
        else:
            read = carried
        x = X[:, t]
        if feed != "output":
            size = attention.context_size(UNITS, MEMORY.shape[-1])
            read = np.zeros((BATCH, size)) if read is None else read
            x = np.concatenate([x, read.astype("float32")], axis=-1)
        y, states = cell(x, states if len(states) > 1 else states)
        y, states = np.array(y), [np.array(s) for s in states]
        if query == "new":
            context, weights, state = looks(name, attention, states[0], MEMORY, mask, state)
            carried = context
        ys.append(y if feed == "input" else np.concatenate([y, context], axis=-1))
        every.append(weights)
    return np.stack(ys, axis=1), np.stack(every, axis=1)


@pytest.mark.parametrize("feed, query", WAYS)
@pytest.mark.parametrize("name", ["dot", "additive", "location", "window", "two heads"])
def test_every_way_of_looking_is_that_of_numpy(name, feed, query):
    kind = list(CELLS)[len(name + feed + query) % 2]
    cell = CELLS[kind](UNITS)
    rnn = layer_of(name, feed, query, cell)
    attention = rnn.cell.attention
    for mask in (None, MASK):
        y = rnn(X, constants=MEMORY, constants_mask=mask)
        expected, weights = by_hand(name, attention, cell, feed, query, mask)
        np.testing.assert_allclose(y, expected, atol=2e-5)
        seen = trace(rnn, X, constants=MEMORY, constants_mask=mask)
        np.testing.assert_allclose(seen["attention"], weights, atol=2e-5)


def values_and_gradients(rnn, x, memory, places, **call):
    def both():
        given = [tf.constant(x), tf.constant(memory)]
        with tf.GradientTape() as tape:
            tape.watch(given)
            y = rnn(given[0], constants=given[1], constants_mask=places, **call)
            loss = ops.sum(ops.sin(ops.cast(y, "float32")))
        return [y, *tape.gradient(loss, [*given, *rnn.trainable_variables], unconnected_gradients="zero")]

    return [np.array(value, "float32") for value in tf.function(both, autograph=False)()]


@pytest.mark.parametrize("name, feed, query", [
    ("additive", "input", "old"), ("dot", "both", "new"), ("location", "output", "new"),
    ("window", "both", "old"), ("two heads", "input", "new"),
])  # fmt: skip
@pytest.mark.parametrize("over_time", [False, True], ids=["whole", "masked"])
def test_the_fast_loop_gives_the_values_and_gradients_of_the_plain_loop(name, feed, query, over_time):
    rnn = layer_of(name, feed, query, LSTMCell(UNITS))
    assert is_fast(rnn)
    time = np.arange(TIME) < np.array([[4], [2], [3]]) if over_time else None
    with switched(**OFF):
        plain = values_and_gradients(rnn, X, MEMORY, MASK, mask=time)
    np.testing.assert_allclose(plain[0], rnn(X, constants=MEMORY, constants_mask=MASK, mask=time), atol=1e-5)
    for on in ({"xla": False}, {}):
        with switched(**on):
            assert_same(values_and_gradients(rnn, X, MEMORY, MASK, mask=time), plain)


def test_the_fast_loop_projects_the_memory_before_it_and_attends_in_it():
    places = program_of(layer_of("additive")).plan.nodes()
    assert places["memory_without_padding"] == places["keys"] == "before"
    assert places["attention"] == places["context"] == "in"


def test_the_plain_loop_projects_the_memory_once(monkeypatch):
    """A call outside of a graph, a trace and a stepper run timestep by timestep, and keep the keys."""
    rnn, calls = layer_of("additive"), []
    own = layers.Dense.call
    monkeypatch.setattr(
        layers.Dense, "call", lambda self, *a, **k: calls.append(self.name) or own(self, *a, **k)
    )
    rnn(X, constants=MEMORY)
    assert calls.count("keys") == 1 and calls.count("query") == TIME
    calls.clear()
    trace(rnn, X, constants=MEMORY)
    assert calls.count("keys") == 1 and calls.count("query") == TIME
    calls.clear()
    stepper = Stepper(rnn, BATCH, constants=MEMORY)
    for t in range(TIME):
        stepper.step(X[:, t])
    assert calls.count("keys") == 1 and calls.count("query") == TIME


def test_padding_of_the_memory_reaches_no_result_and_no_gradient():
    rnn = layer_of("location", "both", "new")
    broken = np.where(MASK[..., None], MEMORY, np.nan).astype("float32")
    clean, padded = (values_and_gradients(rnn, X, memory, MASK) for memory in (MEMORY, broken))
    for got, wanted in zip(padded, clean, strict=True):
        assert np.isfinite(got).all()
        np.testing.assert_array_equal(got, wanted)
    assert not padded[2][~MASK].any()


def test_the_mask_of_the_memory_is_found_on_it():
    tokens = np.array([[3, 4, 0, 1, 0], [5, 0, 0, 0, 0], [1, 2, 3, 4, 5]])
    memory = layers.Embedding(6, 6, mask_zero=True)(tokens)
    rnn = layer_of("additive", "both")
    expected = rnn(X, constants=np.array(memory), constants_mask=tokens != 0)
    np.testing.assert_array_equal(rnn(X, constants=memory), expected)
    assert np.abs(np.array(rnn(X, constants=np.array(memory))) - expected).max() > 1e-3
    seen = trace(rnn, X, constants=memory)["attention"]
    assert not seen[np.broadcast_to((tokens == 0)[:, None], seen.shape)].any()


def test_the_mask_is_found_in_a_functional_model_and_trained_with():
    tokens, x = keras.Input((None,), dtype="int32"), keras.Input((None, 2))
    memory = layers.Embedding(6, 6, mask_zero=True)(tokens)
    rnn = AttentionCell(GRUCell(UNITS), AdditiveAttention(4)).get_layer(return_sequences=True)
    model = keras.Model([tokens, x], rnn(x, constants=memory))
    model.compile("sgd", "mse")
    short = np.array([[3, 4, 0], [5, 0, 0], [1, 2, 3]])
    longer = np.pad(short, ((0, 0), (0, 2)))
    assert np.isfinite(
        model.fit([longer, X], np.zeros((BATCH, TIME, UNITS)), verbose=0).history["loss"]
    ).all()
    np.testing.assert_allclose(
        model.predict([short, X], verbose=0), model.predict([longer, X], verbose=0), atol=1e-6
    )


def test_mixed_precision_is_near_and_keeps_windows_apart_far_out():
    """Centres beyond 256 have no room in 16 bits: they are states of 32."""
    for name, feed, query in (
        ("additive", "both", "new"),
        ("window", "input", "old"),
        ("location", "both", "old"),
    ):
        single = layer_of(name, feed, query)
        cell = AttentionCell.from_config(single.cell.get_config())
        mixed = AttentionCell(
            GRUCell(UNITS, dtype="mixed_bfloat16"),
            type(cell.attention).from_config({**cell.attention.get_config(), "dtype": "mixed_bfloat16"}),
            feed,
            query,
            dtype="mixed_bfloat16",
        ).get_layer(return_sequences=True, dtype="mixed_bfloat16")
        mixed(X, constants=MEMORY)
        mixed.set_weights(single.get_weights())
        y = mixed(X, constants=MEMORY, constants_mask=MASK)
        assert keras.backend.standardize_dtype(y.dtype) == "bfloat16"
        wanted = single(X, constants=MEMORY, constants_mask=MASK)
        np.testing.assert_allclose(np.array(y, "float32"), wanted, atol=0.1)
        compiled = tf.function(mixed)(X, constants=MEMORY, constants_mask=MASK)
        np.testing.assert_allclose(np.array(compiled, "float32"), wanted, atol=0.1)
    windows = layer_of("window", "input", "old", dtype="mixed_bfloat16")
    states = {"kappa": np.full((BATCH, 3), 300.25, "float32")}
    seen = trace(windows, X[:, :1], constants=MEMORY, initial_state=states)
    assert seen.states["kappa"].dtype == np.float32
    assert (seen.states["kappa"][:, 1] - 300.25 > 0).all() and (seen.states["kappa"][:, 1] < 310).all()


# Stacks, nesting, states ----------------------------------------------------------------------------


def test_a_stack_reads_a_memory_for_each_attention_in_it():
    stack = RecurrentSequential(return_sequences=True)
    stack.add(AttentionCell(GRUCell(5), AdditiveAttention(4), name="below"))
    stack.add(layers.Dense(4, "tanh"))
    stack.add(AttentionCell(layers.LSTMCell(UNITS), LocationAttention(3, kernel_size=3), name="above"))
    other = RNG.normal(size=(BATCH, 7, 3)).astype("float32")
    y = stack(X, constants=[MEMORY, other])
    drawn(stack)
    assert stack.constant_names == ["memory", "memory_1", "memory_mask", "memory_1_mask"]
    assert stack.state_names == ["below/h", "above/h", "above/c", "above/alignment"]
    mask = np.arange(7) < np.array([[7], [3], [1]])
    y = stack(X, constants=[MEMORY, other], constants_mask=[MASK, mask])
    first, second = (
        stack.cells[0].get_layer(return_sequences=True),
        stack.cells[2].get_layer(return_sequences=True),
    )
    expected = first(X, constants=MEMORY, constants_mask=MASK)
    expected = second(stack.cells[1](expected), constants=other, constants_mask=mask)
    np.testing.assert_allclose(y, expected, atol=1e-6)
    np.testing.assert_allclose(
        tf.function(stack)(X, constants=[MEMORY, other], constants_mask=[MASK, mask]), y, atol=1e-5
    )


def test_two_attentions_around_one_cell_look_into_two_memories():
    inner = AttentionCell(GRUCell(UNITS), DotAttention(), "output", "new")
    rnn = AttentionCell(inner, AdditiveAttention(4), "input", "old").get_layer(return_sequences=True)
    other = RNG.normal(size=(BATCH, 7, 3)).astype("float32")
    rnn(X, constants=[other, MEMORY])
    drawn(rnn)
    assert rnn.constant_names == ["memory_1", "memory", "memory_1_mask", "memory_mask"]
    y = rnn(X, constants=[other, MEMORY], constants_mask=[None, MASK])
    h, additive, dot = np.zeros((BATCH, UNITS), "float32"), rnn.cell.attention, inner.attention
    for t in range(TIME):
        context, _, _ = looks("additive", additive, h, other)
        _, h = inner.cell([np.concatenate([X[:, t], context], axis=-1).astype("float32"), h])
        h = np.array(h)
        seen, _, _ = looks("dot", dot, h, MEMORY, MASK)
        np.testing.assert_allclose(y[:, t], np.concatenate([h, seen], axis=-1), atol=1e-5)


def test_a_layer_with_attention_is_a_cell_of_another():
    rnn = layer_of("location", "both", "new")
    outer = RecurrentSequential(return_sequences=True)
    outer.add(rnn.get_cell(name="inner"))
    outer.add(layers.Dense(2))
    y = outer(X, constants=MEMORY, constants_mask=MASK)
    np.testing.assert_allclose(y, outer.cells[1](rnn(X, constants=MEMORY, constants_mask=MASK)), atol=1e-6)
    assert outer.state_names == ["inner/h", "inner/context", "inner/alignment"]


def test_a_readout_beside_an_attention():
    """The decoder of a translation: the last output is fed back, the memory is looked into."""
    rnn = RecurrentSequential(decode=True, output_length=6, readout="readout_only")
    rnn.add(AttentionCell(GRUCell(UNITS), AdditiveAttention(4)))
    rnn.add(layers.Dense(3))
    y = rnn(np.zeros((BATCH, 3)), constants=MEMORY)
    drawn(rnn)
    y = np.array(rnn(np.zeros((BATCH, 3)), constants=MEMORY, constants_mask=MASK))
    cell, dense = rnn.cells
    h, last = np.zeros((BATCH, UNITS), "float32"), np.zeros((BATCH, 3), "float32")
    for t in range(6):
        context, _, _ = looks("additive", cell.attention, h, MEMORY, MASK)
        _, h = cell.cell([np.concatenate([last, context], axis=-1).astype("float32"), h])
        h, last = np.array(h), np.array(dense(h))
        np.testing.assert_allclose(y[:, t], last, atol=1e-5)


def test_the_alignment_is_a_state_as_long_as_the_memory():
    rnn = layer_of("location", "input", "old", return_states=True)
    for places in (5, 8):
        memory = RNG.normal(size=(BATCH, places, 6)).astype("float32")
        y, h, alignment = rnn(X, constants=memory)
        assert alignment.shape == (BATCH, places)
        np.testing.assert_allclose(np.array(alignment).sum(axis=-1), 1, atol=1e-6)
        compiled = tf.function(rnn)(X, constants=memory)
        np.testing.assert_allclose(compiled[2], alignment, atol=1e-6)
        half, h, alignment = rnn(X[:, :2], constants=memory)
        rest, *_ = rnn(X[:, 2:], constants=memory, initial_state=[h, alignment])
        np.testing.assert_allclose(np.concatenate([half, rest], axis=1), y, atol=1e-6)


def test_unrolled_and_backwards_are_the_loop():
    plain = layer_of("window", "both", "new")
    for option in ("unroll", "go_backwards"):
        other = plain.cell.get_layer(return_sequences=True, **{option: True})
        x = X[:, ::-1] if option == "go_backwards" else X
        np.testing.assert_allclose(
            other(x, constants=MEMORY, constants_mask=MASK),
            plain(X, constants=MEMORY, constants_mask=MASK),
            atol=1e-6,
        )


def test_a_cell_is_called_with_its_memory_and_mask_by_hand():
    rnn = layer_of("dot", "both", "new")
    h, context = np.zeros((BATCH, UNITS), "float32"), np.zeros((BATCH, 6), "float32")
    y, *_ = rnn.cell([X[:, 0], MEMORY, MASK, h, context])
    np.testing.assert_allclose(y, rnn(X, constants=MEMORY, constants_mask=MASK)[:, 0], atol=1e-6)


# Saving --------------------------------------------------------------------------------------------


def saved_models():
    """name -> a model of `[x, tokens]`, whose memory is an embedding with a mask."""
    for name, feed, query in (
        ("additive", "input", "old"),
        ("location", "both", "new"),
        ("window", "both", "old"),
        ("two heads", "output", "new"),
    ):
        for kind in ("layer", "stack", "nested"):
            cell = AttentionCell(layers.GRUCell(UNITS), ATTENTIONS[name][0](), feed, query)
            if kind == "layer":
                rnn = cell.get_layer(return_sequences=True)
            else:
                rnn = RecurrentSequential(return_sequences=True)
                rnn.add(LSTMCell(3))
                rnn.add(cell.get_layer().get_cell() if kind == "nested" else cell)
            x, tokens = keras.Input((None, 2)), keras.Input((None,), dtype="int32")
            memory = layers.Embedding(6, 6, mask_zero=True)(tokens)
            yield f"{name} {kind}".replace(" ", "_"), keras.Model([x, tokens], rnn(x, constants=memory))


def test_saved_attention_cells_are_loaded_alone_in_a_fresh_process(tmp_path):
    tokens = np.array([[3, 4, 0, 1], [5, 0, 0, 0], [1, 2, 3, 4]])
    names = []
    for name, model in saved_models():
        drawn(model)
        write(tmp_path, name, model, [X, tokens], [np.array(model([X, tokens]))])
        names.append(name)
    assert differences(tmp_path) == dict.fromkeys(names, 0.0)


def test_a_copy_from_the_config_computes_the_same():
    rnn = layer_of("location", "both", "new")
    copy = type(rnn).from_config(rnn.get_config())
    copy(X, constants=MEMORY)
    copy.set_weights(rnn.get_weights())
    np.testing.assert_array_equal(copy(X, constants=MEMORY), rnn(X, constants=MEMORY))
    assert isinstance(copy.cell, RNNCell) and copy.cell.get_config() == rnn.cell.get_config()
