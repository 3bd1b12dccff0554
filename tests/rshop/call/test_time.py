"""Laws 1 to 10: teacher forcing, scheduled sampling, stateful layers, direction, decode, length,
unroll.
"""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from rshop import RecurrentSequential, SimpleRNNCell
from tests.support import steps
from tests.support.oracles import directional_derivative, scan, simple_rnn
from tests.support.steps import fit_losses, functional, numpy, row, run, uniform

TRAINING = ["eager", "graph"]
INFERENCE = ["eager", "predict"]
TRUTH = row(1, 2, 3, 4, 5)
X5 = np.ones((1, 5, 1), "float32")
GAPS = np.array([[1, 1, 0, 1, 1], [1, 0, 1, 0, 0], [0, 1, 1, 1, 1]], bool)


def assert_close(got, expected, tolerance=1e-5):
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


def trainable(layer, x, **call):
    """A functional model whose input passes a trainable `Gain` of 1 first."""
    model, arrays = functional(layer, x, **call)
    names = sorted(["x", *call])
    inputs = dict(zip(names, model.inputs, strict=True))
    y = layer(steps.Gain()(inputs.pop("x")), **inputs)
    return keras.Model(model.inputs, y), arrays


# Law 1


@pytest.mark.parametrize("how", TRAINING)
def test_teacher_forcing_feeds_the_previous_truth(how):
    """Law 1: y = readout under truth 1..5 is the truth one timestep late."""
    layer = steps.pure_readout().layer(teacher_force=True, return_sequences=True)
    y = run(how, layer, X5, ground_truth=TRUTH, training=True)
    np.testing.assert_array_equal(y, row(0, 1, 2, 3, 4))


@pytest.mark.parametrize("how", TRAINING)
def test_the_initial_readout_is_fed_first(how):
    """Law 1: with an initial readout of 9 the first timestep reads 9."""
    layer = steps.pure_readout().layer(teacher_force=True, return_sequences=True)
    nine = np.full((1, 1), 9, "float32")
    y = run(how, layer, X5, ground_truth=TRUTH, initial_readout=nine, training=True)
    np.testing.assert_array_equal(y, row(9, 1, 2, 3, 4))


@pytest.mark.parametrize("how", INFERENCE)
@pytest.mark.parametrize("first", [0, 9])
def test_inference_ignores_the_truth(how, first):
    """Law 1: without training y = readout repeats the initial readout."""
    layer = steps.pure_readout().layer(teacher_force=True, return_sequences=True)
    initial = np.full((1, 1), first, "float32")
    y = run(how, layer, X5, ground_truth=TRUTH, initial_readout=initial)
    np.testing.assert_array_equal(y, row(*[first] * 5))


@pytest.mark.parametrize("jit", [False, True])
def test_fit_trains_on_forced_outputs(jit):
    """Law 1: the loss that `fit` reports is that of [0,1,2,3,4], and `evaluate` that of zeros."""
    layer = steps.pure_readout().layer(teacher_force=True, return_sequences=True)
    model, arrays = trainable(layer, X5, ground_truth=TRUTH)
    (loss,) = fit_losses(model, arrays, np.zeros((1, 5, 1)), jit_compile=jit)
    assert_close(loss, (0 + 1 + 4 + 9 + 16) / 5)
    assert model.evaluate(arrays, np.zeros((1, 5, 1)), verbose=0) == 0.0


@pytest.mark.parametrize("how", TRAINING)
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("unroll", [False, True])
def test_forced_recurrence_equals_a_numpy_loop(how, go_backwards, unroll):
    """Law 1: with weights, states and both directions; the truth is in the order of the outputs."""
    rng = np.random.default_rng(1)
    step = steps.dense(readout=2)
    layer = step.layer(
        teacher_force=True,
        return_sequences=True,
        return_states=True,
        go_backwards=go_backwards,
        unroll=unroll,
    )
    x, truth = uniform(rng, 3, 5, 3), uniform(rng, 3, 5, 2)
    h0, r0 = uniform(rng, 3, 4), uniform(rng, 3, 2)
    call = {"ground_truth": truth, "initial_state": [h0], "initial_readout": r0}
    y, h = run(how, layer, x, training=True, **call)
    options = {"states": [h0], "readouts": [r0], "go_backwards": go_backwards}
    forced = step.scan(x, truths=[truth], **options)
    assert_close(y, forced.y)
    assert_close(h, forced.states[0])
    free = step.scan(x, **options)
    assert np.abs(forced.y - free.y).max() > 1e-2, "the truth has to matter here"
    assert_close(run("eager", layer, x, **call)[0], free.y)


@pytest.mark.parametrize("training, expected", [(True, 4), (False, 0)])
def test_the_last_output_is_forced_like_the_others(training, expected):
    """Law 1: without return_sequences, and the readout is no state."""
    layer = steps.pure_readout().layer(teacher_force=True, return_states=True)
    (y,) = layer(X5, ground_truth=TRUTH, training=training)
    np.testing.assert_array_equal(y, [[expected]])
    assert layer.num_states == 0


