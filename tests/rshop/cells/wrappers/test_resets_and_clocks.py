"""`ResetCell` equals running the pieces apart; `ClockCell` equals a run over every k-th timestep."""

import keras
import numpy as np
import pytest

from rshop import GRUCell, LSTMCell, RecurrentSequential, Stepper, trace
from rshop.cells import ClockCell, ResetCell, ResidualCell
from tests.support.cells import assert_close, draws, randomize
from tests.support.errors import check

X = draws(3, 8, 4, seed=2)
#: Sample 0 has three pieces, sample 1 one, sample 2 begins with a reset.
RESET = np.zeros((3, 8), bool)
RESET[0, [3, 5]] = RESET[2, [0, 7]] = True
PIECES = {0: [(0, 3), (3, 5), (5, 8)], 1: [(0, 8)], 2: [(0, 7), (7, 8)]}


def pair(make, wrap=ResetCell, reset=RESET, **options):
    """A layer of the wrapped cell, and one of the cell itself with the same weights."""
    wrapped = wrap(make()).get_layer(return_sequences=True, return_states=True, **options)
    bare = make().get_layer(return_sequences=True, return_states=True, **options)
    wrapped([X, reset] if wrap is ResetCell else X)
    bare(X)
    wrapped.set_weights(randomize(bare))
    return wrapped, bare


def apart(rnn, **call):
    """Outputs and last states of the pieces, each run by itself."""
    ys, ends = [], []
    for i, pieces in PIECES.items():
        found = []
        for a, b in pieces:
            given = {k: {n: s[i : i + 1] for n, s in v.items()} for k, v in call.items()}
            y, *states = rnn(X[i : i + 1, a:b], **given)
            found.append(y)
        ys.append(np.concatenate(found, axis=1))
        ends.append(states)
    return np.concatenate(ys), [np.concatenate(parts) for parts in zip(*ends, strict=True)]


def assert_equal_run(found, expected):
    y, *states = found
    assert_close(y, expected[0], 1e-5)
    for state, value in zip(states, expected[1], strict=True):
        assert_close(state, value, 1e-5)


# Resets -------------------------------------------------------------------------------------------


def gru_layer():
    return GRUCell(4)


@pytest.mark.parametrize("initializer", [None, "ones", "learned"])
@pytest.mark.parametrize("shape", [(3, 8), (3, 8, 1)])
def test_pieces_in_one_row_run_as_if_each_ran_by_itself(initializer, shape):
    reset = RESET.reshape(shape)
    rnn, bare = pair(lambda: LSTMCell(4), reset=reset, state_initializer=initializer)
    assert_equal_run(rnn([X, reset]), apart(bare))
    assert_equal_run(rnn([X, 3.0 * reset]), apart(bare))


def test_a_reset_goes_back_to_the_first_state_of_the_call():
    rnn, bare = pair(gru_layer)
    first = {"initial_state": {"h": draws(3, 4, seed=9)}}
    assert_equal_run(rnn([X, RESET], **first), apart(bare, **first))


def test_in_a_compiled_model_it_is_the_same():
    rnn, bare = pair(lambda: LSTMCell(4), state_initializer="ones")
    x, reset = keras.Input((None, 4)), keras.Input((None,), dtype="bool")
    assert_equal_run(keras.Model([x, reset], rnn([x, reset])).predict([X, RESET], verbose=0), apart(bare))


def test_a_random_first_state_is_drawn_once_a_call():
    cell = ResetCell(GRUCell(4))
    rnn = cell.get_layer(return_sequences=True, state_initializer=keras.initializers.RandomNormal(seed=1))
    same = np.repeat(X[:, :1], 8, axis=1)
    record = trace(rnn := built(rnn), [same, RESET], training=True)
    h = record.states["h"]
    assert_close(record["first_h"], np.repeat(h[:, :1], 8, axis=1), tolerance=0)
    for i, t in zip(*np.nonzero(RESET), strict=True):
        assert_close(h[i, t + 1], h[i, 1], tolerance=1e-6)
    assert not np.array_equal(h[0, 0], h[1, 0])
    rnn([X, RESET], training=True)
    assert not np.array_equal(trace(rnn, [same, RESET], training=True).states["h"][:, 0], h[:, 0])


def built(rnn):
    rnn([X, RESET])
    return rnn


def test_a_stateful_layer_resets_to_its_own_first_state_and_not_to_what_it_carried():
    rnn, bare = pair(lambda: LSTMCell(4), stateful=True, state_initializer="ones")
    bare.reset_states()
    rnn.reset_states()
    for part in (slice(0, 4), slice(4, 8)):
        y, *_ = rnn([X[:, part], RESET[:, part]])
    bare.reset_states()
    # Sample 0 begins anew at 5, sample 1 never, sample 2 at 7.
    expected = np.array(bare(X)[0])
    assert_close(y[1], expected[1, 4:], 1e-5)
    bare.reset_states()
    assert_close(np.array(y)[0, 1:], bare(X[:, 5:])[0][0], 1e-5)
    bare.reset_states()
    assert_close(np.array(y)[2, 3:], bare(X[:, 7:])[0][2], 1e-5)


