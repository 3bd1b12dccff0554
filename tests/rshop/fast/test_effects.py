"""Layers of one's own, and those that change their weights: the numbers of the plain loop."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Input, layers, ops

from rshop import RecurrentModel, RecurrentSequential
from rshop.backend.tensorflow.operations import PURE, is_pure
from rshop.fast import switched
from rshop.fast.plan.program import program
from tests.support.closeness import apart

OFF = {"late_gradients": False, "xla": False, "hoist": False, "split": False}
SIZE = 4


def draws(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def is_fast(rnn, training=True):
    on = {"decode": rnn.decode, "forced": False, "after": True, "late_gradients": True, "hoist": True}
    return program(rnn.description, training, **on) is not None


def around(layer, **options):
    """`h = layer(tanh(x + W h))`."""
    x, h = Input((SIZE,)), Input((SIZE,), name="h")
    n = layer(ops.tanh(x + layers.Dense(SIZE, kernel_initializer="orthogonal")(h)))
    return RecurrentModel(x, n, h, n, return_sequences=True, **options)


def trained(make, data, *, training=True, calls=2, mask=None, xla=False):
    """Outputs, gradients by input and weights, and all variables after some calls in one graph."""
    keras.utils.set_random_seed(1)
    rnn = make()
    rnn(data[:, :1], training=False)
    weights = [w.value for w in rnn.trainable_weights]

    def both(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = rnn(x, mask=mask, training=training)
            total = tf.reduce_sum(tf.sin(3 * y))
        return y, tape.gradient(total, [x, *weights], unconnected_gradients="zero")

    run = tf.function(both, jit_compile=xla)
    found = [keras.tree.flatten(run(tf.constant(data))) for _ in range(calls)]
    return [np.asarray(value) for value in [*sum(found, []), *rnn.variables]]


def assert_alike(make, data, tolerance=1e-5, **how):
    with switched(**OFF):
        plain = trained(make, data, **how)
    with switched(tiered=False):  # XLA from the first batch on
        fast = trained(make, data, **how)
    assert len(fast) == len(plain)
    assert max(map(apart, fast, plain)) < tolerance
    return fast


@keras.saving.register_keras_serializable("test_effects")
class Of(layers.Layer):
    """A layer around any function."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)


@keras.saving.register_keras_serializable("test_effects")
class Gated(layers.Layer):
    """Weights of its own, a layer within it, and a float that is no weight."""

    def __init__(self, slope=0.7, **options):
        super().__init__(**options)
        self.inner, self.slopes = layers.Dense(SIZE), [slope]

    def build(self, shape):
        self.scale = self.add_weight((SIZE,), "ones")
        self.inner.build(shape)

    def call(self, x):
        return ops.sigmoid(self.scale) * self.inner(x) + self.slopes[0] * x

    def compute_output_shape(self, shape):
        return shape


@keras.saving.register_keras_serializable("test_effects")
class Counting(layers.Layer):
    """Counts its calls, reads the count, and keeps a running mean of what it reads."""

    def build(self, shape):
        self.count = self.add_weight((), "zeros", trainable=False)
        self.mean = self.add_weight((SIZE,), "zeros", trainable=False)
        self.scale = self.add_weight((SIZE,), "ones")

    def call(self, x, training=False):
        self.count.assign_add(1.0)
        if training:
            self.mean.assign(0.9 * self.mean + 0.1 * ops.mean(x, axis=0))
        return self.scale * x / (1 + 0.1 * self.count) - self.mean


# What is fast, and what is not ---------------------------------------------------------------------


class Noisy(layers.Layer):
    def call(self, x):
        return x + keras.random.normal(ops.shape(x), seed=3)


class OwnSeed(layers.Layer):
    def __init__(self):
        super().__init__()
        self.seed = keras.random.SeedGenerator(1)

    def call(self, x):
        return x + keras.random.normal(ops.shape(x), seed=self.seed)


class Losing(layers.Layer):
    def call(self, x):
        self.add_loss(ops.mean(x))
        return 2 * x


