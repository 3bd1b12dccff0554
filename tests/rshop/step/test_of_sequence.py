"""What a step has computed once for a sequence is the same in every way of running it."""

import keras
import numpy as np
import pytest
from keras import ops

from rshop import RecurrentModel, Stepper, trace
from rshop.fast import switched
from rshop.step.of_sequence import OncePerSequence, WeightsOfSequence
from tests.support.cells import assert_close, draws

X = draws(3, 5, 2, seed=1)
PLAIN = {"late_gradients": False, "xla": False, "hoist": False, "split": False, "cudnn": False}


@keras.saving.register_keras_serializable("tests")
class First(OncePerSequence):
    """What it reads at the first timestep, doubled in training."""

    def call(self, x, training=None):
        return 2 * x if training else 1 * x


@keras.saving.register_keras_serializable("tests")
class Halved(WeightsOfSequence):
    """Half of the weights."""

    def changed(self, weights, training):
        return [0.5 * ops.convert_to_tensor(weight) for weight in weights]


def tensors():
    return keras.Input((2,), name="x"), keras.Input((2,), name="h")


def of_input(**options):
    """`h = h / 2 + x`, `y = h + x_0`."""
    x, h = tensors()
    n = keras.layers.Add(name="n")([x, 0.5 * h])
    y = keras.layers.Add(name="y")([n, First(name="first")(x)])
    return RecurrentModel(x, y, h, n, return_sequences=True, **options)


def expected(x, first):
    h, ys = np.zeros((3, 2)), []
    for t in range(x.shape[1]):
        h = x[:, t] + 0.5 * h
        ys.append(h + first)
    return np.stack(ys, axis=1)


@pytest.mark.parametrize("unroll", [False, True])
def test_it_is_what_the_first_timestep_reads_in_the_order_of_processing(unroll):
    assert_close(of_input(unroll=unroll)(X), expected(X, X[:, 0]))
    assert_close(of_input(unroll=unroll)(X, training=True), expected(X, 2 * X[:, 0]))
    backwards = of_input(go_backwards=True, unroll=unroll)
    assert_close(backwards(X), expected(X[:, ::-1], X[:, -1]))


@pytest.mark.parametrize("switches", [{}, PLAIN], ids=["fast", "plain"])
def test_it_is_the_same_in_a_compiled_model_with_its_gradient(switches):
    x = keras.Input((None, 2))
    dense = keras.layers.Dense(2, use_bias=False)
    model = keras.Model(x, of_input()(dense(x)))
    with switched(**switches):
        model.compile(keras.optimizers.SGD(0.1), lambda y, p: keras.ops.mean(p))
        seen = X @ dense.get_weights()[0]
        assert_close(model.predict(X, verbose=0), expected(seen, seen[:, 0]))
        before = dense.get_weights()[0]
        model.train_on_batch(X, np.zeros_like(X))
    # The mean of all outputs is linear in the kernel: its gradient is that of each input.
    weights = np.array([sum(0.5**k for k in range(5 - t)) for t in range(5)])
    weights[0] += 2 * 5
    gradient = np.einsum("btf,t->f", X, weights)[:, None] * np.ones((1, 2)) / X.size
    assert_close(dense.get_weights()[0], before - 0.1 * gradient, 1e-5)


def test_a_trace_shows_it_at_each_timestep_and_a_stepper_keeps_it():
    rnn = of_input()
    record = trace(rnn, X)
    assert_close(record["first"], np.repeat(X[:, :1], 5, axis=1), tolerance=0)
    assert_close(record.outputs, expected(X, X[:, 0]))
    # A stepper knows no input yet when it begins: a state is known.
    x, h = tensors()
    n = keras.layers.Add()([x, 0.5 * h])
    rnn = RecurrentModel(x, keras.layers.Add()([n, First()(h)]), h, n, return_sequences=True)
    stepper = Stepper(rnn, 3, initial_state=[X[:, 4]])
    ys = np.stack([stepper.step(X[:, t]) for t in range(5)], axis=1)
    assert_close(ys, rnn(X, initial_state=[X[:, 4]]))


def test_a_masked_first_timestep_leaves_no_nan():
    hidden = X.copy()
    hidden[0, 0] = np.nan
    mask = np.ones((3, 5), bool)
    mask[0, 0] = False
    y = np.array(of_input()(hidden, mask=mask))
    assert np.isfinite(y).all()
    assert_close(y[1:], expected(X, X[:, 0])[1:])


def test_what_it_depends_on_runs_without_training():
    """Statistics in front of it move once a timestep, not once more."""
    x, h = tensors()
    norm = keras.layers.BatchNormalization(momentum=0.5)
    z = norm(x)
    n = keras.layers.Add()([z, 0.5 * h])
    rnn = RecurrentModel(x, keras.layers.Add()([n, First()(z)]), h, n)
    rnn(X)
    rnn(X, training=True)
    moved = np.zeros(2)
    for t in range(5):
        moved = 0.5 * moved + 0.5 * X[:, t].mean(0)
    assert_close(norm.moving_mean, moved)


@pytest.mark.parametrize("how", ["layer", "unrolled", "fast", "plain", "trace", "stepper"])
def test_changed_weights_are_changed_at_each_timestep_and_stay_themselves(how):
    x, h = tensors()
    kernel, other = keras.layers.Dense(2, use_bias=False), keras.layers.Dense(2, use_bias=False)
    n = keras.layers.Add()([kernel(Halved()(h)), other(x)])
    rnn = RecurrentModel(x, n, h, n, return_sequences=True, unroll=how == "unrolled")
    U, W = kernel.get_weights()[0], other.get_weights()[0]
    state, want = np.zeros((3, 2)), []
    for t in range(5):
        state = X[:, t] @ W + state @ U * 0.5
        want.append(state)
    if how in ("fast", "plain"):
        x = keras.Input((None, 2))
        model = keras.Model(x, rnn(x))
        with switched(**(PLAIN if how == "plain" else {})):
            y = model.predict(X, verbose=0)
    elif how == "stepper":
        stepper = Stepper(rnn, 3)
        y = np.stack([stepper.step(X[:, t]) for t in range(5)], axis=1)
    else:
        y = trace(rnn, X).outputs if how == "trace" else rnn(X)
    assert_close(y, np.stack(want, axis=1))
    assert_close(kernel.get_weights()[0], U, tolerance=0)