@pytest.mark.parametrize("as_dict", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_every_readout_has_its_own_truth(as_dict, training):
    """Law 1: two outputs fed back to two readouts, as lists and as dicts."""
    rng = np.random.default_rng(2)
    step = steps.two_readouts(as_dict)
    layer = step.layer(teacher_force=True, return_sequences=True)
    x, truths = uniform(rng, 2, 4, 1), [uniform(rng, 2, 4, 1), uniform(rng, 2, 4, 2)]
    first = [uniform(rng, 2, 1), uniform(rng, 2, 2)]
    structure = (lambda a: dict(zip("ab", a, strict=True))) if as_dict else list
    y = layer(x, ground_truth=structure(truths), initial_readout=structure(first), training=training)
    expected = step.scan(x, readouts=first, truths=truths if training else None)
    for got, want in zip(y.values() if as_dict else y, expected.outputs, strict=True):
        assert_close(got, want)


# Law 2

MERGES = {
    "add": lambda x, r: x + r,
    "mul": lambda x, r: x * r,
    "avg": lambda x, r: (x + r) / 2,
    "max": np.maximum,
    "concat": lambda x, r: np.concatenate([x, r]),
    "readout_only": lambda x, r: r,
}


def assert_no_leak(layer, x, truth, expected, valid=None, **call):
    """Perturb truth[:, t] for every t: no output at or before t moves by a bit, and a later one of
    the same sample does exactly where the truth of t is read: t valid, and a valid timestep after.
    """

    def forced(truth):
        return numpy(layer(x, ground_truth=truth, training=True, **call))

    y = forced(truth)
    assert_close(y, expected)
    valid = np.ones(truth.shape[:2], bool) if valid is None else valid
    for t in range(truth.shape[1]):
        other = truth.copy()
        other[:, t] += 3.0
        perturbed = forced(other)
        np.testing.assert_array_equal(perturbed[:, : t + 1], y[:, : t + 1], err_msg=f"t={t}")
        for b in range(len(truth)):
            read = valid[b, t] and valid[b, t + 1 :].any()
            assert read != np.array_equal(perturbed[b], y[b]), (t, b)


@pytest.mark.parametrize("unroll", [False, True])
# In decode no timestep is masked; test_no_leak_in_decode has the mask of a memory.
@pytest.mark.parametrize("decode, masked", [(False, False), (False, True), (True, False)])
@pytest.mark.parametrize("mode", MERGES)
def test_no_leak_through_any_merge_mode(mode, decode, masked, unroll):
    """Law 2: for every t, readout mode, mask, unroll and decode; and the values are a NumPy
    loop's.
    """
    rng = np.random.default_rng(3)
    length = {"decode": True, "output_length": 5} if decode else {}
    options = {"teacher_force": True, "return_sequences": True, "unroll": unroll, **length}
    layer = RecurrentSequential(readout=mode, **options)
    layer.add(SimpleRNNCell(3))
    x, truth = uniform(rng, *((3, 3) if decode else (3, 5, 3))), uniform(rng, 3, 5, 3)
    r0 = uniform(rng, 3, 3)
    call = {"initial_readout": r0, **({"mask": GAPS} if masked else {})}
    layer(x, ground_truth=truth, training=True, **call)
    cell = simple_rnn(*[w.astype("float64") for w in layer.get_weights()])
    expected = scan(
        lambda x, h, r: cell(MERGES[mode](x, r), h),
        [x],
        states=[np.zeros((3, 3))],
        readouts=[r0],
        truths=[truth],
        mask=GAPS if masked else None,
        output_length=5 if decode else None,
    )
    assert_no_leak(layer, x, truth, expected.y, GAPS if masked else None, **call)


@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("zero_output_for_mask", [False, True])
def test_no_leak_through_a_functional_readout(go_backwards, masked, unroll, zero_output_for_mask):
    """Law 2: an explicit `readout_input`, a state beside it, both directions."""
    rng = np.random.default_rng(4)
    step = steps.dense(readout=2)
    same = {"go_backwards": go_backwards, "zero_output_for_mask": zero_output_for_mask}
    layer = step.layer(teacher_force=True, return_sequences=True, unroll=unroll, **same)
    x, truth = uniform(rng, 3, 5, 3), uniform(rng, 3, 5, 2)
    mask = GAPS if masked else None
    zeros = {"states": [np.zeros((3, 4))], "readouts": [np.zeros((3, 2))]}
    expected = step.scan(x, truths=[truth], mask=mask, **zeros, **same).y
    in_order = mask[:, ::-1] if masked and go_backwards else mask
    call = {"mask": mask} if masked else {}
    assert_no_leak(layer, x, truth, expected, in_order, **call)


@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_no_leak_in_decode(masked, unroll):
    """Law 2: a step that reads a whole memory at every timestep, with and without the memory's
    mask.
    """
    rng = np.random.default_rng(5)
    layer = steps.pooled().layer(
        teacher_force=True, return_sequences=True, decode=True, output_length=4, unroll=unroll
    )
    memory, truth = uniform(rng, 2, 3, 2), uniform(rng, 2, 4, 2)
    mask = np.array([[1, 1, 0], [1, 0, 1]], bool) if masked else np.ones((2, 3), bool)
    mean = (memory * mask[..., None]).sum(1) / mask.sum(1)[:, None]
    expected = mean[:, None] + np.concatenate([np.zeros((2, 1, 2)), truth[:, :-1]], axis=1)
    assert_no_leak(layer, memory, truth, expected, **({"mask": mask} if masked else {}))


@pytest.mark.parametrize("how", ["graph", "xla"])
def test_no_leak_in_a_compiled_graph(how):
    """Law 2: the compiled loop reads no later truth either."""
    rng = np.random.default_rng(6)
    layer = steps.dense(readout=2).layer(teacher_force=True, return_sequences=True)
    x, truth = uniform(rng, 3, 5, 3), uniform(rng, 3, 5, 2)
    model, _ = functional(layer, x, ground_truth=truth, mask=GAPS)
    mask, inputs = tf.constant(GAPS), tf.constant(x)
    forced = tf.function(lambda g: model([g, mask, inputs], training=True), jit_compile=how == "xla")
    y = numpy(forced(tf.constant(truth)))
    for t in range(5):
        other = truth.copy()
        other[:, t] += 3.0
        perturbed = numpy(forced(tf.constant(other)))
        np.testing.assert_array_equal(perturbed[:, : t + 1], y[:, : t + 1], err_msg=f"t={t}")
        assert np.array_equal(perturbed, y) == (t == 4)


# Law 3


def test_trained_with_truth_the_layer_runs_without_it():
    """Law 3: after `fit` on forced outputs, a call and `predict` without truth run free, as NumPy
    does.
    """
    rng = np.random.default_rng(7)
    step = steps.dense(readout=2)
    layer = step.layer(teacher_force=True, return_sequences=True)
    x, truth = uniform(rng, 4, 5, 3), uniform(rng, 4, 5, 2)
    model, arrays = functional(layer, x, ground_truth=truth)
    before = step.weights
    losses = fit_losses(model, arrays, truth, epochs=30, rate=0.5)
    assert losses[-1] < 0.8 * losses[0]
    assert all(np.abs(a - b).max() > 1e-4 for a, b in zip(before, step.weights, strict=True))
    zeros = {"states": [np.zeros((4, 4))], "readouts": [np.zeros((4, 2))]}
    free = step.scan(x, **zeros).y
    assert np.abs(free - step.scan(x, truths=[truth], **zeros).y).max() > 1e-3
    assert_close(layer(x), free)
    assert_close(layer(x, training=False), free)
    inputs = keras.Input((None, 3))
    assert_close(keras.Model(inputs, layer(inputs)).predict(x, verbose=0), free)


def test_the_loss_under_forcing_is_that_of_the_numpy_loop():
    """Law 3: the first loss of `fit` is the forced one, `evaluate` gives the free-running one."""
    rng = np.random.default_rng(8)
    step = steps.dense(readout=2)
    layer = step.layer(teacher_force=True, return_sequences=True)
    x, truth = uniform(rng, 4, 5, 3), uniform(rng, 4, 5, 2)
    model, arrays = functional(layer, x, ground_truth=truth)
    (loss,) = fit_losses(model, arrays, truth)
    zeros = {"states": [np.zeros((4, 4))], "readouts": [np.zeros((4, 2))]}
    assert_close(loss, np.mean((step.scan(x, truths=[truth], **zeros).y - truth) ** 2))
    free = np.mean((step.scan(x, **zeros).y - truth) ** 2)
    assert_close(model.evaluate(arrays, truth, verbose=0), free)


# Law 4

ALWAYS = {
    "float": lambda: 1.0,
    "variable": lambda: keras.Variable(1.0, trainable=False),
    "schedule": lambda: keras.optimizers.schedules.ExponentialDecay(1.0, 10, 1.0),
    "callable": lambda: lambda step: 1.0,
}
NEVER = {
    "float": lambda: 0.0,
    "variable": lambda: keras.Variable(0.0, trainable=False),
    "schedule": lambda: keras.optimizers.schedules.ExponentialDecay(0.0, 10, 1.0),
    "callable": lambda: lambda step: 0.0,
    "bool": lambda: False,
}


def forced_or_free(probabilities, kind, how, **options):
    rng = np.random.default_rng(9)
    step = steps.dense(readout=2)
    layer = step.layer(teacher_force=probabilities[kind](), return_sequences=True, **options)
    x, truth = uniform(rng, 3, 5, 3), uniform(rng, 3, 5, 2)
    y = run(how, layer, x, ground_truth=truth, training=True)
    zeros = {"states": [np.zeros((3, 4))], "readouts": [np.zeros((3, 2))]}
    return y, step.scan(x, truths=[truth], **zeros).y, step.scan(x, **zeros).y


@pytest.mark.parametrize("how", TRAINING)
@pytest.mark.parametrize("kind", ALWAYS)
def test_probability_one_is_teacher_forcing(kind, how):
    """Law 4: p = 1 in every spelling is law 1, exactly: bit for bit what `True` gives."""
    y, forced, _ = forced_or_free(ALWAYS, kind, how)
    assert_close(y, forced)
    layer = steps.pure_readout().layer(teacher_force=ALWAYS[kind](), return_sequences=True)
    exact = run(how, layer, X5, ground_truth=TRUTH, training=True)
    np.testing.assert_array_equal(exact, row(0, 1, 2, 3, 4))


@pytest.mark.parametrize("how", TRAINING)
@pytest.mark.parametrize("kind", NEVER)
def test_probability_zero_is_free_running(kind, how):
    """Law 4: p = 0 in every spelling is free running exactly, in training too."""
    y, _, free = forced_or_free(NEVER, kind, how)
    assert_close(y, free)
    layer = steps.counting_readout().layer(teacher_force=NEVER[kind](), return_sequences=True)
    exact = run(how, layer, X5, ground_truth=TRUTH + 40, training=True)
    np.testing.assert_array_equal(exact, row(1, 2, 3, 4, 5))


BATCH, TIME = 300, 41
COUNTED = np.broadcast_to(np.arange(1.0, TIME + 1).reshape(1, -1, 1), (BATCH, TIME, 3))
COUNTED = np.ascontiguousarray(COUNTED, "float32")


def draws(layer, how="eager"):
    """(BATCH, TIME - 1) booleans read off `y = readout`: y_t is t where forced, else y_{t-1};
    nothing else.
    """
    x = np.zeros((BATCH, TIME, 3), "float32")
    y = run(how, layer, x, ground_truth=COUNTED, training=True)
    np.testing.assert_array_equal(y, y[..., :1].repeat(3, -1), err_msg="one draw for a sample")
    y = y[..., 0]
    np.testing.assert_array_equal(y[:, 0], 0)
    forced = y[:, 1:] == np.arange(1, TIME)
    np.testing.assert_array_equal(y[:, 1:][~forced], y[:, :-1][~forced])
    return forced


def sampled(p, seed=None, **options):
    return steps.pure_readout((3,)).layer(teacher_force=p, seed=seed, return_sequences=True, **options)


@pytest.mark.parametrize("p", [0.2, 0.5, 0.9])
@pytest.mark.parametrize("how", ["eager", "graph", "xla"])
def test_draws_are_binomial_by_sample_and_by_timestep(p, how):
    """Law 4: independent draws for each sample and timestep, within five standard deviations of
    the binomial.
    """
    forced = draws(sampled(p, seed=11), how)
    deviation = np.sqrt(p * (1 - p))
    assert abs(forced.mean() - p) < 5 * deviation / np.sqrt(forced.size)
    assert np.abs(forced.mean(axis=0) - p).max() < 5 * deviation / np.sqrt(BATCH)
    assert np.abs(forced.mean(axis=1) - p).max() < 5 * deviation / np.sqrt(TIME - 1)
    # Dependent draws would keep those means and move these products of centred neighbours off zero.
    centred = (forced - p) / deviation
    for product in (centred[:, 1:] * centred[:, :-1], centred[1:] * centred[:-1]):
        assert abs(product.mean()) < 5 / np.sqrt(product.size)
    # One draw a timestep for all samples (or one a sample for all timesteps) has a far larger
    # spread.
    assert forced.mean(axis=0).std() < 2 * deviation / np.sqrt(BATCH)
    assert forced.mean(axis=1).std() < 2 * deviation / np.sqrt(TIME - 1)


def test_the_same_seed_draws_the_same_numbers():
    """Law 4: equal seeds, equal draws; other seeds, other draws; a second call draws anew."""
    one, other = sampled(0.5, seed=1), sampled(0.5, seed=1)
    first, second = draws(one), draws(one)
    np.testing.assert_array_equal(draws(other), first)
    np.testing.assert_array_equal(draws(other), second)
    assert (first != second).mean() > 0.4
    assert (draws(sampled(0.5, seed=2)) != first).mean() > 0.4


def test_unrolled_draws_are_binomial_too():
    """Law 4: the unrolled loop draws by sample and timestep as well."""
    forced = draws(sampled(0.5, seed=3, unroll=True))
    assert abs(forced.mean() - 0.5) < 2.5 / np.sqrt(forced.size)
    assert np.abs(forced.mean(axis=0) - 0.5).max() < 2.5 / np.sqrt(BATCH)
    assert np.abs(forced.mean(axis=1) - 0.5).max() < 2.5 / np.sqrt(TIME - 1)


def test_a_mixed_run_is_the_numpy_loop_under_its_own_draws():
    """Law 4: states follow the readout that was drawn, under a mask too."""
    rng = np.random.default_rng(12)
    step = steps.summing_readout()
    layer = step.layer(teacher_force=0.5, seed=5, return_sequences=True, return_states=True)
    mask = rng.random((BATCH, TIME)) < 0.7
    mask[0] = False
    x, truth = np.zeros((BATCH, TIME, 1), "float32"), COUNTED[..., :1]
    y, h = numpy(layer(x, ground_truth=truth, mask=mask, training=True))
    forced = np.zeros((BATCH, TIME), bool)
    for b in range(BATCH):
        valid = np.flatnonzero(mask[b])
        for before, t in zip(valid[:-1], valid[1:], strict=True):
            forced[b, t] = y[b, t, 0] == truth[b, before, 0]
    share = forced[mask].sum() / (mask.sum(axis=1) - 1).clip(0).sum()
    assert abs(share - 0.5) < 2.5 / np.sqrt(mask.sum() - BATCH)
    zero = np.zeros((BATCH, 1))
    expected = step.scan(x, states=[zero], readouts=[zero], truths=[truth], forced=forced, mask=mask)
    np.testing.assert_array_equal(y, expected.y)
    np.testing.assert_array_equal(h, expected.states[0])


def test_inference_draws_nothing():
    """Law 4: without training the layer runs free whatever p is."""
    layer = steps.counting_readout().layer(teacher_force=0.9, return_sequences=True)
    for how in INFERENCE:
        y = run(how, layer, X5, ground_truth=TRUTH + 40)
        np.testing.assert_array_equal(y, row(1, 2, 3, 4, 5))


@pytest.mark.parametrize("jit", [False, True])
def test_a_callback_changes_the_probability_without_a_retrace(jit):
    """Law 4: `fit` follows the variable from epoch to epoch; the step's Python runs in the first
    one only.
    """
    p = keras.Variable(1.0, trainable=False)
    layer = steps.logged_readout().layer(teacher_force=p, return_sequences=True)
    calls = []

    class Change(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            p.assign([1.0, 0.0, 1.0, 0.0][epoch])

        def on_epoch_end(self, epoch, logs=None):
            calls.append(len(steps.CALLS))

    model, arrays = functional(layer, X5, ground_truth=TRUTH)
    losses = fit_losses(model, arrays, np.zeros((1, 5, 1)), epochs=4, jit_compile=jit, callbacks=[Change()])
    assert_close(losses, [6, 0, 6, 0])
    assert calls[0] > 0
    assert calls == [calls[0]] * 4


@pytest.mark.parametrize(
    "schedule",
    [
        lambda: keras.optimizers.schedules.PiecewiseConstantDecay([3], [1.0, 0.0]),
        lambda: lambda step: ops.cast(step <= 3, "float32"),
    ],
    ids=["schedule", "callable"],
)
@pytest.mark.parametrize("how", ["eager", "fit"])
def test_a_schedule_counts_the_training_calls(schedule, how):
    """Law 4: forced up to the third call, free from the sixth on, whether calls count from 0 or
    1.
    """
    layer = steps.pure_readout().layer(teacher_force=schedule(), return_sequences=True)
    if how == "fit":
        model, arrays = trainable(layer, X5, ground_truth=TRUTH)
        losses = fit_losses(model, arrays, np.zeros((1, 5, 1)), epochs=7)
    else:
        losses = []
        for _ in range(7):
            layer(X5, ground_truth=TRUTH)
            y = layer(X5, ground_truth=TRUTH, training=True)
            losses.append(float(np.mean(numpy(y) ** 2)))
    assert_close(losses[:3], [6, 6, 6])
    assert_close(losses[5:], [0, 0])


# Law 5


@pytest.mark.parametrize("how", ["eager", "graph"])
@pytest.mark.parametrize("ids", ["int32", "int64"])
def test_integer_truth_is_embedded_by_the_step(how, ids):
    """Law 5: token ids as truth; free running feeds the most likely token."""
    rng = np.random.default_rng(13)
    step = steps.tokens()
    layer = step.layer(teacher_force=True, return_sequences=True)
    x, truth = uniform(rng, 3, 6, 2), rng.integers(0, 5, (3, 6)).astype(ids)
    first = np.array([4, 0, 2], "int32")
    for training in (True, False):
        y = run(how, layer, x, ground_truth=truth, initial_readout=first, training=training)
        truths = [truth] if training else None
        assert_close(y, step.scan(x, readouts=[first], truths=truths).y)
    assert_close(run(how, layer, x), step.scan(x, readouts=[np.zeros(3, int)]).y)


def test_integer_truth_in_fit_and_predict():
    """Law 5: the cross-entropy of `fit` is that of the forced NumPy loop; `predict` feeds its own
    tokens.
    """
    rng = np.random.default_rng(14)
    step = steps.tokens()
    layer = step.layer(teacher_force=True, return_sequences=True)
    x, truth = uniform(rng, 3, 6, 2), rng.integers(0, 5, (3, 6)).astype("int32")
    model, arrays = functional(layer, x, ground_truth=truth)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss=loss)
    got = model.fit(arrays, truth, verbose=0, batch_size=3).history["loss"][0]
    zeros = [np.zeros(3, int)]
    logits = step.scan(x, readouts=zeros, truths=[truth]).y
    log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    assert_close(got, -np.take_along_axis(log_p, truth[..., None], -1).mean())
    assert_close(model.predict(arrays, verbose=0), step.scan(x, readouts=zeros).y)


@pytest.mark.parametrize("shape", [(), (2,), (2, 3), (2, 3, 1)], ids=len)
@pytest.mark.parametrize("how", TRAINING)
def test_truth_of_any_rank(shape, how):
    """Law 5: scalars, vectors, matrices and images are fed back alike."""
    rng = np.random.default_rng(15)
    layer = steps.ten_plus_readout(shape).layer(teacher_force=True, return_sequences=True)
    x, truth = uniform(rng, 2, 4, *shape), uniform(rng, 2, 4, *shape)
    late = np.concatenate([np.zeros_like(truth[:, :1]), truth[:, :-1]], axis=1)
    assert_close(run(how, layer, x, ground_truth=truth, training=True), 10 * x + late)
    assert_close(run(how, layer, x), 10 * np.cumsum(x, axis=1), 1e-4)


# Law 6

ONES = np.ones((1, 3, 1), "float32")


def fit_once(model, x):
    model.compile(optimizer=keras.optimizers.SGD(0.0), loss="mse")
    (loss,) = model.fit(x, np.zeros((1, 1)), verbose=0).history["loss"]
    return np.sqrt(loss)


CARRY = {
    "predict": lambda model, x: model.predict(x, verbose=0)[0, 0],
    "predict_on_batch": lambda model, x: model.predict_on_batch(x)[0, 0],
    "direct": lambda model, x: numpy(model(x))[0, 0],
    "training": lambda model, x: numpy(model(x, training=True))[0, 0],
    "fit": fit_once,
}


def stateful_model(layer, shape=(1, 3, 1)):
    inputs = keras.Input(batch_shape=shape)
    return keras.Model(inputs, layer(steps.Gain()(inputs)))


@pytest.mark.parametrize("how", [*CARRY, "predict_xla"])
def test_a_stateful_layer_carries_its_state(how):
    """Law 6: A on ones, T = 3: 3, 6, 9; after a reset 3; after reset_states(5.) 8."""
    layer = steps.accumulator().layer(stateful=True)
    model = stateful_model(layer)
    model.compile(jit_compile=how == "predict_xla")
    call = CARRY[how.removesuffix("_xla")]
    assert_close([call(model, ONES) for _ in range(3)], [3, 6, 9])
    layer.reset_states()
    assert_close(call(model, ONES), 3)
    layer.reset_states(5.0)
    assert_close(call(model, ONES), 8)
    assert_close(call(model, ONES), 11)
    layer.reset_states([np.full((1, 1), 2.0)])
    assert_close(call(model, ONES), 5)


def test_every_way_to_run_carries_to_the_next():
    """Law 6: fit, predict, predict_on_batch and direct calls all move one and the same state."""
    model = stateful_model(steps.accumulator().layer(stateful=True))
    expected = 0
    for how in [*CARRY, *CARRY]:
        expected += 3
        assert_close(CARRY[how](model, ONES), expected)


def test_batches_and_epochs_carry():
    """Law 6: two batches of one `predict` and two epochs of one `fit` follow each other."""
    layer = steps.accumulator().layer(stateful=True)
    model = stateful_model(layer)
    np.testing.assert_array_equal(model.predict(np.ones((2, 3, 1)), batch_size=1, verbose=0), [[3], [6]])
    layer.reset_states()
    assert_close(fit_losses(model, ONES, np.zeros((1, 1)), epochs=3), [9, 36, 81])


@pytest.mark.parametrize("how", CARRY)
def test_a_stateful_layer_starts_from_its_initializer(how):
    """Law 6: with the initializer ones 4 first, and 4 after a reset."""
    layer = steps.accumulator().layer(stateful=True, state_initializer="ones")
    model = stateful_model(layer)
    assert_close([CARRY[how](model, ONES) for _ in range(2)], [4, 7])
    layer.reset_states()
    assert_close(CARRY[how](model, ONES), 4)


def test_a_plain_array_makes_a_stateful_layer_as_well():
    """Law 6: the batch size is that of the first array."""
    layer = steps.accumulator().layer(stateful=True, return_states=True)
    x = np.arange(6, dtype="float32").reshape(2, 3, 1)
    for times in (1, 2):
        y, h = layer(x)
        np.testing.assert_array_equal(y, [[3 * times], [12 * times]])
        np.testing.assert_array_equal(h, y)


def test_an_initial_state_wins_for_its_call():
    """Law 6: initial_state= replaces what was carried; the next call goes on from there."""
    layer = steps.accumulator().layer(stateful=True)
    assert_close(layer(ONES), [[3]])
    assert_close(layer(ONES, initial_state=[np.full((1, 1), 10, "float32")]), [[13]])
    assert_close(layer(ONES), [[16]])


def test_a_stateful_readout_is_carried():
    """Law 6: the last readout is a part of what is carried, and of what is reset."""
    layer = steps.counting_readout().layer(stateful=True, return_sequences=True)
    np.testing.assert_array_equal(layer(ONES), row(1, 2, 3))
    np.testing.assert_array_equal(layer(ONES), row(4, 5, 6))
    layer.reset_states()
    np.testing.assert_array_equal(layer(ONES), row(1, 2, 3))


def test_the_last_truth_is_carried():
    """Law 6: in training the first timestep of a call reads the last valid truth of the call
    before.
    """
    layer = steps.pure_readout().layer(stateful=True, teacher_force=True, return_sequences=True)
    first = layer(ONES, ground_truth=row(1, 2, 3), training=True)
    np.testing.assert_array_equal(first, row(0, 1, 2))
    mask = np.array([[True, True, False]])
    second = layer(ONES, ground_truth=row(4, 5, 6), mask=mask, training=True)
    np.testing.assert_array_equal(second, row(3, 4, 4))
    third = layer(ONES, ground_truth=row(7, 8, 9), training=True)
    np.testing.assert_array_equal(third, row(5, 7, 8))
    layer.reset_states()
    again = layer(ONES, ground_truth=row(7, 8, 9), training=True)
    np.testing.assert_array_equal(again, row(0, 7, 8))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_pieces_of_a_sequence_give_the_whole(training, masked):
    """Law 6: three calls on pieces of a sequence equal NumPy on all of it, mask and truth
    included.
    """
    rng = np.random.default_rng(16)
    step = steps.dense(readout=2)
    layer = step.layer(
        stateful=True,
        teacher_force=True,
        return_sequences=True,
        return_states=True,
        zero_output_for_mask=True,
    )
    x, truth = uniform(rng, 3, 9, 3), uniform(rng, 3, 9, 2)
    mask = rng.random((3, 9)) < 0.6 if masked else np.ones((3, 9), bool)
    mask[:, 3:6] &= np.array([[False], [True], [True]])
    pieces = []
    for k in range(3):
        cut = slice(3 * k, 3 * k + 3)
        piece, h = layer(x[:, cut], ground_truth=truth[:, cut], mask=mask[:, cut], training=training)
        pieces.append(piece)
    expected = step.scan(
        x,
        states=[np.zeros((3, 4))],
        readouts=[np.zeros((3, 2))],
        truths=[truth] if training else None,
        mask=mask,
        zero_output_for_mask=True,
    )
    assert_close(np.concatenate(pieces, axis=1), expected.y)
    assert_close(h, expected.states[0])


# Law 7


@pytest.mark.parametrize("how", [*INFERENCE, "predict_xla"])
def test_go_backwards_returns_processing_order(how):
    """Law 7: n = x + h / 2 on 1, 2, 4 from the end: 4, 4, 3; the last output is the last
    processed.
    """
    layer = steps.decay().layer(go_backwards=True, return_sequences=True)
    np.testing.assert_array_equal(run(how, layer, row(1, 2, 4)), row(4, 4, 3))
    last = steps.decay().layer(go_backwards=True, return_states=True)
    for value in run(how, last, row(1, 2, 4)):
        np.testing.assert_array_equal(value, [[3]])


@pytest.mark.parametrize("return_sequences", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_go_backwards_as_keras_does(return_sequences, masked):
    """Law 7: the values of `keras.layers.SimpleRNN(go_backwards=True)` with its weights."""
    rng = np.random.default_rng(17)
    x = uniform(rng, 3, 5, 2)
    same = {"go_backwards": True, "return_sequences": return_sequences}
    theirs = keras.layers.SimpleRNN(4, bias_initializer="random_normal", **same)
    ours = SimpleRNNCell(4, input_dim=2).get_layer(**same)
    call = {"mask": GAPS} if masked else {}
    expected = theirs(x, **call)
    ours.build(x.shape)
    ours.set_weights(theirs.get_weights())
    assert_close(ours(x, **call), expected, 1e-6)


# Law 8


@pytest.mark.parametrize("how", [*INFERENCE, "predict_xla"])
@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_decode_sees_its_vector_at_every_step(how, unroll, return_sequences):
    """Law 8: y = 10 c + readout over 4 steps: 10, 20, 30, 40, with or without return_sequences."""
    options = {"unroll": unroll, "return_sequences": return_sequences}
    layer = steps.ten_plus_readout().layer(decode=True, output_length=4, **options)
    one = np.ones((1, 1), "float32")
    np.testing.assert_array_equal(run(how, layer, one), row(10, 20, 30, 40))
    np.testing.assert_array_equal(layer(one, output_length=6), row(10, 20, 30, 40, 50, 60))
    np.testing.assert_array_equal(layer(one), row(10, 20, 30, 40))


def test_decode_takes_its_length_in_a_functional_model():
    """Law 8: output_length=6 at the call, in `predict`; the symbolic shape says 6."""
    layer = steps.ten_plus_readout().layer(decode=True, output_length=4)
    inputs = keras.Input((1,))
    y = layer(inputs, output_length=6)
    assert y.shape == (None, 6, 1)
    got = keras.Model(inputs, y).predict(np.array([[1.0], [2.0]]), verbose=0)
    np.testing.assert_array_equal(got, np.array([[1], [2]])[..., None] * row(10, 20, 30, 40, 50, 60))


def test_decode_with_states_and_truth():
    """Law 8: states run along and the truth sets the readout in training."""
    rng = np.random.default_rng(18)
    step = steps.dense(readout=2)
    layer = step.layer(decode=True, output_length=5, teacher_force=True, return_states=True)
    x, truth = uniform(rng, 3, 3), uniform(rng, 3, 5, 2)
    h0, r0 = uniform(rng, 3, 4), uniform(rng, 3, 2)
    for training in (True, False):
        y, h = layer(x, initial_state=[h0], initial_readout=r0, ground_truth=truth, training=training)
        truths = [truth] if training else None
        expected = step.scan(x, states=[h0], readouts=[r0], truths=truths, output_length=5)
        assert_close(y, expected.y)
        assert_close(h, expected.states[0])


def test_a_stateful_decoder_goes_on():
    """Law 8 with 6: a second call continues from the last readout."""
    layer = steps.ten_plus_readout().layer(decode=True, output_length=2, stateful=True)
    one = np.ones((1, 1), "float32")
    np.testing.assert_array_equal(layer(one), row(10, 20))
    np.testing.assert_array_equal(layer(one), row(30, 40))


# Law 9


@pytest.mark.parametrize("unroll", [False, True])
def test_one_layer_on_any_length(unroll):
    """Law 9: the same layer on T = 4, 6, 1 and 4 again."""
    rng = np.random.default_rng(19)
    step = steps.dense()
    layer = step.layer(return_sequences=True, unroll=unroll)
    for time in (4, 6, 1, 4):
        x = uniform(rng, 2, time, 3)
        assert_close(layer(x), step.scan(x, states=[np.zeros((2, 4))]).y)


@pytest.mark.parametrize("jit", [False, True])
def test_an_open_time_axis(jit):
    """Law 9: built with time None, predicted on 3 and on 9."""
    rng = np.random.default_rng(20)
    step = steps.dense(readout=2)
    layer = step.layer(return_sequences=True)
    inputs = keras.Input((None, 3))
    model = keras.Model(inputs, layer(inputs))
    assert model.output.shape == (None, None, 2)
    model.compile(jit_compile=jit)
    for time in (3, 9):
        x = uniform(rng, 2, time, 3)
        zeros = {"states": [np.zeros((2, 4))], "readouts": [np.zeros((2, 2))]}
        assert_close(model.predict(x, verbose=0), step.scan(x, **zeros).y)


def test_unroll_needs_to_know_the_time():
    """Law 9: unroll on time None is an error that says why."""
    layer = steps.accumulator().layer(unroll=True)
    with pytest.raises(ValueError, match="(?is)(?=.*unroll)(?=.*time)(?=.*None)"):
        layer(keras.Input((None, 1)))


# Law 10


def gradients_of(layer, step, keep, **call):
    """A function of x and h0: the outputs, and the gradients of their sum weighted by `keep`."""

    def gradients(x, h0):
        with tf.GradientTape() as tape:
            tape.watch([x, h0])
            y = layer(x, initial_state=[h0], **call)
            total = tf.reduce_sum(y * keep)
        weights = [w.value for part in step.layers for w in part.weights]
        return y, tape.gradient(total, [x, h0, *weights])

    return gradients


GRADIENTS = [("eager", *flags) for flags in itertools.product([False, True], [False, True], [False, True])]
GRADIENTS += [("graph", True, True, True), ("xla", True, True, True), ("xla", False, False, False)]


@pytest.mark.parametrize("how, go_backwards, masked, forced", GRADIENTS)
def test_unrolled_equals_the_loop_and_so_do_gradients(how, go_backwards, masked, forced):
    """Law 10: values and gradients of input, state and weights to 1e-6, and both are NumPy's
    derivative.
    """
    rng = np.random.default_rng(21)
    step = steps.dense(readout=2)
    x, truth, h0 = uniform(rng, 3, 5, 3), uniform(rng, 3, 5, 2), uniform(rng, 3, 4)
    keep = uniform(rng, 3, 5, 2)
    mask = GAPS if masked else None
    results = {}
    for unroll in (False, True):
        layer = step.layer(
            return_sequences=True, teacher_force=True, unroll=unroll, go_backwards=go_backwards
        )
        call = {"ground_truth": truth, **({"mask": GAPS} if masked else {})}
        gradients = gradients_of(layer, step, keep, training=forced, **call)
        arguments = [tf.constant(x), tf.constant(h0)]
        if how != "eager":
            gradients(*arguments)
            gradients = tf.function(gradients, jit_compile=how == "xla")
        results[unroll] = numpy(gradients(*arguments))
    loop, unrolled = (keras.tree.flatten(results[u]) for u in (False, True))
    for a, b in zip(loop, unrolled, strict=True):
        assert_close(a, b, 1e-6)

    def weighted_sum(arrays):
        x, h0, *weights = arrays
        y = scan(
            step.oracle(weights),
            [x],
            states=[h0],
            readouts=[np.zeros((3, 2))],
            truths=[truth] if forced else None,
            mask=mask,
            go_backwards=go_backwards,
        ).y
        return np.sum(y * keep)

    arrays = [x, h0, *step.weights]
    for k, gradient in enumerate(loop[1:]):
        directions = [rng.normal(size=a.shape) * (j == k) for j, a in enumerate(arrays)]
        expected = directional_derivative(weighted_sum, arrays, directions)
        assert_close(np.sum(gradient * directions[k]), expected, 1e-4)


# Every law that has a loop of its own, compiled by XLA through `keras.Model.compile`

XLA = {
    "loop": (lambda: steps.accumulator(), {}, {}, row(1, 2, 4), row(1, 3, 7)),
    "unroll": (lambda: steps.accumulator(), {"unroll": True}, {}, row(1, 2, 4), row(1, 3, 7)),
    "mask": (
        lambda: steps.counter(),
        {},
        {"mask": np.array([[1, 1, 0, 0]], bool)},
        row(1, 2, 3, 4),
        row(10, 20, 20, 20),
    ),
    "readout": (lambda: steps.counting_readout(), {}, {}, row(1, 1, 1), row(1, 2, 3)),
    "decode": (
        lambda: steps.ten_plus_readout(),
        {"decode": True, "output_length": 4},
        {},
        np.ones((1, 1), "float32"),
        row(10, 20, 30, 40),
    ),
    "forcing ignored": (
        lambda: steps.pure_readout(),
        {"teacher_force": True},
        {"ground_truth": TRUTH},
        X5,
        row(0, 0, 0, 0, 0),
    ),
}


@pytest.mark.parametrize("name", XLA)
def test_predict_compiled_by_xla(name):
    """Laws 1, 8, 10, 11 in `predict` under compile(jit_compile=True)."""
    step, options, call, x, expected = XLA[name]
    layer = step().layer(return_sequences=True, **options)
    np.testing.assert_array_equal(run("predict_xla", layer, x, **call), expected)


XLA_FIT = {
    "loop": ({}, {}),
    "forcing, mask, unroll": ({"teacher_force": True, "unroll": True}, {"mask": GAPS}),
    "backwards, mask": ({"teacher_force": True, "go_backwards": True}, {"mask": GAPS}),
}


@pytest.mark.parametrize("name", XLA_FIT)
def test_fit_compiled_by_xla_trains_as_without(name):
    """Laws 1, 7, 10, 11 in `fit`: the first loss is NumPy's, the weights after three epochs those
    without XLA.
    """
    options, call = XLA_FIT[name]
    rng = np.random.default_rng(22)
    x, truth = uniform(rng, 3, 5, 3), uniform(rng, 3, 5, 2)
    if "teacher_force" in options:
        call = {**call, "ground_truth": truth}
    losses, weights = {}, {}
    for jit in (False, True):
        keras.utils.set_random_seed(4)
        step = steps.dense(readout=2)
        layer = step.layer(**options)
        expected = step.scan(
            x,
            states=[np.zeros((3, 4))],
            readouts=[np.zeros((3, 2))],
            truths=[truth] if "teacher_force" in options else None,
            mask=call.get("mask"),
            go_backwards=options.get("go_backwards", False),
        )
        model, arrays = functional(layer, x, **call)
        losses[jit] = fit_losses(model, arrays, truth[:, 0], epochs=3, jit_compile=jit, rate=0.1)
        assert_close(losses[jit][0], np.mean((expected.last[0] - truth[:, 0]) ** 2))
        weights[jit] = step.weights
    assert_close(losses[True], losses[False])
    assert losses[True][2] < losses[True][0]
    for a, b in zip(weights[True], weights[False], strict=True):
        assert_close(a, b)
