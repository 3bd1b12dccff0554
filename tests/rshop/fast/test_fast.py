"""The fast loop gives what the plain loop gives: values and gradients, for random steps and every switch."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers, ops

import rshop
from rshop import LSTMCell, RecurrentModel, RecurrentSequential
from rshop.fast import Switches, switched
from rshop.fast.plan.program import program
from tests.support.closeness import apart
from tests.support.steps_at_random import SIZE, random_rnn

OFF = {"late_gradients": False, "xla": False, "hoist": False, "split": False}
BATCH, TIME = 3, 5
SWITCHES = [dict(zip(OFF, on, strict=True)) for on in itertools.product([True, False], repeat=4)][:-1]
KINDS = {
    "plain": {},
    "masked": {},
    "masked, zero": {"zero_output_for_mask": True},
    "backwards": {"go_backwards": True},
    "forced": {"teacher_force": True},
    "forced, masked": {"teacher_force": True},
    "decode": {"decode": True, "output_length": TIME},
}


def arguments(rnn, kind, rng):
    """What a call of the layer is given, all of it differentiable."""
    step = rnn.description

    def draw(*shape):
        return tf.constant(rng.normal(size=shape).astype(keras.config.floatx()))

    time = () if kind == "decode" else (TIME,)
    given = {"x": [draw(BATCH, *time, SIZE) for _ in step.inputs]}
    if step.constants:
        given["constants"] = [draw(BATCH, SIZE) for _ in step.constants]
    if step.states:
        given["initial_state"] = [draw(BATCH, SIZE) for _ in step.states]
    if step.readouts is not None:
        given["initial_readout"] = draw(BATCH, SIZE)
        if rnn.teacher_force:
            given["ground_truth"] = draw(BATCH, TIME, SIZE)
    return given


def values_and_gradients(rnn, given, mask=None, training=True, xla=False):
    """Outputs, and the gradient of a sum of them by every argument and weight, in one traced call."""
    weights = [w.value for w in rnn.trainable_weights]

    def both(given):
        with tf.GradientTape() as tape:
            tape.watch(given)
            y = rnn(
                **given,
                mask=None if mask is None else [tf.constant(mask)] * len(given["x"]),
                training=training,
            )
            y = keras.tree.flatten(y)
            total = sum(tf.reduce_sum(tf.sin(value) * (i + 1)) for i, value in enumerate(y))
        return y, tape.gradient(total, [given, weights], unconnected_gradients="zero")

    return keras.tree.flatten(keras.tree.map_structure(np.asarray, tf.function(both, jit_compile=xla)(given)))


def assert_same(fast, plain, tolerance=1e-5):
    assert len(fast) == len(plain)
    for one, other in zip(fast, plain, strict=True):
        assert apart(one, other) < tolerance


def program_of(rnn, training=True, **kind):
    """The program of a layer with all switches on; None where an operation is not known."""
    options = {"decode": rnn.decode, "forced": False, "after": True, "late_gradients": True, "hoist": True}
    return program(rnn.description, training, **{**options, **kind})


def is_fast(rnn, training=True, **kind):
    """Whether all operations of the step are known."""
    return program_of(rnn, training, **kind) is not None


def random_case(seed, kind):
    rnn, *_ = random_rnn(seed, **KINDS[kind])
    rng = np.random.default_rng(seed)
    given = arguments(rnn, kind, rng)
    mask = rng.random((BATCH, TIME)) < 0.6 if "masked" in kind else None
    rnn(**given, mask=None if mask is None else [mask] * len(given["x"]), training=False)
    return rnn, given, mask


@pytest.fixture
def double():
    """Layers of 64 bits: what differs then is no rounding that a step with steep gradients has enlarged."""
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


@pytest.mark.parametrize("seed", range(7))
@pytest.mark.parametrize("kind", KINDS)
def test_random_steps_give_the_values_and_gradients_of_the_plain_loop(kind, seed, double):
    rnn, given, mask = random_case(100 * list(KINDS).index(kind) + seed, kind)
    assert is_fast(rnn)
    with switched(**OFF):
        plain = values_and_gradients(rnn, given, mask)
    assert rnn.compute_dtype == "float64"
    with switched(xla=seed == 0):
        assert_same(values_and_gradients(rnn, given, mask), plain, tolerance=1e-10)


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda s: "+".join(k for k, on in s.items() if on))
@pytest.mark.parametrize("seed", [3, 11])
def test_every_combination_of_switches_gives_the_same(switches, seed):
    kind = "forced" if seed == 11 else "plain"
    rnn, given, mask = random_case(seed, kind)
    with switched(**OFF):
        plain = values_and_gradients(rnn, given, mask)
    with switched(**switches):
        assert_same(values_and_gradients(rnn, given, mask), plain)


def test_without_training_the_gradients_are_the_same():
    rnn, given, mask = random_case(5, "masked")
    with switched(**OFF):
        plain = values_and_gradients(rnn, given, mask, training=False)
    with switched(xla=False):
        assert_same(values_and_gradients(rnn, given, mask, training=False), plain)


def test_inside_a_model_compiled_as_a_whole():
    rnn, given, mask = random_case(2, "plain")
    with switched(**OFF):
        plain = values_and_gradients(rnn, given, mask)
    assert_same(values_and_gradients(rnn, given, mask, xla=True), plain)


@pytest.mark.parametrize("sequences", [True, False])
def test_the_numbers_of_numpy(sequences):
    """Not against our own plain loop: y = (x W + h U) then a projection, in NumPy, with its gradient."""
    x, h = Input((2,)), Input((3,), name="h")
    after = layers.Dense(3, use_bias=False, name="of_x")(x) + layers.Dense(3, use_bias=False, name="of_h")(h)
    rnn = RecurrentModel(
        x, layers.Dense(1)(after), initial_states=h, final_states=after, return_sequences=sequences
    )
    rng = np.random.default_rng(0)
    data = rng.normal(size=(4, 6, 2)).astype("float32")
    rnn(data)
    rnn.set_weights([0.5 * rng.normal(size=w.shape) for w in rnn.get_weights()])
    names = {w.path.split("/")[-2]: w.numpy() for w in rnn.weights if w.path.endswith("kernel")}
    W, U = names.pop("of_x"), names.pop("of_h")
    (V,) = names.values()
    bias = next(w.numpy() for w in rnn.weights if w.path.endswith("bias"))
    state, states = np.zeros((4, 3)), []
    for t in range(6):
        state = data[:, t] @ W + state @ U
        states.append(state)
    exact = np.stack(states, 1) @ V + bias
    y = tf.function(rnn)(data)
    np.testing.assert_allclose(y, exact if sequences else exact[:, -1], atol=1e-5)
    # d sum(y) / dU = sum_t h_(t-1)^T dz_t, with dz_t = (dy_t V^T + dz_(t+1) U^T).
    dz, dU = np.zeros((4, 3)), np.zeros((3, 3))
    for t in reversed(range(6)):
        dy = np.ones((4, 1)) if sequences or t == 5 else np.zeros((4, 1))
        dz = dy @ V.T + dz @ U.T
        dU += (states[t - 1] if t else np.zeros((4, 3))).T @ dz
    variable = next(w for w in rnn.weights if w.path.endswith("of_h/kernel"))

    @tf.function
    def gradient():
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(rnn(data, training=True))
        return tape.gradient(total, variable.value)

    np.testing.assert_allclose(gradient(), dU, rtol=1e-4, atol=1e-4)


# Which operations are known, and when each node runs


def places(rnn, **kind):
    return program_of(rnn, **kind).plan.nodes()


def language_model(readout=False, **options):
    token = Input((), dtype="int32", name="token")
    h_tm1 = Input((4,), name="h")
    seen = layers.Embedding(9, 4, name="embedding")(token)
    seen = layers.Dense(4, "relu", name="deep")(seen)
    extra = {}
    if readout:
        fed = Input((9,), name="fed")
        seen, extra = seen + layers.Dense(4, name="of_readout")(fed), {"readout_input": fed}
    h = ops.tanh(layers.Dense(4, name="of_input")(seen) + layers.Dense(4, name="of_state")(h_tm1))
    y = layers.Dense(9, "softmax", name="logits")(h)
    rnn = RecurrentModel(
        token, y, initial_states=h_tm1, final_states=h, return_sequences=True, **extra, **options
    )
    ids = np.arange(10).reshape(2, 5) % 9
    rnn(ids)
    return rnn, ids


def test_what_comes_before_the_loop_in_it_and_after_it():
    rnn, _ = language_model()
    where = places(rnn)
    assert {n: where[n] for n in ("embedding", "deep")} == {"embedding": "before", "deep": "before"}
    assert where["of_input"] == where["of_state"] == "in"
    assert where["logits"] == "after"


def test_an_output_that_is_fed_back_stays_in_the_loop_unless_the_truth_takes_its_place():
    rnn, _ = language_model(readout=True, teacher_force=True)
    where, forced = places(rnn), places(rnn, forced=True)
    assert where["logits"] == where["of_readout"] == "in"
    assert forced["logits"] == "after" and forced["of_readout"] == "before"


def test_nothing_moves_with_the_switch_off():
    rnn, _ = language_model()
    assert set(places(rnn, hoist=False).values()) == {"in"}


def test_a_sum_of_products_is_one_group():
    rnn = LSTMCell(4, input_dim=3).get_layer()
    (group,) = program_of(rnn).groups
    assert len(group.products) == 2 and len(group.biases) == 1 and group.others == []


def test_what_draws_runs_in_the_plain_loop():
    x, h = Input((3,)), Input((3,))
    after = ops.tanh(layers.Dense(3)(layers.GaussianNoise(0.5)(x)) + h)
    rnn = RecurrentModel(x, after, initial_states=h, final_states=after)
    assert not is_fast(rnn) and is_fast(rnn, training=False)
    data = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    np.testing.assert_allclose(tf.function(rnn)(data, training=False), rnn(data, training=False), atol=1e-5)


@keras.saving.register_keras_serializable("test_fast")
class Own(layers.Layer):
    """A user's layer, of which nothing is known."""

    def call(self, x):
        return tf.ensure_shape(tf.numpy_function(lambda v: 2 * v, [x], tf.float32), x.shape)

    def compute_output_shape(self, shape):
        return shape


