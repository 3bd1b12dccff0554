"""Laws 11 to 15: a masked timestep is as if it were not there, alone and in `Bidirectional`."""

import keras
import numpy as np
import pytest

from rshop import LSTMCell, RecurrentSequential, SimpleRNNCell
from tests.support import steps
from tests.support.oracles import gru, lstm, scan, simple_rnn
from tests.support.steps import fit_losses, functional, numpy, row, run, uniform

EVERYWHERE = ["eager", "predict", "predict_xla"]
RAGGED = np.array(
    [
        [1, 1, 1, 1, 1, 1],
        [1, 1, 1, 0, 0, 0],
        [0, 0, 1, 1, 1, 1],
        [1, 0, 1, 0, 0, 1],
        [0, 1, 0, 1, 1, 0],
        [0, 0, 0, 0, 0, 0],
    ],
    bool,
)


def assert_close(got, expected, tolerance=1e-5):
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance)


def zeros(*sizes):
    return [np.zeros((len(RAGGED), size), "float32") for size in sizes]


# The oracle itself

KERAS = {
    "SimpleRNN": (keras.layers.SimpleRNN, simple_rnn, {}, 1),
    "LSTM": (keras.layers.LSTM, lstm, {}, 2),
    "GRU": (keras.layers.GRU, gru, {"reset_after": True}, 1),
    "GRU, reset before": (keras.layers.GRU, gru, {"reset_after": False}, 1),
}


@pytest.mark.parametrize("name", KERAS)
@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_the_oracle_agrees_with_keras(name, zero, go_backwards):
    """Laws 7, 11, 12: where Keras's own layers are right, the NumPy loop gives their numbers."""
    rng = np.random.default_rng(0)
    layer, cell, options, states = KERAS[name]
    same = {"go_backwards": go_backwards, "zero_output_for_mask": zero}
    theirs = layer(
        5,
        return_sequences=True,
        return_state=True,
        bias_initializer="random_normal",
        **same,
        **options,
    )
    x, start = uniform(rng, 6, 6, 3), [uniform(rng, 6, 5) for _ in range(states)]
    y, *h = theirs(x, mask=RAGGED, initial_state=start)
    step = cell(*[w.astype("float64") for w in theirs.get_weights()], **options)
    expected = scan(step, [x], states=start, mask=RAGGED, **same)
    for got, want in zip([y, *h], [expected.y, *expected.states], strict=True):
        assert_close(got, want, 1e-6)


# Law 11

COUNTED = row(1, 2, 7, 7)
FIRST_TWO = np.array([[1, 1, 0, 0]], bool)


@pytest.mark.parametrize("how", EVERYWHERE)
@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("zero, end", [(False, 20), (True, 0)])
def test_a_masked_timestep_changes_no_state_and_holds_the_output(how, unroll, zero, end):
    """Law 11: y = 10 x, h += 1 on 1, 2, -, -: y 10, 20, then held (or 0), and h counts to 2."""
    layer = steps.counter().layer(
        return_sequences=True, return_states=True, unroll=unroll, zero_output_for_mask=zero
    )
    y, h = run(how, layer, COUNTED, mask=FIRST_TWO)
    np.testing.assert_array_equal(y, row(10, 20, end, end))
    np.testing.assert_array_equal(h, [[2]])


@pytest.mark.parametrize("how", EVERYWHERE)
@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("zero", [False, True])
def test_the_last_output_is_the_last_valid_one(how, unroll, zero):
    """Law 11: without return_sequences 20, with `zero_output_for_mask` too."""
    layer = steps.counter().layer(return_states=True, unroll=unroll, zero_output_for_mask=zero)
    y, h = run(how, layer, COUNTED, mask=FIRST_TWO)
    np.testing.assert_array_equal(y, [[20]])
    np.testing.assert_array_equal(h, [[2]])


@pytest.mark.parametrize("zero", [False, True])
def test_nothing_is_held_before_the_first_valid_timestep(zero):
    """Law 11: -, 3, -, 4: 0, 30, 30 (or 0), 40."""
    layer = steps.counter().layer(return_sequences=True, zero_output_for_mask=zero)
    y = layer(row(9, 3, 9, 4), mask=np.array([[0, 1, 0, 1]], bool))
    np.testing.assert_array_equal(y, row(0, 30, 0 if zero else 30, 40))


