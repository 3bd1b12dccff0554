"""What may be cut into parts, and what attention's products are: checked by doing it."""

import importlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers, ops

from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential
from rshop.backend import cores
from rshop.fast import switched
from rshop.fast.plan.contractions import letters_of
from rshop.fast.plan.lower import lower
from tests.rshop.fast.test_fast import (
    BATCH,
    OFF,
    TIME,
    assert_same,
    is_fast,
    program_of,
    values_and_gradients,
)

run_program = importlib.import_module("rshop.fast.loops.run_program")

ALONE = {
    "arithmetic": lambda x: 2 * x + ops.tanh(x),
    "a vector of numbers": lambda x: x * np.arange(4.0, dtype="float32"),
    "columns": lambda x: x[:, 1:3],
    "mean over features": lambda x: ops.mean(x, axis=1),
    "softmax": lambda x: ops.softmax(x, axis=-1),
    "shape": lambda x: ops.reshape(x, (-1, 2, 2)),
    "side by side": lambda x: ops.concatenate([x, x], axis=1),
    "halves": lambda x: ops.split(x, 2, axis=1)[0],
    "one more axis": lambda x: ops.expand_dims(x, 1),
    "largest": lambda x: ops.argmax(x, axis=-1),
    "a layer": lambda x: layers.Dense(3, "relu")(x),
    "a normalised layer": lambda x: layers.LayerNormalization()(x),
    "outer product": lambda x: ops.einsum("ba,bc->bac", x, x),
}
TOGETHER = {
    "mean over samples": lambda x: x - ops.mean(x, axis=0, keepdims=True),
    "mean over all": lambda x: x - ops.mean(x),
    "turned round": lambda x: ops.flip(x, axis=0),
    "some samples": lambda x: x[:1, :] + x,
    "one below the other": lambda x: ops.concatenate([x, x], axis=0),
    "softmax over samples": lambda x: ops.softmax(x, axis=0),
    "all with all": lambda x: ops.matmul(x, ops.transpose(x)),
    "numbers for each sample": lambda x: x * np.arange(24.0, dtype="float32").reshape(6, 4),
    "between numbers for each sample": lambda x: ops.clip(x, np.arange(24.0).reshape(6, 4) - 12, 9.0),
    "between lists for each sample": lambda x: ops.clip(x, np.arange(-12.0, 12).reshape(6, 4).tolist(), 9.0),
    "spread over samples": lambda x: ops.sum(x, axis=1) + ops.zeros_like(x[:, :1]),
}


def by_sample(function):
    x, h = Input((4,), batch_size=6), Input((4,), batch_size=6)
    graph = RecurrentModel(x, h + 0 * x, initial_states=h, final_states=h + x)
    graph(np.zeros((6, 2, 4), "float32"))
    description = graph.description
    model = keras.Model(x, function(x))
    return lower(type(description.graph)(model), training=False).by_sample, model


@pytest.mark.parametrize("name", ALONE)
def test_what_treats_each_sample_by_itself_gives_the_same_for_parts_of_a_batch(name):
    known, model = by_sample(ALONE[name])
    assert known
    x = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
    whole = np.asarray(model(x))
    parts = np.concatenate([model(x[:2]), model(x[2:])])
    np.testing.assert_allclose(parts, whole, atol=1e-6)


@pytest.mark.parametrize("name", TOGETHER)
def test_what_mixes_the_samples_is_never_cut(name):
    known, _ = by_sample(TOGETHER[name])
    assert not known


@pytest.mark.parametrize("on", [{}, {"xla": False}])
def test_a_step_that_mixes_its_samples_gives_what_the_plain_loop_gives(on):
    x, h = Input((3,)), Input((3,))
    after = ops.tanh(layers.Dense(3)(x - ops.mean(x, axis=0, keepdims=True)) + 0.5 * h)
    rnn = RecurrentModel(x, after, initial_states=h, final_states=after, return_sequences=True)
    data = np.random.default_rng(1).normal(size=(4, 5, 3)).astype("float32")
    plain = np.asarray(rnn(data))
    with switched(**on):
        np.testing.assert_allclose(tf.function(rnn)(data), plain, atol=1e-6)