def test_a_users_layer_that_no_compiler_takes_runs_all_the_same():
    x, h = Input((3,)), Input((3,))
    after = 0.5 * h + Own()(x)
    rnn = RecurrentModel(x, after, initial_states=h, final_states=after)
    y = tf.function(rnn)(np.ones((1, 3, 3), "float32"))
    np.testing.assert_allclose(y, np.full((1, 3), 2 + 1 + 0.5), atol=1e-6)


# All that a layer can do, at any speed


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_other_precisions_train_alike(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        rnn, ids = language_model(readout=True)

        def run():
            @tf.function
            def gradient():
                with tf.GradientTape() as tape:
                    y = rnn(ids, training=True)
                    total = tf.reduce_sum(tf.cast(y, "float32")[..., :4] ** 2)
                return y, tape.gradient(total, [w.value for w in rnn.trainable_weights])

            y, found = gradient()
            found = [tf.convert_to_tensor(g) for g in found]
            return [np.asarray(tf.cast(v, "float32")) for v in (y, *found)]

        with switched(**OFF):
            plain = run()
        with switched(xla=False):
            assert_same(run(), plain, 1e-5 if policy == "float64" else 3e-2)
        assert {w.dtype for w in rnn.trainable_weights} == {"float64" if policy == "float64" else "float32"}
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("units", [3, 200])
@pytest.mark.parametrize("cell", [LSTMCell, rshop.GRUCell, rshop.SimpleRNNCell])
def test_a_cell_of_another_precision_than_its_layer_trains_as_in_the_plain_loop(cell, units):
    data = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
    rnn = cell(units, dtype="mixed_float16").get_layer(return_sequences=True)
    rnn(data)
    given = {"x": [tf.constant(data)]}
    with switched(**OFF):
        plain = values_and_gradients(rnn, given)
    assert_same(values_and_gradients(rnn, given), plain, tolerance=5e-3)


def fitted(build, **switches):
    keras.utils.set_random_seed(1)
    with switched(**switches):
        model, x, y = build()
        model.compile(keras.optimizers.SGD(0.1), "mse")
        losses = model.fit(x, y, epochs=3, batch_size=4, shuffle=False, verbose=0).history["loss"]
        return losses, model.predict(x, batch_size=4, verbose=0)


def stateful_stack():
    rnn = RecurrentSequential(readout="add", stateful=True, return_sequences=True)
    rnn.add(LSTMCell(3))
    rnn.add(keras.layers.GRUCell(3))
    x = np.random.default_rng(3).normal(size=(8, 6, 3)).astype("float32")
    inputs = Input(batch_shape=(4, 6, 3))
    return keras.Model(inputs, rnn(inputs)), x, np.tanh(x)


def scheduled_sampling():
    x, r, h = Input((2,)), Input((2,)), Input((2,))
    after = ops.tanh(layers.Dense(2)(x) + layers.Dense(2)(r) + h)
    rnn = RecurrentModel(
        x,
        layers.Dense(2)(after),
        initial_states=h,
        final_states=after,
        readout_input=r,
        teacher_force=0.5,
        seed=4,
        return_sequences=True,
        state_initializer="learned",
    )
    data = np.random.default_rng(5).normal(size=(8, 6, 2)).astype("float32")
    inputs, truth = Input((6, 2)), Input((6, 2))
    return keras.Model([inputs, truth], rnn(inputs, ground_truth=truth)), [data, 0.5 * data], 0.5 * data


@pytest.mark.parametrize("build", [stateful_stack, scheduled_sampling])
def test_fit_and_predict_give_the_losses_of_the_plain_loop(build):
    plain = fitted(build, **OFF)
    fast = fitted(build)
    np.testing.assert_allclose(fast[0], plain[0], rtol=1e-4)
    np.testing.assert_allclose(fast[1], plain[1], atol=1e-4)


def test_an_exported_model_gives_the_same_numbers_for_any_batch_and_time(tmp_path):
    rnn, ids = language_model()
    model = keras.Model(inputs := Input((None,), dtype="int32"), rnn(inputs))
    model.export(str(tmp_path / "saved"), verbose=False)
    saved = tf.saved_model.load(str(tmp_path / "saved"))
    for data in (ids, ids[:1, :3]):
        np.testing.assert_allclose(saved.serve(data.astype("int32")), rnn(data), atol=1e-5)


def test_a_second_derivative_says_what_to_do():
    rnn = LSTMCell(2, input_dim=2).get_layer()
    x = tf.ones((1, 3, 2))
    rnn(x)

    @tf.function
    def second():
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.reduce_sum(rnn(x, training=True))
            slope = tf.reduce_sum(inner.gradient(y, x) ** 2)
        return outer.gradient(slope, x)

    with pytest.raises(NotImplementedError, match="Fix: use the plain loop"):
        second()
    with switched(**OFF):
        assert np.isfinite(tf.function(second.python_function)()).all()


def first_derivatives(run, weights, kind):
    """By a tape that stays, or by two tapes: as an adversarial training step has them."""
    if kind == "persistent":
        with tf.GradientTape(persistent=True) as tape:
            y = run()
        return [*tape.gradient(y, weights), *tape.gradient(y, weights)]
    with tf.GradientTape() as one, tf.GradientTape() as other:
        y = run()
        z = 2 * y
    return [*one.gradient(y, weights), *other.gradient(z, weights)]


@pytest.mark.parametrize("kind", ["persistent", "two"])
@pytest.mark.parametrize("around", [False, True])
def test_tapes_that_stay_and_two_of_them_have_the_first_derivatives(kind, around):
    rnn = LSTMCell(3, input_dim=2).get_layer()
    x = tf.ones((2, 4, 2))
    rnn(x)
    weights = [w.value for w in rnn.trainable_weights]

    def total():
        return tf.reduce_sum(rnn(x, training=True) ** 2)

    def found():
        if around:
            return first_derivatives(tf.function(total), weights, kind)
        return tf.function(lambda: first_derivatives(total, weights, kind))()

    with switched(**OFF):
        plain = found()
    assert_same([np.asarray(v) for v in found()], [np.asarray(v) for v in plain])


@pytest.mark.parametrize("activation", [layers.PReLU(alpha_initializer="ones"), layers.Dropout(0.5)])
def test_a_layer_as_activation_keeps_its_weights_and_its_draws(activation):
    x, h = Input((3,)), Input((3,))
    after = layers.Dense(3, activation=activation)(h) + layers.Dense(3)(x)
    rnn = RecurrentModel(x, after, initial_states=h, final_states=after, return_sequences=True)
    assert is_fast(rnn) == isinstance(activation, layers.PReLU)
    given = {"x": [tf.constant(np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32"))]}
    rnn(**given)
    with switched(**OFF):
        plain = values_and_gradients(rnn, given, training=False)
    assert_same(values_and_gradients(rnn, given, training=False), plain)
    assert len(plain) == 2 + len(rnn.trainable_weights)


# What only shows when the graph runs


def unequal(kind):
    """A layer in a graph for any length, and arguments that do not fit each other."""
    x, r, h, c = Input((1,)), Input((1,)), Input((1,)), Input((1,))
    any_time, any_batch = tf.TensorSpec((None, None, 1)), tf.TensorSpec((None, 1))
    ones = {size: np.ones((1, size, 1), "float32") for size in (3, 4, 6)}
    if kind == "truth":
        rnn = RecurrentModel(x, r + x, readout_input=r, teacher_force=True, return_sequences=True)
        return lambda x, t: rnn(x, ground_truth=t, training=True), [any_time] * 2, [ones[4], ones[3]]
    if kind == "truth of a decoder":
        rnn = RecurrentModel(x, r + x, readout_input=r, teacher_force=True, decode=True, output_length=4)
        run = [any_batch, any_time], [ones[4][:, 0], ones[6]]
        return lambda x, t: rnn(x, ground_truth=t, training=True), *run
    if kind == "input":
        rnn = RecurrentModel([x, c], h + x + c, initial_states=h, final_states=h + x, return_sequences=True)
        return lambda x, c: rnn([x, c]), [any_time] * 2, [ones[6], ones[4]]
    if kind == "mask":
        rnn = RecurrentModel(x, h + x, initial_states=h, final_states=h + x, return_sequences=True)
        spec = [any_time, tf.TensorSpec((None, None), tf.bool)]
        return lambda x, m: rnn(x, mask=m), spec, [ones[4], np.ones((1, 3), bool)]
    rnn = RecurrentModel(x, h + x * c, initial_states=h, final_states=h + x * c, constants=c)
    spec = [any_time, tf.TensorSpec((1, 1))]
    return lambda x, c: rnn(x, constants=c), spec, [np.ones((4, 3, 1), "float32"), ones[3][:, 0]]


@pytest.mark.parametrize("kind", ["truth", "truth of a decoder", "input", "mask", "constant"])
@pytest.mark.parametrize("on", [OFF, {}], ids=["plain", "fast"])
def test_sizes_that_differ_only_when_the_graph_runs_are_said(kind, on):
    run, spec, given = unequal(kind)
    wrong = "batch" if kind == "constant" else "number of timesteps|numbers of timesteps"
    with switched(**on), pytest.raises(tf.errors.InvalidArgumentError, match=f"{wrong}.*Fix: "):
        tf.function(run, input_signature=spec, autograph=False)(*given)


# The switches


def test_the_switches_come_back_after_an_error():
    before = rshop.fast.switches.current()
    with pytest.raises(ZeroDivisionError), switched(xla=False):
        raise ZeroDivisionError
    assert rshop.fast.switches.current() == before


def test_all_is_on_at_first():
    assert Switches() == Switches(
        late_gradients=True, xla=True, tiered=True, blocks=True, hoist=True, split=True, cudnn=True
    )


@pytest.mark.parametrize("given", [{"speed": True}, {"xla": 1}])
def test_a_wrong_switch_names_the_right_ones(given):
    with (
        pytest.raises(TypeError, match="late_gradients, xla, tiered, blocks, hoist, split, cudnn"),
        switched(**given),
    ):
        pass


LENGTHS = [(2, time, (None, None, 2)) for time in (1, 2, 3, 5, 7, 13)]
BATCHES = [(batch, 4, (None, 4, 2)) for batch in (1, 2, 5)]


@pytest.mark.parametrize("batch, time, known", LENGTHS + BATCHES)
def test_sizes_that_the_graph_does_not_know(batch, time, known):
    rnn = LSTMCell(3, input_dim=2).get_layer(return_sequences=True, return_states=True)
    x = np.random.default_rng(time).normal(size=(batch, time, 2)).astype("float32")
    rnn(x)
    weights = [w.value for w in rnn.weights]

    @tf.function(input_signature=[tf.TensorSpec(known)])
    def both(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = rnn(x, training=True)
            total = sum(tf.reduce_sum(value**2) for value in y)
        return y, tape.gradient(total, [x, *weights])

    fast = keras.tree.flatten(both(x))
    with switched(**OFF):
        plain = keras.tree.flatten(tf.function(both.python_function)(tf.constant(x)))
    assert_same([np.asarray(v) for v in fast], [np.asarray(v) for v in plain])