@pytest.mark.parametrize("how", ["masking", "sequential"])
def test_the_mask_of_the_layer_before(how):
    """Law 11: a `Masking` layer in front does what `mask=` does, in `predict`."""
    layer = steps.counter().layer(return_sequences=True, return_states=how == "masking")
    inputs = keras.Input((None, 1))
    if how == "masking":
        model = keras.Model(inputs, layer(keras.layers.Masking(-1.0)(inputs)))
        y, h = model.predict(row(1, 2, -1, -1), verbose=0)
        np.testing.assert_array_equal(h, [[2]])
    else:
        model = keras.Sequential([inputs, keras.layers.Masking(-1.0), layer])
        y = model.predict(row(1, 2, -1, -1), verbose=0)
    np.testing.assert_array_equal(y, row(10, 20, 20, 20))


@pytest.mark.parametrize("jit", [False, True])
def test_fit_trains_on_the_last_valid_output(jit):
    """Law 11: the loss of `fit` on the last output is that of 20, and of 2 for the state."""
    layer = steps.counter().layer(return_states=True)
    inputs, mask = keras.Input((4, 1)), keras.Input((4,), dtype="bool")
    y, h = layer(steps.Gain()(inputs), mask=mask)
    model = keras.Model([inputs, mask], y + h)
    (loss,) = fit_losses(model, [COUNTED, FIRST_TWO], np.zeros((1, 1)), jit_compile=jit)
    assert_close(loss, 22.0**2)


# Law 12

STEPS = {
    "state only": (lambda: steps.dense(), 1),
    "with readout": (lambda: steps.dense(readout=2), 1),
    "readout only": (lambda: steps.ten_plus_readout((3,)), 0),
}


RUNS = [("eager", False, zero, backwards) for zero in (False, True) for backwards in (False, True)]
RUNS += [("eager", True, False, False), ("eager", True, True, True)]
RUNS += [("predict", False, False, True), ("predict", False, True, False)]


@pytest.mark.parametrize("how, unroll, zero, go_backwards", RUNS)
@pytest.mark.parametrize("name", STEPS)
def test_lengths_gaps_and_an_empty_row(name, go_backwards, zero, unroll, how):
    """Law 12: every row equals NumPy on its valid timesteps only; the empty row gives its initial
    state and 0.
    """
    rng = np.random.default_rng(1)
    build, states = STEPS[name]
    step = build()
    options = {"go_backwards": go_backwards, "zero_output_for_mask": zero}
    layer = step.layer(return_sequences=True, return_states=True, unroll=unroll, **options)
    x = uniform(rng, 6, 6, 3)
    initial = [uniform(rng, 6, 4)][:states]
    call = {"initial_state": initial} if states else {}
    readouts = []
    if "readout" in name:
        readouts = [uniform(rng, 6, layer.step.inputs[-1].shape[-1])]
        call["initial_readout"] = readouts[0]
    expected = step.scan(x, states=initial, readouts=readouts, mask=RAGGED, **options)
    y, *h = run(how, layer, x, mask=RAGGED, **call)
    assert_close(y, expected.y)
    np.testing.assert_array_equal(y[-1], 0)
    assert len(h) == states
    for got, want, start in zip(h, expected.states, initial, strict=True):
        assert_close(got, want)
        np.testing.assert_array_equal(got[-1], start[-1])
    last = step.layer(unroll=unroll, **options)
    assert_close(last(x, mask=RAGGED, **call), expected.last[0])


def test_a_masked_row_equals_its_compacted_row():
    """Law 12: running only the valid timesteps, row by row, gives the same last output and
    states.
    """
    rng = np.random.default_rng(2)
    layer = LSTMCell(4, input_dim=3).get_layer(return_states=True)
    x = uniform(rng, 6, 6, 3)
    together = numpy(layer(x, mask=RAGGED))
    for b in range(5):
        alone = numpy(layer(x[b : b + 1, RAGGED[b]]))
        for all_rows, one_row in zip(together, alone, strict=True):
            assert_close(all_rows[b], one_row[0], 1e-6)
    oracle = lstm(*[w.astype("float64") for w in layer.get_weights()])
    expected = scan(oracle, [x], states=zeros(4, 4), mask=RAGGED)
    for got, want in zip(together, [expected.last[0], *expected.states], strict=True):
        assert_close(got, want)