def test_the_batch_is_dealt_out_to_the_cores_unless_xla_compiles_the_whole():
    rnn = LSTMCell(3, input_dim=2).get_layer()
    rnn(np.zeros((4, 5, 2), "float32"))
    dealt = []
    for jit in (False, True):
        call = tf.function(lambda x: rnn(x, training=True), jit_compile=jit, autograph=False)
        written = call.get_concrete_function(tf.TensorSpec((4, 5, 2))).graph.as_graph_def().node
        dealt.append(sum(node.op == "PartitionedCall" for node in written))
    assert dealt == [min(cores(), 4), 1]


# Products with something that each sample has of its own


CONTRACTIONS = [
    (lambda m, v: layers.Dot(axes=(2, 1))([m, v]), (5, 4), (4,)),
    (lambda m, v: layers.Dot(axes=1)([m, v]), (5, 4), (5,)),
    (lambda m, v: layers.Dot(axes=(1, 2))([v, m]), (5, 4), (4,)),
    (lambda m, v: ops.einsum("bpq,bq->bp", m, v), (5, 4), (4,)),
    (lambda m, v: ops.matmul(m, v), (5, 4), (4, 3)),
]


@pytest.mark.parametrize("make, memory, vector", CONTRACTIONS)
def test_letters_say_what_numpys_einsum_computes(make, memory, vector):
    m, v = Input(memory), Input(vector)
    model = keras.Model([m, v], make(m, v))
    seen = []
    keras.models.clone_model(
        model,
        clone_function=lambda layer: layer,
        call_function=lambda o, *args, **kw: seen.append((o, keras.tree.flatten(args))) or o(*args, **kw),
    )
    ((operation, tensors),) = seen
    rng = np.random.default_rng(0)
    values = [rng.normal(size=(2, *shape)).astype("float32") for shape in (memory, vector)]
    given = values if tuple(tensors[0].shape[1:]) == memory else values[::-1]
    a, b, z = letters_of(operation, tensors)
    np.testing.assert_allclose(np.einsum(f"{a},{b}->{z}", *given), model(values), atol=1e-5)


@pytest.mark.parametrize("subscripts", ["bpq,bq->b", "bp,pq->bq", "bpp,bp->bp", "...p,...p->..."])
def test_an_einsum_that_is_no_product_of_each_sample_has_no_letters(subscripts):
    operation = type("Einsum", (), {"subscripts": subscripts})()
    assert letters_of(operation, [Input((3,)), Input((3,))]) is None


def attending(**options):
    x, memory, h = Input((3,)), Input((5, 3), name="memory"), Input((3,), name="h")
    weights = ops.softmax(layers.Dot(axes=(2, 1))([memory, layers.Dense(3)(h)]))
    seen = ops.einsum("bp,bpq->bq", weights, memory)
    after = ops.tanh(layers.Dense(3)(layers.Concatenate()([x, seen])) + layers.Dense(3)(h))
    return RecurrentModel(x, after, h, after, constants=memory, return_sequences=True, **options)


@pytest.mark.parametrize("mask", [False, True])
def test_attention_gives_the_values_and_gradients_of_the_plain_loop(mask):
    rnn, rng = attending(), np.random.default_rng(2)
    given = {
        "x": [tf.constant(rng.normal(size=(BATCH, TIME, 3)).astype("float32"))],
        "constants": [tf.constant(rng.normal(size=(BATCH, 5, 3)).astype("float32"))],
        "initial_state": [tf.constant(rng.normal(size=(BATCH, 3)).astype("float32"))],
    }
    mask = rng.random((BATCH, TIME)) < 0.6 if mask else None
    rnn(**given)
    letters = [p.letters for g in program_of(rnn).groups for p in g.products if p.letters]
    assert len(letters) == 2
    with switched(**OFF):
        plain = values_and_gradients(rnn, given, mask)
    for on in ({}, {"xla": False}, {"split": False, "xla": False}):
        with switched(**on):
            assert_same(values_and_gradients(rnn, given, mask), plain)


def asking(query, forced=False):
    """A decoder whose query does not depend on its state: it is known for all timesteps at once."""
    x, memory, h, r = Input((4,)), Input((4, 4), name="memory"), Input((4,), name="h"), Input((4,))
    after = ops.tanh(0.5 * h + ops.einsum("bi,bij->bj", query(r if forced else x), memory))
    extra = {"readout_input": r, "teacher_force": True} if forced else {}
    x_too = after + layers.Dense(4)(x) if forced else after
    return RecurrentModel(x, x_too, h, after, constants=memory, return_sequences=True, **extra)