class Python(layers.Layer):
    def call(self, x):
        return tf.ensure_shape(tf.numpy_function(lambda v: 2 * v, [x], tf.float32), x.shape)


class Elsewhere(layers.Layer):
    """Reads a variable that Keras does not know to be its own."""

    def __init__(self):
        super().__init__()
        variable = keras.Variable(2.0)
        self.find = lambda: variable

    def call(self, x):
        return x * self.find()


class WritesElsewhere(Elsewhere):
    def call(self, x):
        self.find().assign(3.0)
        return 2 * x


class Masks(layers.Layer):
    def call(self, x):
        return 2 * x

    def compute_mask(self, x, previous=None):
        return ops.any(x > 0, axis=-1)


class Branches(layers.Layer):
    def call(self, x):
        return ops.cond(ops.sum(x) > 0, lambda: x, lambda: 2 * x)


class Renormalising(layers.Layer):
    """Changes a weight that is trained: after the assignment its gradient is still wanted."""

    def build(self, shape):
        self.scale = self.add_weight((SIZE,), keras.initializers.RandomNormal(seed=1))

    def call(self, x):
        self.scale.assign(self.scale / ops.norm(self.scale))
        return self.scale * x


class Whole(layers.Layer):
    """Its weight, for each sample."""

    def build(self, shape):
        self.scale = self.add_weight((SIZE,), "ones")

    def call(self, x):
        return self.scale * ops.ones_like(x)


class OwnGradient(layers.Layer):
    """A gradient by hand that reads a weight, which TensorFlow hands to it as a variable alone."""

    def build(self, shape):
        self.kernel = self.add_weight((SIZE, SIZE), keras.initializers.RandomNormal(seed=1))

    def call(self, x):
        @tf.custom_gradient
        def product(x):
            w = tf.convert_to_tensor(self.kernel)

            def back(dy, variables=()):
                of_weights = [tf.matmul(x, dy, transpose_a=True) for _ in variables]
                return tf.matmul(dy, w, transpose_b=True), of_weights

            return tf.matmul(x, w), back

        return product(x)


class Cut(layers.Layer):
    """As many values as a value says."""

    def call(self, x):
        n = ops.cast(ops.clip(ops.max(ops.abs(x)) * 3, 1, 3), "int32")
        return x + ops.sum(x[:, :n], axis=-1, keepdims=True)


class NormInside(layers.Layer):
    """Keras tells the layer within it whether it is training, and it says nothing."""

    def __init__(self):
        super().__init__()
        self.norm = layers.BatchNormalization()

    def build(self, shape):
        self.norm.build(shape)

    def call(self, x):
        return self.norm(x)


class Holding(layers.Layer):
    """A tensor by which there may be a gradient, and that `adapt` changes, as in Keras's Normalization."""

    def __init__(self):
        super().__init__()
        self.held = tf.constant([0.5, 1.0, 1.5, 2.0])

    def call(self, x):
        return x * self.held


SLOW = [
    Renormalising,
    Counting,
    OwnGradient,
    Cut,
    NormInside,
    Holding,
    Noisy,
    OwnSeed,
    Losing,
    Python,
    Elsewhere,
    WritesElsewhere,
    Masks,
    Branches,
]
FAST = {
    "gated": Gated,
    "a function": lambda: layers.Activation(lambda v: 0.5 * v),
    "with a dense layer that is regularised": lambda: layers.Dense(SIZE, kernel_regularizer="l2"),
    "batch normalisation": layers.BatchNormalization,
    "batch normalisation, fixed": lambda: layers.BatchNormalization(trainable=False),
    "a dense layer with a function": lambda: layers.Dense(SIZE, activation=lambda z: z - ops.mean(z, axis=0)),
    "no weights": lambda: Of(lambda x: ops.erf(x) + tf.math.softplus(x)),
}