@pytest.mark.parametrize("unroll", [False, True])
def test_what_stands_at_a_masked_timestep_is_never_seen(unroll):
    """Law 12: NaN at every masked timestep of input and truth changes no number."""
    rng = np.random.default_rng(3)
    step = steps.dense(readout=2)
    layer = step.layer(return_sequences=True, return_states=True, teacher_force=True, unroll=unroll)
    x, truth = uniform(rng, 6, 6, 3), uniform(rng, 6, 6, 2)
    clean = numpy(layer(x, ground_truth=truth, mask=RAGGED, training=True))
    x[~RAGGED], truth[~RAGGED] = np.nan, np.nan
    dirty = numpy(layer(x, ground_truth=truth, mask=RAGGED, training=True))
    for a, b in zip(clean, dirty, strict=True):
        assert np.isfinite(a).all()
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("how", EVERYWHERE)
@pytest.mark.parametrize("unroll", [False, True])
def test_masks_on_states_of_rank_four(how, unroll):
    """Law 12: n = x + h / 2 on images."""
    rng = np.random.default_rng(4)
    step = steps.decay((2, 3, 2))
    layer = step.layer(return_sequences=True, return_states=True, unroll=unroll)
    x, h0 = uniform(rng, 6, 6, 2, 3, 2), uniform(rng, 6, 2, 3, 2)
    y, h = run(how, layer, x, mask=RAGGED, initial_state=[h0])
    expected = step.scan(x, states=[h0], mask=RAGGED)
    assert_close(y, expected.y)
    assert_close(h, expected.states[0])
    np.testing.assert_array_equal(h[-1], h0[-1])


@pytest.mark.parametrize("how", EVERYWHERE)
def test_a_batch_that_is_masked_everywhere(how):
    """Law 12: outputs 0 and the state of the initializer."""
    layer = steps.counter().layer(return_states=True, state_initializer="ones")
    y, h = run(how, layer, COUNTED, mask=np.zeros((1, 4), bool))
    np.testing.assert_array_equal(y, [[0]])
    np.testing.assert_array_equal(h, [[1]])


def test_a_full_mask_is_no_mask():
    """Law 12: a mask of ones gives the numbers of no mask."""
    rng = np.random.default_rng(5)
    layer = steps.dense(readout=2).layer(return_sequences=True)
    x = uniform(rng, 2, 5, 3)
    assert_close(layer(x, mask=np.ones((2, 5), bool)), layer(x), 1e-6)


# Law 13

IDS = np.array([[1, 2, 3, 0], [4, 0, 2, 1], [0, 0, 3, 0], [0, 0, 0, 0]], "int32")


def embedded(layer, embedding, ids, spelling):
    """The layer on an Embedding with mask_zero, and the probed mask of its output."""
    call = {
        "mask of the input": {},
        "mask=": {"mask": embedding.compute_mask(ids)},
        "initial_state=": {"initial_state": [keras.ops.zeros((4, 4))]},
    }[spelling]
    y = layer(embedding(ids), **call)
    return y, steps.MaskProbe()(y)


EMBEDDED = [(False, spelling) for spelling in ("mask of the input", "mask=", "initial_state=")]
# Bidirectional halves the states it is given: test_bidirectional_states has them.
EMBEDDED += [(True, spelling) for spelling in ("mask of the input", "mask=")]


@pytest.mark.parametrize("how", ["eager", "predict"])
@pytest.mark.parametrize("bidirectional, spelling", EMBEDDED)
def test_an_embedding_masks_however_the_layer_is_called(spelling, how, bidirectional):
    """Law 13: rnn(e), rnn(e, mask=m), rnn(e, initial_state=zeros) agree and carry the mask on."""
    step = steps.dense()
    layer = step.layer(return_sequences=True)
    parts = [layer]
    if bidirectional:
        wrapped = keras.layers.Bidirectional(layer, merge_mode="concat")
        # Keras 3.15 says so itself; from 3.16 on its wrapper hands a mask on only when told to.
        wrapped.supports_masking = True
        parts = [wrapped.forward_layer, wrapped.backward_layer]
    embedding = keras.layers.Embedding(5, 3, mask_zero=True, embeddings_initializer="normal")
    arguments = (wrapped if bidirectional else layer, embedding)
    if how == "predict":
        inputs = keras.Input(batch_shape=(4, 4), dtype="int32")
        model = keras.Model(inputs, embedded(*arguments, inputs, spelling))
    else:
        embedded(*arguments, IDS, spelling)
    for part in parts:
        part.set_weights(step.weights)
    if how == "predict":
        y, probe = model.predict(IDS, verbose=0)
    else:
        y, probe = embedded(*arguments, IDS, spelling)
    e, start = embedding.get_weights()[0][IDS], [np.zeros((4, 4))]
    expected = step.scan(e, states=start, mask=IDS != 0).y
    if bidirectional:
        expected = np.concatenate(both_ways(step, e, IDS != 0, start, zero=True), axis=-1)
    assert_close(y, expected)
    np.testing.assert_array_equal(probe, IDS != 0)