def test_a_reset_at_a_masked_timestep_does_not_happen():
    rnn, bare = pair(gru_layer)
    mask = np.ones((3, 8), bool)
    mask[0, 3] = mask[2, 7] = False
    y, h = rnn([X, RESET], mask=mask)
    kept = mask[0]
    only = np.zeros((1, 7), bool)
    only[0, 4] = True  # the reset at 5, without the timestep before
    short, last = rnn([X[:1, kept], only])
    assert_close(np.array(y)[:1, kept], short)
    assert_close(h[:1], last)
    assert_close(h[2:], bare(X[2:, :7])[1], 1e-5)


def test_a_stepper_resets_to_where_it_began():
    rnn, _ = pair(gru_layer)
    first = draws(3, 4, seed=9)
    stepper = Stepper(rnn, 3, initial_state={"h": first})
    y = rnn([X, RESET], initial_state=[first])[0]
    for t in range(8):
        assert_close(stepper.step([X[:, t], RESET[:, t]]), y[:, t])


def test_a_whole_stack_is_reset():
    def make():
        stack = RecurrentSequential(name="stack")
        stack.add(GRUCell(4))
        stack.add(LSTMCell(4))
        return stack.get_cell()

    rnn, bare = pair(make)
    assert_equal_run(rnn([X, RESET]), apart(bare))


def test_the_gradient_of_a_piece_stays_in_the_piece():
    import tensorflow as tf

    rnn, _ = pair(gru_layer)
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(rnn([x, RESET])[0][0, 4])
    gradient = np.abs(np.array(tape.gradient(loss, x)))[0].sum(-1)
    assert (gradient > 0).tolist() == [t in (3, 4) for t in range(8)]


def test_a_reset_is_one_number_for_each_sample_and_a_stack_hands_on_one_tensor():
    cell = ResetCell(GRUCell(4))
    check(lambda: cell.get_layer()([X, np.zeros((3, 8, 2))]), ["(None, 2)", "(batch, time)"])
    stack = RecurrentSequential()
    stack.add(ResetCell(GRUCell(4)))
    check(lambda: stack(X), ["reset_cell", "one input"])
    check(lambda: built(ResetCell(GRUCell(4)).get_layer())(X), ["x", "list of 2"])


# Clocks -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [1, 2, 3, 20])
@pytest.mark.parametrize("make", [lambda: LSTMCell(4), lambda: ResidualCell(GRUCell(4))])
def test_a_clock_is_a_run_over_every_kth_timestep_held_between(every, make):
    rnn, bare = pair(make, lambda cell: ClockCell(cell, every))
    y, *states = rnn(X)
    expected, *last = bare(X[:, ::every])
    assert_close(y, np.repeat(expected, every, axis=1)[:, :8], 1e-5)
    for state, value in zip(states, last, strict=False):
        assert_close(state, value, 1e-5)
    assert rnn.state_names[-1] == "clock"
    assert np.array(states[-1]).tolist() == [[8 % every]] * 3
    assert ("held_output" in rnn.state_names) == (len(last) == 1)


def test_samples_count_by_themselves_and_a_masked_timestep_counts_for_none():
    rnn, bare = pair(lambda: LSTMCell(4), lambda cell: ClockCell(cell, 3))
    mask = np.ones((3, 8), bool)
    mask[1, [0, 4, 5]] = False
    y, *states = rnn(X, mask=mask)
    kept = X[1:2, mask[1]]  # 5 timesteps
    expected, *_ = bare(kept[:, ::3])
    assert_close(np.array(y)[1:2, mask[1]], np.repeat(expected, 3, axis=1)[:, :5], 1e-5)
    assert np.array(states[-1]).ravel().tolist() == [2, 2, 2]
    assert_close(np.array(y)[0], rnn(X)[0][0])


def test_a_clock_in_a_clock_multiplies():
    def make():
        return GRUCell(4)

    rnn, bare = pair(make, lambda cell: ClockCell(ClockCell(cell, 2), 2))
    assert rnn.state_names == ["h", "clock", "clock_1"]
    assert_close(rnn(X)[0], np.repeat(bare(X[:, ::4])[0], 4, axis=1), 1e-5)


def test_a_clock_starts_where_it_is_told():
    rnn, bare = pair(gru_layer, lambda cell: ClockCell(cell, 3))
    y, *_ = rnn(X, initial_state={"clock": 1})
    expected = np.concatenate([np.zeros((3, 2, 4)), np.repeat(bare(X[:, 2::3])[0], 3, axis=1)[:, :6]], axis=1)
    assert_close(y, expected, 1e-5)


def test_a_stateful_clock_goes_on_in_the_middle():
    rnn, bare = pair(gru_layer, lambda cell: ClockCell(cell, 3), stateful=True)
    rnn.reset_states()
    bare.reset_states()
    y = np.concatenate([rnn(X[:, :4])[0], rnn(X[:, 4:])[0]], axis=1)
    assert_close(y, np.repeat(bare(X[:, ::3])[0], 3, axis=1)[:, :8], 1e-5)


@pytest.mark.parametrize("every", [0, -1, 2.0, "two", None, True])
def test_every_is_a_whole_number_of_at_least_1(every):
    check(lambda: ClockCell(LSTMCell(4), every), ["every", repr(every)])