@pytest.mark.parametrize(
    "layer", [*SLOW, lambda: layers.GaussianNoise(0.5), lambda: Of(lambda x: Noisy()(x))]
)
def test_what_does_more_than_compute_runs_in_the_plain_loop(layer):
    assert not is_fast(around(layer()))


def test_what_calls_python_runs_all_the_same():
    rnn = around(Python())
    data = draws(2, 3, SIZE)
    np.testing.assert_allclose(tf.function(rnn)(data), rnn(data), atol=1e-6)


@pytest.mark.parametrize("layer", [Counting, OwnGradient, NormInside, Holding])
def test_the_numbers_are_those_of_the_plain_loop_whatever_it_does(layer):
    assert_alike(lambda: around(layer()), draws(5, 4, SIZE))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("name", FAST)
def test_the_numbers_the_gradients_and_the_weights_are_those_of_the_plain_loop(name, training):
    def make():
        return around(FAST[name]())

    rnn = make()
    rnn(draws(5, 2, SIZE))
    assert is_fast(rnn, training)
    assert_alike(make, draws(5, 7, SIZE), training=training)


# Against NumPy -----------------------------------------------------------------------------------


@pytest.mark.parametrize("steps", [7, None])
@pytest.mark.parametrize("masked", [False, True])
def test_batch_normalisation_moves_its_statistics_at_each_timestep(steps, masked):
    """Law 27 in `fit`: one update a timestep, at masked ones too, whatever the length."""
    x, h = Input((SIZE,)), Input((SIZE,))
    norm = layers.BatchNormalization(momentum=0.8)
    y = norm(x)
    rnn = RecurrentModel(x, y, h, h + y, return_sequences=True)
    x, mask = Input((steps, SIZE)), Input((steps,), dtype="bool")
    model = keras.Model([x, mask], rnn(x, mask=mask if masked else None))
    model.compile(keras.optimizers.SGD(0.0), "mse")
    data, valid = draws(6, 7, SIZE) * 2 + 1, np.random.default_rng(1).random((6, 7)) < 0.7
    read = np.where(valid[..., None], data, 0) if masked else data
    mean, variance = np.zeros(SIZE), np.ones(SIZE)
    for _ in range(2):
        model.fit([data, valid], np.zeros_like(data), batch_size=6, verbose=0)
        for t in range(7):
            mean = 0.8 * mean + 0.2 * read[:, t].mean(axis=0)
            variance = 0.8 * variance + 0.2 * read[:, t].var(axis=0)
    assert is_fast(rnn)
    np.testing.assert_allclose(norm.moving_mean, mean, atol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, variance, atol=1e-5)


def test_a_count_goes_on_from_call_to_call():
    keras.utils.set_random_seed(0)
    count = Counting()
    x, h = Input((SIZE,)), Input((SIZE,))
    n = count(x)
    rnn = RecurrentModel(x, n, h, h + n, return_sequences=True)
    run, data = tf.function(rnn), draws(2, 5, SIZE)
    for call in range(3):
        y = run(data, training=False)
        expected = data / (1 + 0.1 * (5 * call + np.arange(1, 6)))[:, None]
        np.testing.assert_allclose(y, expected, atol=1e-5)
    assert float(count.count) == 15


# Everywhere a layer can be -----------------------------------------------------------------------


def twice(layer):
    x, h = Input((SIZE,)), Input((SIZE,), name="h")
    n = layer(ops.tanh(layer(x) + layers.Dense(SIZE)(h)))
    return RecurrentModel(x, n, h, n, return_sequences=True)


def of_constants(layer):
    """What changes at each timestep although all that it reads is fixed."""
    x, h, k = Input((SIZE,)), Input((SIZE,), name="h"), Input((SIZE,), name="k")
    n = ops.tanh(layer(k) + x + layers.Dense(SIZE)(h))
    rnn = RecurrentModel(x, n, h, n, constants=k, return_sequences=True)
    x, k = Input((None, SIZE)), Input((SIZE,))
    return keras.Model(x, rnn(x, constants=ops.mean(x, axis=1)))