@pytest.mark.parametrize("how", ["eager", "predict"])
def test_the_output_with_states_carries_the_mask_too(how):
    """Law 13: with return_states the sequence still has the mask, and the next layer uses it."""
    layer = steps.dense().layer(return_sequences=True, return_states=True)
    behind = steps.counter().layer(return_states=True)
    ids = IDS if how == "eager" else keras.Input((4,), dtype="int32")
    embedding = keras.layers.Embedding(5, 3, mask_zero=True)
    y, h = layer(embedding(ids))
    probe = steps.MaskProbe()(y)
    _, count = behind(keras.layers.Dense(1)(y))
    if how == "predict":
        probe, count = keras.Model(ids, [probe, count]).predict(IDS, verbose=0)
    np.testing.assert_array_equal(probe, IDS != 0)
    np.testing.assert_array_equal(count, (IDS != 0).sum(1, keepdims=True))


def test_a_last_output_carries_no_mask():
    """Law 13: without return_sequences there is no time axis left to mask."""
    layer = steps.dense().layer()
    inputs = keras.Input((4,), dtype="int32")
    y = layer(keras.layers.Embedding(5, 3, mask_zero=True)(inputs))
    probe = steps.MaskProbe()(keras.layers.Reshape((1, 2))(y))
    got = keras.Model(inputs, probe).predict(IDS, verbose=0)
    np.testing.assert_array_equal(got, -np.ones((4, 1)))
    assert layer.compute_mask(np.zeros((4, 4, 3)), IDS != 0) is None


def test_an_embedding_masks_in_fit():
    """Law 13: the loss of `fit` on the last output is that of NumPy without the padding."""
    rng = np.random.default_rng(6)
    step = steps.dense()
    inputs = keras.Input((None,), dtype="int32")
    embedding = keras.layers.Embedding(5, 3, mask_zero=True, embeddings_initializer="normal")
    model = keras.Model(inputs, step.layer()(embedding(inputs)))
    target = uniform(rng, 4, 2)
    losses = fit_losses(model, IDS, target, epochs=2)
    e = embedding.get_weights()[0][IDS]
    expected = step.scan(e, states=[np.zeros((4, 4))], mask=IDS != 0).last[0]
    assert_close(losses, [np.mean((expected - target) ** 2)] * 2)


@pytest.mark.parametrize("spelling", ["masks of the inputs", "mask=", "one without"])
def test_the_masks_of_several_inputs_are_anded(spelling):
    """Law 13: a timestep counts where every input has it."""
    a, b = keras.Input((3,)), keras.Input((3,))
    h = keras.Input((3,), name="h")
    n = a + 2.0 * b + 0.5 * h
    step = steps.plain(
        lambda a, b, h: (a + 2 * b + h / 2,) * 2,
        input=[a, b],
        output=n,
        initial_states=[h],
        final_states=[n],
    )
    layer = step.layer(return_sequences=True)
    others = np.roll(IDS, 1, axis=1)
    embeddings = [keras.layers.Embedding(5, 3, mask_zero=spelling == "masks of the inputs") for _ in "ab"]
    e, f = (embed(ids) for embed, ids in zip(embeddings, (IDS, others), strict=True))
    masks = [IDS != 0, others != 0]
    call = {
        "masks of the inputs": {},
        "mask=": {"mask": masks},
        "one without": {"mask": [masks[0], None]},
    }[spelling]
    mask = masks[0] if spelling == "one without" else masks[0] & masks[1]
    expected = step.scan([numpy(e), numpy(f)], states=[np.zeros((4, 3))], mask=mask)
    assert_close(layer([e, f], **call), expected.y)


# Law 14