QUERIES = {"as it is": lambda x: x, "dense": layers.Dense(4, "tanh")}


@pytest.mark.parametrize("batch, time", [(3, 5), (4, 2), (3, 3), (4, 1)])
@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("forced", [False, True])
def test_a_query_that_is_known_beforehand_has_the_gradient_of_the_plain_loop(query, forced, batch, time):
    """Also where the batch, or a part of it, has as many samples as there are timesteps."""
    rng = np.random.default_rng(batch * time)

    def draw(*shape):
        return tf.constant(rng.normal(size=shape).astype("float32"))

    rnn = asking(QUERIES[query], forced)
    given = {"x": [draw(batch, time, 4)], "constants": [draw(batch, 4, 4)]}
    given |= {"ground_truth": draw(batch, time, 4)} if forced else {}
    rnn(**given)
    with switched(**OFF):
        plain = values_and_gradients(rnn, given)
    for on in ({"xla": False}, {"xla": False, "split": False}, {"xla": False, "hoist": False}):
        with switched(**on):
            assert_same(values_and_gradients(rnn, given), plain)


def one_number_a_sample():
    x, h = Input((), batch_size=4), Input((), batch_size=4)
    return x, h, ops.softmax(x) + 0.5 * h, (4, 5)


def a_layer_of_one_number_a_sample():
    x, h = Input((), batch_size=4), Input((), batch_size=4)
    return x, h, layers.Activation("softmax")(x) + 0.5 * h, (4, 5)


def taken_from_all_samples():
    x, h = Input((3,), batch_size=4), Input((4, 3), batch_size=4)
    taken = ops.take(x, ops.cast(ops.argmax(x, axis=-1), "int32") * 0 + 1, axis=-1)
    return x, h, 0.5 * h + ops.reshape(taken, (4, 4, 1)), (4, 5, 3)


def clipped_between_arrays():
    x, h = Input((3,), batch_size=4), Input((3,), batch_size=4)
    least = np.arange(12, dtype="float32").reshape(4, 3) / 12
    return x, h, ops.clip(x, least, 1.0) + 0.5 * h, (4, 5, 3)


def an_inner_loop_from_an_array():
    x, h = Input((6, 2), batch_size=4), Input((3,), batch_size=4)
    start = np.arange(12, dtype="float32").reshape(4, 3) / 12
    return x, h, LSTMCell(3).get_layer()(x, initial_state=[start, start]) + 0.5 * h, (4, 5, 6, 2)


WHOLE = [one_number_a_sample, a_layer_of_one_number_a_sample, taken_from_all_samples]
WHOLE += [clipped_between_arrays, an_inner_loop_from_an_array]


@pytest.mark.parametrize("make", WHOLE)
def test_what_needs_the_whole_batch_gives_the_numbers_of_the_plain_loop(make):
    x, h, after, shape = make()
    rnn = RecurrentModel(x, after, initial_states=h, final_states=after, return_sequences=True)
    data = np.random.default_rng(6).normal(size=shape).astype("float32")
    plain = np.asarray(rnn(data))
    for on in ({"xla": False}, {"xla": False, "hoist": False}):
        with switched(**on):
            np.testing.assert_allclose(tf.function(rnn)(data), plain, atol=1e-5)


# Many samples


@pytest.mark.parametrize("on", [{}, {"xla": False}], ids=str)
def test_a_batch_in_more_parts_than_cores_has_the_numbers_of_keras(on):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(2 * run_program.MOST_SAMPLES + 3, 4, 2)).astype("float32")
    mask, target = rng.random(x.shape[:2]) < 0.8, rng.normal(size=(len(x), 3)).astype("float32")
    keras.utils.set_random_seed(1)
    theirs = layers.LSTM(3)
    theirs.build(x.shape)
    ours = LSTMCell(3).get_layer()
    ours(x)
    ours.set_weights(theirs.get_weights())
    found = []
    for rnn in (theirs, ours):
        given, m = Input(x.shape[1:]), Input(x.shape[1:2], dtype="bool")
        model = keras.Model([given, m], rnn(given, mask=m))
        model.compile(keras.optimizers.SGD(0.5), "mse")
        with switched(**on):
            before = model.predict_on_batch([x, mask])
            loss = model.train_on_batch([x, mask], target)
        found.append([before, np.float32(loss), *rnn.get_weights()])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.parametrize(
    "batch, gpu, sizes",
    [
        (1, False, None),
        (3, False, [1, 2]),
        (1024, False, [512, 512]),
        (2049, False, [683, 683, 683]),
        (10**6, False, [31250] * 32),
        (10**6, True, None),
    ],
)
def test_a_part_has_about_a_thousand_samples_at_most(batch, gpu, sizes, monkeypatch):
    monkeypatch.setattr(run_program, "cores", lambda: 1 if gpu else 2)
    monkeypatch.setattr(run_program, "has_gpu", lambda: gpu)
    rnn = LSTMCell(4, input_dim=3).get_layer()
    rnn(np.zeros((1, 2, 3), "float32"))
    assert run_program._part_sizes(program_of(rnn), 7, batch) == sizes