def in_a_stack(layer):
    stack = RecurrentSequential(return_sequences=True, readout="add")
    for part in (layers.Dense(SIZE), layer, layers.GRUCell(SIZE)):
        stack.add(part)
    return stack


def in_a_model(layer):
    x = Input((SIZE,))
    return around(keras.Model(x, layer(x)))


PLACES = {
    "twice": twice,
    "in a stack with a readout": in_a_stack,
    "in a model": in_a_model,
    "backwards": lambda layer: around(layer, go_backwards=True),
    "the last output": lambda layer: around(layer),
    "stateful": lambda layer: around(layer, stateful=True),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("layer", [Counting, layers.BatchNormalization])
def test_wherever_it_is_the_numbers_are_those_of_the_plain_loop(place, layer):
    def make():
        return PLACES[place](layer())

    assert_alike(make, draws(5, 6, SIZE), tolerance=2e-5)


@pytest.mark.parametrize("layer", [Counting, layers.BatchNormalization])
def test_masked_timesteps_count_as_in_the_plain_loop(layer):
    mask = tf.constant(np.random.default_rng(2).random((5, 6)) < 0.6)
    assert_alike(lambda: around(layer()), draws(5, 6, SIZE), mask=mask, tolerance=2e-5)


@pytest.mark.parametrize("layer", [Counting, layers.BatchNormalization])
def test_in_a_model_that_xla_compiles_as_a_whole(layer):
    def make():
        return around(layer())

    with switched(**OFF):
        plain = trained(make, draws(5, 6, SIZE))
    whole = trained(make, draws(5, 6, SIZE), xla=True)
    assert max(map(apart, whole, plain)) < 2e-5


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "float64"])
def test_other_precisions(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        fast = assert_alike(lambda: around(Gated()), draws(5, 6, SIZE), 0.1 if "16" in policy else 1e-6)
        assert np.isfinite(fast[0]).all()
    finally:
        keras.config.set_dtype_policy(before)


def test_what_changes_although_it_reads_constants_alone_changes_at_each_timestep():
    norm = layers.BatchNormalization(momentum=0.5)
    model = of_constants(norm)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    data = draws(4, 3, SIZE)
    model.fit(data, np.zeros_like(data), batch_size=4, verbose=0)
    mean = (1 - 0.5**3) * data.mean(axis=1).mean(axis=0)
    np.testing.assert_allclose(norm.moving_mean, mean, atol=1e-5)


def test_a_layer_that_was_changed_since_is_computed_as_it_is_now():
    """What a layer of one's own depends on is not known, such as a list: its loops are not kept."""
    gated = Gated()
    rnn = around(gated)
    x = Input((3, SIZE))
    model = keras.Model(x, rnn(x))
    data = draws(2, 3, SIZE)
    for slope in (0.7, 0.2):
        gated.slopes[0] = slope
        model.compile("sgd", "mse")
        now = np.asarray(rnn(data))
        loss = model.train_on_batch(data, np.zeros_like(data))
        np.testing.assert_allclose(loss, np.mean(now**2), rtol=1e-5)


def losses_of(rnn, change, values):
    """For each value the loss of a model compiled anew, and what the layer says outside of a graph."""
    x = Input((3, SIZE))
    model, data, found = keras.Model(x, rnn(x)), draws(2, 3, SIZE), []
    for value in values:
        change(value)
        model.compile(keras.optimizers.SGD(0.0), "mse")
        found.append((model.train_on_batch(data, np.zeros_like(data)), np.mean(np.asarray(rnn(data)) ** 2)))
    return found


def test_statistics_that_were_adapted_since_are_read():
    norm = layers.Normalization()
    norm.adapt(draws(50, SIZE))
    rnn = around(norm)
    for loss, expected in losses_of(rnn, lambda v: norm.adapt(draws(50, SIZE) * 2 + v), (0.0, 3.0)):
        np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_what_is_within_a_wrapper_of_keras_is_as_it_is_now():
    gated = Gated()
    x, h = Input((SIZE,)), Input((SIZE,), name="h")
    two = ops.reshape(ops.tanh(x + layers.Dense(SIZE)(h)), (-1, 1, SIZE))
    n = ops.reshape(layers.TimeDistributed(gated)(two), (-1, SIZE))
    rnn = RecurrentModel(x, n, h, n, return_sequences=True)

    def change(value):
        gated.slopes[0] = value

    for loss, expected in losses_of(rnn, change, (0.7, 0.2)):
        np.testing.assert_allclose(loss, expected, rtol=1e-5)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_layer_of_32_bits_reads_its_weights_whole_in_mixed_precision(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        for layer in (Of(lambda x: x), Counting()):
            x, h = Input((SIZE,)), Input((SIZE,), name="h")
            whole, n = Whole(dtype="float32"), layer(ops.tanh(x + layers.Dense(SIZE)(h)))
            rnn = RecurrentModel(x, [n, whole(x)], h, n, return_sequences=True)
            data = draws(2, 3, SIZE)
            rnn(data)
            whole.scale.assign(np.full(SIZE, 1.001))
            ready = tf.function(rnn)
            np.testing.assert_allclose(ready(data, training=True)[1], np.full((2, 3, SIZE), 1.001), rtol=1e-6)
    finally:
        keras.config.set_dtype_policy(before)


@pytest.mark.parametrize("layer", [Counting, Cut, NormInside])
def test_lengths_may_change_and_batches_be_many(layer):
    x = Input((None, SIZE))
    model = keras.Model(x, around(layer())(x))
    model.compile(keras.optimizers.SGD(0.01), "mse")
    losses = [model.train_on_batch(draws(5, t, SIZE), draws(5, t, SIZE)) for t in [3, 5] + [4] * 20]
    assert np.isfinite(losses).all()


def test_a_step_without_states_that_changes_statistics():
    assert_alike(
        lambda: RecurrentModel(x := Input((SIZE,)), layers.BatchNormalization()(x), [], []), draws(5, 6, SIZE)
    )


@pytest.mark.parametrize("operation", [lambda n, v: ops.clip(n, -0.1, v), lambda n, v: ops.celu(n, alpha=v)])
def test_a_variable_that_an_operation_holds_has_its_gradient(operation):
    def total_and_gradient(how):
        keras.utils.set_random_seed(0)
        bound, data = keras.Variable(0.3), draws(2, 3, SIZE)
        rnn = around(lambda n: operation(n, bound))

        def both(x):
            with tf.GradientTape() as tape:
                total = tf.reduce_sum(rnn(x, training=True))
            return total, tape.gradient(total, bound.value)

        with switched(**how):
            return [float(value) for value in tf.function(both)(data)]

    fast, plain = total_and_gradient({"tiered": False}), total_and_gradient(OFF)
    np.testing.assert_allclose(fast, plain, rtol=1e-5)
    assert plain[1]


def test_a_weight_that_another_layer_changes_is_read_as_it_is_in_the_plain_loop():
    class Reads(layers.Layer):
        def __init__(self, other):
            super().__init__()
            self.other = other

        def call(self, x):
            return x + self.other.moving_mean

    norm = layers.BatchNormalization()
    x, h = Input((SIZE,)), Input((SIZE,))
    n = Reads(norm)(norm(x)) + h
    rnn = RecurrentModel(x, n, h, n)
    assert not is_fast(rnn)


def test_a_function_that_mixes_the_samples_is_not_spread_over_time():
    """It reads the input alone, so that a function that is known would run before the loop."""
    x, h = Input((SIZE,)), Input((SIZE,))
    n = h + layers.Dense(SIZE, use_bias=False, activation=lambda z: z - ops.mean(z, axis=0))(x)
    rnn = RecurrentModel(x, n, h, n, return_sequences=True)
    data = draws(5, 3, SIZE)
    y = tf.function(rnn)(data, training=True)
    z = data @ rnn.trainable_weights[0].numpy()
    np.testing.assert_allclose(y, np.cumsum(z - z.mean(axis=0), axis=1), atol=1e-5)


# Variables in operations, and not in a layer -------------------------------------------------------


@pytest.mark.parametrize("steps", [3, 40])
@pytest.mark.parametrize("graph", [True, False])
@pytest.mark.parametrize("nested", [True, False])
def test_a_variable_in_an_operation_has_its_value_and_its_gradient(steps, graph, nested):
    """`h = 0.5 tanh(x + v h)`, in NumPy, with a central difference for the gradient by v."""
    scale = keras.Variable(np.full(SIZE, 0.5, "float32"))
    x, h = Input((SIZE,)), Input((SIZE,), name="h")
    n = 0.5 * ops.tanh(x + h * scale)
    rnn = RecurrentModel(x, n, h, n)
    if nested:  # as a layer of another step, over words of one place
        inner, x, h = rnn, Input((1, SIZE)), Input((SIZE,), name="h")
        n = inner(x, initial_state=h)
        rnn = RecurrentModel(x, n, h, n)
    data = draws(2, steps, SIZE)

    def run(given):
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(rnn(given[:, :, None] if nested else given, training=True))
        return total, tape.gradient(total, scale.value)

    def by_numpy(v):
        h = np.zeros((2, SIZE))
        for t in range(steps):
            h = 0.5 * np.tanh(data[:, t] + h * v)
        return h.sum()

    for value in (0.5, 0.8):
        scale.assign(np.full(SIZE, value))
        total, gradient = (tf.function(run) if graph else run)(data)
        np.testing.assert_allclose(total, by_numpy(np.full(SIZE, value)), atol=1e-5)
        around = [value + 1e-4 * np.eye(SIZE)[i] for i in range(SIZE)]
        below = [value - 1e-4 * np.eye(SIZE)[i] for i in range(SIZE)]
        expected = [(by_numpy(a) - by_numpy(b)) / 2e-4 for a, b in zip(around, below, strict=True)]
        np.testing.assert_allclose(gradient, expected, atol=1e-4)


# Each operation ----------------------------------------------------------------------------------


def grid(x):
    return ops.reshape(x, (-1, 2, 2, 1))


def square(x, y):
    return ops.eye(SIZE) + 0.1 * x[:, :, None] * y[:, None, :]


def as_number(truth):
    return ops.cast(truth, "float32")


FUNCTIONS = {
    "one value": [
        lambda x, y: ops.abs(x) + ops.elu(y) + ops.erf(x) + tf.math.erfc(y) + ops.expm1(-x * x),
        lambda x, y: ops.arccos(0.5 * ops.tanh(x)) + ops.arccosh(2 + ops.square(y)) + ops.relu6(x),
        lambda x, y: ops.arcsin(0.5 * ops.tanh(x)) + ops.arcsinh(y) + ops.leaky_relu(x) + ops.selu(y),
        lambda x, y: ops.arctan2(x, y) + ops.arctan(x) + ops.arctanh(0.5 * ops.tanh(y)) + ops.relu(x),
        lambda x, y: ops.cos(x) + ops.cosh(y) + ops.sin(x) + ops.sinh(y) + ops.tan(0.5 * ops.tanh(x)),
        lambda x, y: ops.exp(-x * x) + tf.math.lgamma(1 + y * y) + ops.log(1 + x * x) + ops.log1p(y * y),
        lambda x, y: ops.softplus(y) + ops.softsign(x) + ops.sigmoid(y) + ops.gelu(x),
        lambda x, y: ops.power(1 + x * x, 0.3) + ops.reciprocal(1 + y * y) + ops.rsqrt(1 + x * x),
        lambda x, y: ops.sqrt(1 + x * x) + ops.negative(y) + ops.ceil(x) * y + ops.floor(x) * y,
        lambda x, y: tf.math.rint(x) * y + ops.round(x) * y + ops.sign(x) * y + ops.stop_gradient(x) * y,
        lambda x, y: (
            tf.clip_by_value(x, -0.5, 0.5)
            + tf.raw_ops.ClipByValue(t=y, clip_value_min=-0.5, clip_value_max=0.5)
        ),
    ],
    "two values": [
        lambda x, y: tf.add_n([x, y]) + ops.divide_no_nan(x, 1 + y * y) + x / (1 + y * y) - x * y,
        lambda x, y: ops.floor_divide(x, 2.0) * y + ops.mod(x, 2.0) * y + ops.hypot(x, y),
        lambda x, y: ops.maximum(x, y) + ops.minimum(x, 2 * y) + tf.math.multiply_no_nan(x, y),
        lambda x, y: tf.math.squared_difference(x, y) + tf.math.xdivy(x, 1 + y * y) + ops.logaddexp(x, y),
        lambda x, y: tf.math.xlog1py(x, y * y) + tf.math.xlogy(x, 1 + y * y) + ops.zeros_like(x) * y,
        lambda x, y: ops.where((x > y) & (x >= 0) | (x < -1) | ~(y <= 0), x, y),
        lambda x, y: ops.where(ops.equal(ops.sign(x), ops.sign(y)), x, y) + tf.compat.v1.where(x > 0, x, y),
        lambda x, y: ops.where(ops.not_equal(ops.sign(x), ops.sign(y)), x, ops.ones_like(y)),
        lambda x, y: ops.where(ops.isfinite(x) & ~ops.isnan(x) & ~ops.isinf(x), x, y),
        lambda x, y: tf.nn.bias_add(x, ops.arange(4, dtype="float32")) * y,
    ],
    "sums and products": [
        lambda x, y: as_number(ops.all(x > 0, axis=-1, keepdims=True)) * y,
        lambda x, y: as_number(ops.any(x > 0, axis=-1, keepdims=True)) * y,
        lambda x, y: as_number(ops.argmax(x, -1, keepdims=True)) * y,
        lambda x, y: as_number(tf.argmin(x, -1))[:, None] * y + as_number(tf.argmax(x, -1))[:, None],
        lambda x, y: ops.squeeze(ops.matmul(x[:, None, :], y[:, :, None]), -1) * x,
        lambda x, y: ops.matmul(x, ops.ones((SIZE, SIZE))) + ops.einsum("bi,bj->bi", x, y),
        lambda x, y: 0.1 * (ops.cumprod(x, -1) + ops.cumsum(y, -1)),
        lambda x, y: ops.max(x, -1, keepdims=True) * y + ops.min(y, -1, keepdims=True) * x,
        lambda x, y: ops.mean(x, -1, keepdims=True) * y + ops.prod(x, -1, keepdims=True) * y,
        lambda x, y: ops.softmax(x) + ops.log_softmax(y) + tf.nn.l2_loss(x) * y,
        lambda x, y: ops.var(x, -1, keepdims=True) * y + x / (1 + ops.norm(x, axis=-1, keepdims=True)),
        lambda x, y: ops.one_hot(ops.argmax(x, -1), SIZE) * y + ops.top_k(x, SIZE)[0],
        lambda x, y: ops.reshape(ops.conv(grid(x), ops.ones((2, 2, 1, 1)), padding="same"), (-1, SIZE)),
        lambda x, y: ops.reshape(
            ops.depthwise_conv(grid(x), ops.ones((2, 2, 1, 1)), padding="same"), (-1, SIZE)
        ),
        lambda x, y: ops.reshape(ops.max_pool(grid(x), 2, 1, "same"), (-1, SIZE)) * y,
        lambda x, y: ops.reshape(ops.average_pool(grid(x), 2, 1, "same"), (-1, SIZE)) * y,
    ],
    "matrices": [
        lambda x, y: ops.sum(ops.tril(x[:, :, None] * y[:, None, :]), -1) + ops.sum(tf.linalg.diag(x), -1),
        lambda x, y: tf.linalg.diag_part(x[:, :, None] * y[:, None, :]),
        lambda x, y: ops.sum(tf.linalg.set_diag(x[:, :, None] * y[:, None, :], x), -1),
        lambda x, y: ops.squeeze(ops.solve(square(x, y), x[:, :, None]), -1),
        lambda x, y: ops.sum(ops.inv(square(x, y)), -1) + ops.sum(ops.qr(square(x, y))[0], -1),
    ],
    "places": [
        lambda x, y: ops.broadcast_to(x[:, :1], ops.shape(y)) + ops.expand_dims(x, 1)[:, 0],
        lambda x, y: tf.broadcast_to(x, tf.broadcast_dynamic_shape(tf.shape(x), tf.shape(y))),
        lambda x, y: tf.ensure_shape(x, (None, SIZE)) * tf.fill(tf.shape(x), 2.0),
        lambda x, y: tf.gather_nd(tf.transpose(x), [[0], [1], [2], [3]])[0][:, None] * y,
        lambda x, y: ops.take(x, [1, 0, 3, 2], axis=-1) + ops.flip(y, -1) + ops.roll(x, 1, -1),
        lambda x, y: ops.take_along_axis(x, ops.cast(y > 0, "int32"), axis=-1),
        lambda x, y: ops.sum(ops.stack([x, y], 1), 1) + ops.pad(x, [[0, 0], [0, 1]])[:, 1:],
        lambda x, y: ops.pad(x, [[0, 0], [0, 1]], constant_values=2.0)[:, 1:],
        lambda x, y: x * tf.cast(tf.range(tf.shape(x)[1]), "float32"),
        lambda x, y: x * tf.cast(tf.shape_n([x, y])[0][1], "float32"),
        lambda x, y: 0.1 * x * tf.cast(tf.size(x), "float32") + tf.slice(x, [0, 0], [-1, SIZE]),
        lambda x, y: ops.concatenate(ops.split(x, 2, -1)[::-1], -1),
        lambda x, y: ops.concatenate(ops.split(x, [1], -1)[::-1], -1),
        lambda x, y: ops.transpose(
            tf.tensor_scatter_nd_update(ops.transpose(x), [[1]], ops.transpose(y)[:1])
        ),
        lambda x, y: ops.tile(x, (1, 2))[:, 2:6] + ops.stack(ops.unstack(x, axis=-1)[::-1], -1),
        lambda x, y: tf.gather(x, tf.math.invert_permutation([2, 0, 1, 3]), axis=1),
    ],
}


def all_of(functions):
    def call(x):
        y = ops.flip(x, -1) + 0.3
        return 0.1 * sum(f(x, y) for f in functions)

    return call


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_each_operation_gives_the_same_numbers_compiled(kind):
    assert is_fast(around(Of(all_of(FUNCTIONS[kind]))))
    assert_alike(lambda: around(Of(all_of(FUNCTIONS[kind]))), draws(3, 4, SIZE), tolerance=2e-5)


def test_the_list_of_operations_is_what_is_tested():
    met = set()
    for functions in FUNCTIONS.values():
        of_two = tf.function(lambda x, y, f=functions: [one(x, y) for one in f], autograph=False)
        spec = tf.TensorSpec((None, SIZE))
        met |= {
            operation.type for operation in of_two.get_concrete_function(spec, spec).graph.get_operations()
        }
    assert met == PURE - {"NoOp"}


def test_purity_of_functions():
    like = [keras.KerasTensor((None, SIZE))]
    variable = tf.Variable(1.0)
    assert is_pure(lambda x: tf.tanh(2 * x), like)
    assert is_pure(lambda x: x + draws(SIZE), like)
    assert not is_pure(lambda x: x + tf.random.normal((SIZE,)), like)
    assert not is_pure(lambda x: x * variable, like)
    assert not is_pure(
        lambda x: tf.while_loop(lambda a: tf.reduce_sum(a) < 9, lambda a: [a + 1], [x])[0], like
    )