@pytest.mark.parametrize("how", ["eager", "graph", "xla"])
@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("zero", [False, True])
def test_the_truth_of_a_masked_timestep_is_passed_over(how, unroll, zero):
    """Law 14: y = readout, truth 1..5, 1, -, 3, 4, -: the readout is the truth of the last valid
    timestep.
    """
    layer = steps.pure_readout().layer(
        teacher_force=True, return_sequences=True, unroll=unroll, zero_output_for_mask=zero
    )
    call = {"ground_truth": row(1, 2, 3, 4, 5), "mask": np.array([[1, 0, 1, 1, 0]], bool)}
    y = run(how, layer, np.ones((1, 5, 1), "float32"), training=True, **call)
    np.testing.assert_array_equal(y, row(0, 0, 1, 3, 0 if zero else 3))


@pytest.mark.parametrize("how", EVERYWHERE)
@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("zero", [False, True])
def test_the_readout_of_a_masked_timestep_is_kept(how, unroll, zero):
    """Law 14: y = readout + 1 counts valid timesteps, and `zero_output_for_mask` changes no
    readout.
    """
    layer = steps.counting_readout().layer(return_sequences=True, unroll=unroll, zero_output_for_mask=zero)
    mask = np.array([[0, 1, 0, 1, 1, 0]], bool)
    y = run(how, layer, np.zeros((1, 6, 1), "float32"), mask=mask)
    np.testing.assert_array_equal(y, row(0, 1, 0 if zero else 1, 2, 3, 0 if zero else 3))


@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("zero", [False, True])
def test_a_masked_initial_readout_waits(unroll, zero):
    """Law 14: an initial readout is read at the first valid timestep, however late, and is no
    output.
    """
    layer = steps.pure_readout().layer(return_sequences=True, unroll=unroll, zero_output_for_mask=zero)
    y = layer(
        np.zeros((1, 4, 1), "float32"),
        mask=np.array([[0, 0, 1, 0]], bool),
        initial_readout=np.full((1, 1), 9, "float32"),
    )
    np.testing.assert_array_equal(y, row(0, 0, 9, 0 if zero else 9))


@pytest.mark.parametrize("how", ["eager", "graph"])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("unroll", [False, True])
@pytest.mark.parametrize("zero", [False, True])
def test_mask_forcing_and_readout_together(how, go_backwards, unroll, zero):
    """Law 14: states, readout, truth, gaps and direction against NumPy on the compacted rows."""
    rng = np.random.default_rng(7)
    step = steps.dense(readout=2)
    options = {"go_backwards": go_backwards, "zero_output_for_mask": zero}
    layer = step.layer(
        teacher_force=True, return_sequences=True, return_states=True, unroll=unroll, **options
    )
    x, truth = uniform(rng, 6, 6, 3), uniform(rng, 6, 6, 2)
    h0, r0 = uniform(rng, 6, 4), uniform(rng, 6, 2)
    call = {"initial_state": [h0], "initial_readout": r0, "mask": RAGGED}
    y, h = run(how, layer, x, ground_truth=truth, training=True, **call)
    expected = step.scan(x, states=[h0], readouts=[r0], truths=[truth], mask=RAGGED, **options)
    assert_close(y, expected.y)
    assert_close(h, expected.states[0])


def test_a_mask_with_token_ids():
    """Law 14: integer truth and argmax feedback pass over masked timesteps alike."""
    rng = np.random.default_rng(8)
    step = steps.tokens()
    layer = step.layer(teacher_force=True, return_sequences=True)
    x, truth = uniform(rng, 6, 6, 2), rng.integers(0, 5, (6, 6))
    first = rng.integers(0, 5, 6).astype("int32")
    for training in (True, False):
        y = layer(x, ground_truth=truth, initial_readout=first, mask=RAGGED, training=training)
        truths = [truth] if training else None
        assert_close(y, step.scan(x, readouts=[first], truths=truths, mask=RAGGED).y)


MEMORY = np.array([[[1.0], [2.0], [30.0]], [[4.0], [50.0], [6.0]]], "float32")
REMEMBERED = np.array([[1, 1, 0], [1, 0, 1]], bool)