# Products that are done as one, and loops within a loop


def test_small_products_are_done_as_one_and_large_ones_side_by_side():
    def merged(units):
        rnn = LSTMCell(units, input_dim=units).get_layer()
        return len(program_of(rnn).merged)

    assert merged(32) == 1 and merged(128) == 0


@pytest.mark.parametrize("training", [True, False])
def test_a_recurrent_layer_within_the_step_gives_what_the_plain_loop_gives(training):
    words, h = Input((4, 2)), Input((3,), name="h")
    inner = GRUCell(3).get_layer()
    after = ops.tanh(layers.Dense(3)(inner(words, initial_state=h)) + 0.5 * h)
    rnn = RecurrentModel(words, after, initial_states=h, final_states=after, return_sequences=True)
    rng = np.random.default_rng(3)
    given = {
        "x": [tf.constant(rng.normal(size=(BATCH, TIME, 4, 2)).astype("float32"))],
        "initial_state": [tf.constant(rng.normal(size=(BATCH, 3)).astype("float32"))],
    }
    rnn(**given)
    assert is_fast(rnn, training)
    with switched(**OFF):
        plain = values_and_gradients(rnn, given, training=training)
    for on in ({}, {"xla": False}):
        with switched(**on):
            assert_same(values_and_gradients(rnn, given, training=training), plain)


def a_stack():
    rnn = RecurrentSequential()
    rnn.add(GRUCell(3))
    return rnn


def a_model():
    x, h = Input((2,)), Input((3,))
    after = ops.tanh(layers.Dense(3)(x) + h)
    return RecurrentModel(x, after, initial_states=h, final_states=after)


@pytest.mark.parametrize("make", [lambda: GRUCell(3).get_layer(), a_stack, a_model])
def test_every_recurrent_layer_of_the_project_is_known_within_a_step(make):
    words, h = Input((4, 2)), Input((3,), name="h")
    after = make()(words) + 0.5 * h
    rnn = RecurrentModel(words, after, initial_states=h, final_states=after)
    rnn(np.zeros((2, 3, 4, 2), "float32"))
    assert is_fast(rnn)


class Doubled(RecurrentModel):
    """A user's layer, which does more than to run its step."""

    def call(self, x, training=None):
        return 2 * super().call(x, training=training)


def test_a_users_recurrent_layer_within_the_step_computes_what_its_own_call_says():
    words, h, x, h_in = Input((4, 1)), Input((1,), name="h"), Input((1,)), Input((1,))
    after = Doubled(x, h_in + x, initial_states=h_in, final_states=h_in + x)(words) + h
    rnn = RecurrentModel(words, after, initial_states=h, final_states=after)
    ones = np.ones((2, 3, 4, 1), "float32")
    rnn(ones)
    assert not is_fast(rnn, False)
    # Three timesteps, each of which adds twice the sum of four ones.
    np.testing.assert_array_equal(tf.function(rnn)(ones), np.full((2, 1), 24))


@pytest.mark.parametrize("options", [{"stateful": True}, {"return_sequences": True}])
def test_a_recurrent_layer_within_the_step_that_would_leave_something_behind_runs_plainly(options):
    words, h = Input((4, 2), batch_size=2), Input((3,), batch_size=2, name="h")
    y = GRUCell(3).get_layer(**options)(words)
    y = ops.mean(y, axis=1) if options.get("return_sequences") else y
    rnn = RecurrentModel(words, y + h, initial_states=h, final_states=y + h)
    rnn(np.zeros((2, 3, 4, 2), "float32"))
    assert not is_fast(rnn, False)