@pytest.mark.parametrize("how", EVERYWHERE)
@pytest.mark.parametrize("unroll", [False, True])
def test_in_decode_the_mask_of_the_memory_goes_to_the_step(how, unroll):
    """Law 14: a mean over a memory leaves out its masked rows; no timestep of the output is
    masked.
    """
    layer = steps.pooled(features=1).layer(decode=True, output_length=4, unroll=unroll)
    y = run(how, layer, MEMORY, mask=REMEMBERED)
    expected = np.array([1.5, 5.0])[:, None, None] * row(1, 2, 3, 4)
    np.testing.assert_allclose(y, expected, rtol=1e-6)
    unmasked = np.array([11.0, 20.0])[:, None, None] * row(1, 2, 3, 4)
    np.testing.assert_allclose(run(how, layer, MEMORY), unmasked, rtol=1e-6)


@pytest.mark.parametrize("how", ["eager", "predict"])
def test_in_decode_the_mask_of_a_masking_layer_goes_to_the_step(how):
    """Law 14: as with `mask=`; what comes out has a time axis of its own and carries no mask of
    the memory.
    """
    layer = steps.pooled(features=1, readout=False).layer(decode=True, output_length=4)
    memory = np.where(REMEMBERED[..., None], MEMORY, 0)
    inputs = memory if how == "eager" else keras.Input((3, 1))
    y = layer(keras.layers.Masking()(inputs))
    probe = steps.MaskProbe()(y)
    if how == "predict":
        y, probe = keras.Model(inputs, [y, probe]).predict(memory, verbose=0)
    np.testing.assert_allclose(y, np.array([1.5, 5.0])[:, None, None] * np.ones((2, 4, 1)))
    np.testing.assert_array_equal(probe, -np.ones((2, 4)))


@pytest.mark.parametrize("training", [False, True])
def test_decode_with_a_masked_memory_and_truth(training):
    """Law 14: in training the truth is the readout; the memory's mask still goes to the step."""
    layer = steps.pooled(features=1).layer(decode=True, output_length=4, teacher_force=True)
    truth = np.stack([row(10, 20, 30, 40)[0], row(50, 60, 70, 80)[0]])
    y = layer(MEMORY, mask=REMEMBERED, ground_truth=truth, training=training)
    mean = np.array([1.5, 5.0])[:, None, None]
    late = np.concatenate([np.zeros((2, 1, 1)), truth[:, :-1]], axis=1)
    np.testing.assert_allclose(y, mean + late if training else mean * row(1, 2, 3, 4), rtol=1e-6)


# Law 15


def both_ways(step, x, mask, states, zero, backward_states=None):
    """The two halves of a Bidirectional layer in NumPy, in the order of the input."""
    options = {"mask": mask, "zero_output_for_mask": zero}
    forward = step.scan(x, states=states, **options).y
    backward = step.scan(x, states=backward_states or states, go_backwards=True, **options).y
    return forward, backward[:, ::-1]


LAST_MASKED = np.array([[1, 1, 1, 0]], bool)
MERGED = {
    # Keras makes `Bidirectional` return zeros at masked timesteps of a sequence.
    ("sum", True, True): row(8, 9, 11, 0),
    ("concat", True, True): np.array([[[1, 7], [3, 6], [7, 4], [0, 0]]]),
    ("sum", True, False): row(17, 18, 20, 25),
    ("concat", True, False): np.array([[[1, 16], [3, 15], [7, 13], [16, 9]]]),
    ("sum", False, True): np.array([[14]]),
    ("concat", False, True): np.array([[7, 7]]),
    ("sum", False, False): np.array([[32]]),
    ("concat", False, False): np.array([[16, 16]]),
}


def wrap(layer, x, masked, merge_mode, how):
    """Bidirectional around A on 1, 2, 4, 9 with or without a Masking of 9 in front."""
    wrapped = keras.layers.Bidirectional(layer, merge_mode=merge_mode)
    masking = keras.layers.Masking(9.0) if masked else keras.layers.Identity()
    if how == "eager":
        return wrapped(masking(x))
    inputs = keras.Input((None, 1))
    model = keras.Model(inputs, wrapped(masking(inputs)))
    model.compile(jit_compile=how == "predict_xla")
    return model.predict(x, verbose=0)


WRAPPED = [(how, *case) for case in MERGED for how in ("eager", "predict")]
WRAPPED += [("predict_xla", "concat", True, True), ("predict_xla", "sum", False, True)]


@pytest.mark.parametrize("how, merge_mode, sequences, masked", WRAPPED)
def test_bidirectional_wraps_the_layer(merge_mode, sequences, masked, how):
    """Law 15: A on 1, 2, 4, - (or 9): forwards 1, 3, 7 and backwards 7, 6, 4, summed and side by
    side.
    """
    layer = steps.accumulator().layer(return_sequences=sequences)
    y = wrap(layer, row(1, 2, 4, 9), masked, merge_mode, how)
    np.testing.assert_array_equal(y, MERGED[merge_mode, sequences, masked])


@pytest.mark.parametrize("how", ["eager", "predict"])
@pytest.mark.parametrize("masked", [False, True])
def test_bidirectional_states(masked, how):
    """Law 15: initial states in halves (10 forwards, 20 backwards), final states behind the
    output.
    """
    layer = steps.accumulator().layer(return_sequences=True, return_states=True)
    wrapped = keras.layers.Bidirectional(layer, merge_mode="sum")
    x, ten = row(1, 2, 4, 9), np.full((1, 1), 10, "float32")
    masking = keras.layers.Masking(9.0) if masked else keras.layers.Identity()
    if how == "eager":
        y, *states = wrapped(masking(x), initial_state=[ten, 2 * ten])
    else:
        inputs, h, g = keras.Input((None, 1)), keras.Input((1,)), keras.Input((1,))
        outputs = wrapped(masking(inputs), initial_state=[h, g])
        model = keras.Model([inputs, h, g], list(outputs))
        y, *states = model.predict([x, ten, 2 * ten], verbose=0)
    expected = row(38, 39, 41, 0) if masked else row(47, 48, 50, 55)
    np.testing.assert_array_equal(y, expected)
    end = [[[17]], [[27]]] if masked else [[[26]], [[36]]]
    np.testing.assert_array_equal(np.array(states), end)


@pytest.mark.parametrize("spelling", ["return_state", "return_states"])
def test_bidirectional_reads_both_spellings(spelling):
    """Law 15: Keras's `return_state` and this project's `return_states` are one option."""
    layer = steps.accumulator().layer(**{spelling: True})
    outputs = keras.layers.Bidirectional(layer, merge_mode="concat")(row(1, 2, 4))
    assert len(outputs) == 3
    for got, want in zip(outputs, ([[7, 7]], [[7]], [[7]]), strict=True):
        np.testing.assert_array_equal(got, want)


def cells(kind):
    """A layer with weights, and what a Bidirectional one of Keras would be."""
    if kind == "cell":
        return LSTMCell(3, input_dim=2).get_layer(return_sequences=True)
    if kind == "functional":
        return steps.dense(features=2).layer(return_sequences=True)
    layer = RecurrentSequential(return_sequences=True)
    layer.add(SimpleRNNCell(3))
    layer.add(LSTMCell(2))
    return layer


HALVES = [("functional", mode, True) for mode in ("sum", "concat", "ave", "mul", None)]
HALVES += [("functional", "concat", False), ("cell", "concat", True), ("cell", "sum", False)]
HALVES += [("sequential", "sum", True), ("sequential", "concat", False)]


@pytest.mark.parametrize("kind, merge_mode, masked", HALVES)
def test_bidirectional_merges_its_two_layers(kind, merge_mode, masked):
    """Law 15: the merged halves are the two layers run alone, each with weights of its own."""
    rng = np.random.default_rng(9)
    wrapped = keras.layers.Bidirectional(cells(kind), merge_mode=merge_mode)
    x = uniform(rng, 6, 6, 2)
    call = {"mask": RAGGED} if masked else {}
    y = wrapped(x, **call)
    forward = numpy(wrapped.forward_layer(x, **call))
    backward = numpy(wrapped.backward_layer(x, **call))[:, ::-1]
    assert np.abs(forward - backward).max() > 1e-2
    assert len(wrapped.get_weights()) == 2 * len(wrapped.forward_layer.get_weights())
    expected = {
        "sum": forward + backward,
        "concat": np.concatenate([forward, backward], axis=-1),
        "ave": (forward + backward) / 2,
        "mul": forward * backward,
        None: [forward, backward],
    }[merge_mode]
    for got, want in zip(keras.tree.flatten(y), keras.tree.flatten(expected), strict=True):
        assert_close(got, want, 1e-6)


@pytest.mark.parametrize("masked", [False, True])
def test_bidirectional_lstm_equals_that_of_keras(masked):
    """Law 15: with the weights of `Bidirectional(keras.layers.LSTM)`, to 1e-6; and after `fit`."""
    rng = np.random.default_rng(10)
    x, target = uniform(rng, 6, 6, 2), uniform(rng, 6, 6)
    models = []
    for layer in (cells("cell"), keras.layers.LSTM(3, return_sequences=True)):
        inputs, mask = keras.Input((None, 2)), keras.Input((None,), dtype="bool")
        wrapped = keras.layers.Bidirectional(layer)
        y = wrapped(inputs, mask=mask if masked else None)
        models.append(keras.Model([inputs, mask] if masked else inputs, y))
    ours, theirs = models
    ours.set_weights(theirs.get_weights())
    arrays = [x, RAGGED] if masked else x
    valid = RAGGED[..., None] if masked else 1.0
    # At a masked timestep Keras's own sequence is 0, by `zero_output_for_mask`, like ours.
    y = ours.predict(arrays, verbose=0)
    assert_close(y, theirs.predict(arrays, verbose=0), 1e-6)
    np.testing.assert_array_equal(y * (1 - valid), 0)
    if masked:
        assert_trains_alike(models, arrays, np.repeat(target[..., None], 6, -1))


def assert_trains_alike(models, arrays, target):
    """The losses of three epochs and the weights after them are the same."""
    ours, theirs = models
    losses = [fit_losses(model, arrays, target, epochs=3, rate=0.1) for model in models]
    assert_close(losses[0], losses[1])
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert_close(a, b)


SAVED = [("cell", "concat", True), ("functional", "sum", False), ("functional", "concat", True)]
SAVED += [("sequential", "sum", False)]


@pytest.mark.parametrize("kind, merge_mode, masked", SAVED)
def test_bidirectional_saves_and_reloads(kind, merge_mode, masked, tmp_path):
    """Law 15: `.keras` and back, masks included, predictions bit for bit."""
    rng = np.random.default_rng(11)
    inputs = keras.Input((None, 2))
    x = uniform(rng, 6, 6, 2)
    if masked:
        x[~RAGGED] = 0
    z = keras.layers.Masking()(inputs) if masked else inputs
    y = keras.layers.Bidirectional(cells(kind), merge_mode=merge_mode)(z)
    model = keras.Model(inputs, y)
    before = model.predict(x, verbose=0)
    assert np.abs(before).max() > 1e-2
    if masked:
        np.testing.assert_array_equal(before[~RAGGED], 0)
    model.save(tmp_path / "both.keras")
    loaded = keras.models.load_model(tmp_path / "both.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), before)
    for a, b in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_bidirectional_takes_a_backward_layer_of_its_own():
    """Law 15: `backward_layer=` with another step: forwards A, backwards n = x + h / 2."""
    wrapped = keras.layers.Bidirectional(
        steps.accumulator().layer(return_sequences=True),
        backward_layer=steps.decay().layer(return_sequences=True, go_backwards=True),
        merge_mode="concat",
    )
    y = wrapped(row(1, 2, 4))
    np.testing.assert_array_equal(y, [[[1, 3], [3, 4], [7, 4]]])


def test_bidirectional_keeps_every_number_of_the_functional_step():
    """Law 15: set to the same weights, both halves are the NumPy loop, gaps included."""
    rng = np.random.default_rng(12)
    step = steps.dense()
    layer = step.layer(return_sequences=True)
    wrapped = keras.layers.Bidirectional(layer, merge_mode="sum")
    x = uniform(rng, 6, 6, 3)
    wrapped(x, mask=RAGGED)
    for part in (wrapped.forward_layer, wrapped.backward_layer):
        part.set_weights(step.weights)
    assert_close(wrapped(x, mask=RAGGED), sum(both_ways(step, x, RAGGED, zeros(4), zero=True)))
    assert_close(wrapped(x), sum(both_ways(step, x, None, zeros(4), zero=False)))


def test_a_functional_bidirectional_takes_a_symbolic_mask():
    """Law 15: `mask=` may be an Input; `predict` equals the direct call."""
    rng = np.random.default_rng(13)
    wrapped = keras.layers.Bidirectional(steps.dense().layer(return_sequences=True))
    x = uniform(rng, 6, 6, 3)
    model, arrays = functional(wrapped, x, mask=RAGGED)
    y = model.predict(arrays, verbose=0)
    assert_close(y, wrapped(x, mask=RAGGED), 1e-6)
    np.testing.assert_array_equal(y[~RAGGED], 0)
