"""`gradient_flow`: against closed forms and finite differences, exact zeros where nothing flows."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import viz
from rshop import RecurrentModel, trace
from tests.support.cells import accumulator, assert_close, lstm_np, randomize, run_np
from tests.support.linear_rnn import T, X, linear, lstm, powers
from viz.style.plot_axes import note_of


def test_a_linear_rnn_has_powers_of_its_matrix():
    """The gradient of sum(h_t) by the state before timestep s is A^(t-s+1) 1."""
    flow = viz.gradient_flow(linear(), X)
    expected = [[powers(t - s + 1) if s <= t else 0.0 for s in range(T)] for t in range(T)]
    assert_close(flow.matrix, np.array(expected), 1e-5)
    assert_close(flow.norms, np.array([powers(k) for k in range(1, T + 1)]), 1e-5)
    assert flow.distances.tolist() == [1, 2, 3, 4, 5, 6]


def test_a_state_after_the_output_has_exactly_no_gradient():
    for rnn in (linear(), lstm()):
        matrix = viz.gradient_flow(rnn, X).matrix
        above = np.triu_indices(T, 1)
        assert (matrix[above] == 0).all()
        assert (matrix[np.tril_indices(T)] > 0).all()


def test_a_forget_gate_of_one_carries_the_gradient_of_c_unchanged():
    """One unit: 1 at any distance; three units: the norm of (1, 1, 1)."""
    flow = viz.gradient_flow(lstm(forget=100.0, units=1), X, of="c", state="c")
    assert (flow.matrix == np.tril(np.ones((T, T)))).all()
    flow = viz.gradient_flow(lstm(forget=100.0), X, of="c", state="c")
    assert_close(flow.norms, np.full(T, np.sqrt(3.0)), 1e-6)


def test_a_forget_gate_of_a_half_halves_it_at_each_timestep():
    rnn = lstm(forget=1e-30, units=1)
    flow = viz.gradient_flow(rnn, X, of="c", state="c")
    assert_close(flow.norms, 0.5 ** np.arange(1.0, T + 1), 1e-6)


def test_truncation_gives_exact_zeros_across_its_windows():
    whole = viz.gradient_flow(linear(), X).matrix
    cut = viz.gradient_flow(linear(), X, truncate=2).matrix
    same = np.equal.outer(np.arange(T) // 2, np.arange(T) // 2)
    assert (cut[~same] == 0).all()
    assert_close(cut[same], whole[same], 1e-6)
    assert viz.gradient_flow(linear(), X, truncate=T).matrix.tolist() == whole.tolist()


def test_gradients_agree_with_finite_differences():
    """An LSTM in float64 NumPy, both states together, a loss of its own."""
    rnn, step = lstm(), 1e-6
    record = trace(rnn, X)
    weights = rnn.get_weights()
    flow = viz.gradient_flow(rnn, X, loss=lambda y, t: (t + 1.0) * ops.square(y))

    def losses(s, states):
        y, _ = run_np(lstm_np, X[:, s:], states, weights)
        return ((np.arange(s, T) + 1.0)[None, :, None] * y**2).sum(axis=-1)

    for s in range(T):
        states = [record.states[name][:, s].astype("float64") for name in ("h", "c")]
        squares = 0.0
        for which in range(2):
            for unit in range(3):
                ends = []
                for sign in (1, -1):
                    moved = [state.copy() for state in states]
                    moved[which][:, unit] += sign * step
                    ends.append(losses(s, moved))
                squares = squares + ((ends[0] - ends[1]) / (2 * step)) ** 2
        assert_close(flow.matrix[s:, s], np.sqrt(squares).mean(axis=0), 1e-4)


def worded(units=4, at=1.0):
    """An LSTM whose output is a softmax, as wide as its state."""
    x, h, c = keras.Input((2,)), keras.Input((3,), name="h"), keras.Input((3,), name="c")
    n, (m, d) = layers.LSTMCell(3, name="lstm")(x, [h, c])
    y = layers.Dense(units, activation="softmax", name="word")(n)
    rnn = RecurrentModel(x, y, [h, c], [m, d], return_sequences=True)
    rnn(X)
    randomize(rnn, scale=at)
    return rnn


def test_of_a_softmax_the_largest_output_counts():
    """The sum is always 1. A one-hot of NumPy's argmax picks the largest, and has no gradient of its own."""
    rnn = worded()
    hot = np.eye(4, dtype="float32")[rnn(X).numpy().argmax(axis=-1)]
    flow = viz.gradient_flow(rnn, X)
    picked = viz.gradient_flow(rnn, X, loss=lambda y, t: y * hot[:, t])
    assert_close(flow.matrix, picked.matrix, 1e-7)
    assert flow.norms.min() > 1e-4
    assert viz.gradient_flow(rnn, X, loss=lambda y, t: y).norms.max() < 1e-6
    words = "of the output its largest number, as its sum is always 1"
    assert flow.note == words and picked.note == "" and repr(flow).endswith(f"; {words}")
    assert all(note_of(ax).endswith(words) for ax in flow.axes)
    result = viz.input_influence(rnn, X, 4)
    assert_close(result.scores, viz.input_influence(rnn, X, 4, loss=lambda y, t: y * hot[:, t]).scores, 1e-7)
    assert result.scores[:, :5].min() > 1e-5 and note_of(result.axes).endswith(words)
    assert repr(result).endswith(f"; {words}")


def test_of_several_outputs_each_is_looked_at_for_itself():
    """word is a softmax, end is no softmax: L_t is max(word) + end."""
    x, h = keras.Input((2,)), keras.Input((3,), name="h")
    n = ops.tanh(layers.Dense(3)(x) + layers.Dense(3)(h))
    outputs = {"word": layers.Dense(4, activation="softmax")(n), "end": layers.Dense(2)(n)}
    rnn = RecurrentModel(x, outputs, h, n, return_sequences=True)
    rnn(X)
    randomize(rnn, scale=1.0)
    flow = viz.gradient_flow(rnn, X)
    mine = viz.gradient_flow(rnn, X, loss=lambda y, t: [ops.max(y["word"], axis=-1), y["end"]])
    assert_close(flow.matrix, mine.matrix, 1e-7)
    assert flow.note == "of output/word its largest number, as its sum is always 1"


def test_a_sum_that_moves_is_left_as_it_is():
    """A state, a masked softmax, one unit, and numbers that happen to be level."""
    assert viz.gradient_flow(linear(), X).note == "" == viz.gradient_flow(worded(), X, of="h").note
    mask = np.arange(T)[None] < np.array([[4], [6]])
    assert "its largest number" in viz.gradient_flow(worded(), X, mask=mask, ax=False).note
    assert viz.gradient_flow(linear(), np.zeros((1, 1, 2))).note == ""
    assert viz.input_influence(accumulator(1), np.ones((1, 1, 1)), 0).note == ""
    x, h = keras.Input((2,)), keras.Input((3,), name="h")
    n = layers.LayerNormalization(center=False, scale=False)(layers.Dense(3)(x) + layers.Dense(3)(h))
    norm = RecurrentModel(x, n, h, n, return_sequences=True)
    assert viz.gradient_flow(norm, X).note.endswith("as its sum is always 0")


def test_what_comes_after_nan_does_not_reach_what_was_before():
    x = X.copy()
    x[:, 3] = np.nan
    rnn = lstm()
    clean, flow = viz.gradient_flow(rnn, X).matrix, viz.gradient_flow(rnn, x)
    assert_close(flow.matrix[:3], clean[:3], 1e-6)
    below = np.tril(np.ones((T, T), bool))
    assert (flow.matrix[~below] == 0).all() and np.isnan(flow.matrix[3:][below[3:]]).all()


def test_a_distance_without_a_number_is_marked():
    flow = viz.gradient_flow(lstm(), np.full((1, 6, 2), np.nan))
    right = flow.axes[1]
    (marks,) = [points for points in right.collections if len(points.get_offsets())]
    assert marks.get_offsets()[:, 0].tolist() == [1, 2, 3, 4, 5, 6]
    right.figure.canvas.draw()
    low, high = right.get_xlim()
    assert 0 < low < 1 and 6 < high < 7
    assert note_of(right) == "no finite value, 6 NaN (x)"


def test_lines_that_are_compared_say_of_which_the_largest_output_counts():
    from matplotlib import pyplot

    ax = pyplot.subplots()[1]
    viz.gradient_flow(worded(), X, ax=ax, label="words")
    viz.gradient_flow(linear(), X, ax=ax, label="linear")
    assert set(names_beside(ax)) == {"words (largest output)", "linear"}


def names_beside(ax):
    """The heights of the names beside the lines, by name."""
    found = [text for text in ax.texts if text.get_gid() == "line"]
    assert ax.get_legend() is None and all(text.xy[0] > 1 for text in found)
    return {text.get_text(): text.xy[1] for text in found}


@pytest.mark.parametrize("look", [viz.gradient_flow, viz.input_influence])
def test_what_is_no_loss_is_one_clear_error(look):
    for loss in (3, "mse"):
        with pytest.raises(
            TypeError, match=f"This loss is no function. Received: loss={loss!r} .*Fix: loss=lambda"
        ):
            look(linear(), X, loss=loss)
    for found in (None, "mse", np.array(3), []):
        with pytest.raises(
            TypeError, match="gives no numbers that have a gradient. Received: .*Expected: .*Fix: "
        ):
            look(linear(), X, loss=lambda y, t, found=found: found)


def test_the_readout_carries_a_gradient_too():
    """h = h / 2 + x + r, y = h: through state and readout 1.5 a timestep after the first half."""
    x, h, r = keras.Input((1,)), keras.Input((1,), name="h"), keras.Input((1,), name="r")
    n = 0.5 * h + x + r
    rnn = RecurrentModel(x, n, h, n, readout_input=r, return_sequences=True, teacher_force=True)
    ones = np.ones((1, 4, 1))
    assert_close(viz.gradient_flow(rnn, ones).norms, 0.5 * 1.5 ** np.arange(4.0), 1e-6)
    assert_close(viz.gradient_flow(rnn, ones, state="r").norms, 1.5 ** np.arange(4.0), 1e-6)
    forced = viz.gradient_flow(rnn, ones, ground_truth=ones)
    assert_close(forced.norms, 0.5 ** np.arange(1.0, 5.0), 1e-6)


def test_a_model_of_readouts_alone_is_followed_through_them():
    x, r = keras.Input((1,)), keras.Input((1,), name="r")
    rnn = RecurrentModel(x, x + 0.5 * r, readout_input=r)
    assert_close(viz.gradient_flow(rnn, np.ones((1, 3, 1))).norms, [0.5, 0.25, 0.125], 1e-6)


def test_masked_timesteps_pass_the_gradient_on():
    mask = np.array([[1, 0, 1]], bool)
    x, h = keras.Input((1,)), keras.Input((1,), name="h")
    n = 0.5 * h + x
    rnn = RecurrentModel(x, n, h, n, return_sequences=True)
    flow = viz.gradient_flow(rnn, np.ones((1, 3, 1)), mask=mask)
    assert_close(flow.matrix[2], [0.25, 0.5, 0.5], 1e-6)


def test_samples_are_averaged_and_chunks_change_nothing(monkeypatch):
    rnn = lstm()
    whole = viz.gradient_flow(rnn, X).matrix
    singles = [viz.gradient_flow(rnn, X[i : i + 1]).matrix for i in range(2)]
    assert_close(whole, np.mean(singles, axis=0), 1e-5)
    import importlib

    monkeypatch.setattr(importlib.import_module("viz.gradients.gradient_flow"), "_MOST_NUMBERS", 1)
    assert_close(viz.gradient_flow(rnn, X).matrix, whole, 1e-5)


def test_gradient_flow_is_drawn_as_it_is():
    flow = viz.gradient_flow(linear(), X, label="mine")
    left, right = flow.axes
    shown = left.images[0].get_array()
    assert (shown.mask == (flow.matrix == 0)).all()
    assert_close(shown[~shown.mask].data, flow.matrix[flow.matrix > 0], 0)
    assert_close(right.lines[0].get_xydata(), np.stack([flow.distances, flow.norms], 1), 0)
    assert left.get_title(loc="left") == "How far back the output reaches"
    assert note_of(left).startswith("|d output_t / d h_s|: range ")
    assert repr(flow).startswith("GradientFlow of |d output_t / d h_s|, 6 timesteps: ")


def test_two_models_share_one_pair_of_axes():
    from matplotlib import pyplot

    _, ax = pyplot.subplots()
    for rnn, name in ((linear(), "linear"), (lstm(), "LSTM_$x$")):
        flow = viz.gradient_flow(rnn, X, ax=ax, label=name)
        assert flow.axes == [ax]
    beside = names_beside(ax)
    assert set(beside) == {"linear", r"LSTM_\$x\$"}
    ends = [line.get_ydata()[-1] for line in ax.lines]
    assert (ends[0] < ends[1]) == (beside["linear"] < beside[r"LSTM_\$x\$"])
    assert len(ax.lines) == 2 and len(pyplot.get_fignums()) == 1
    with pytest.raises(ValueError, match="Received: 3 axes. Expected: ax=None, or 2 axes"):
        viz.gradient_flow(linear(), X, ax=pyplot.subplots(3)[1])


def test_one_timestep_and_infinite_states_are_drawn():
    assert viz.gradient_flow(linear(), X[:, :1]).matrix.shape == (1, 1)
    flow = viz.gradient_flow(linear(), np.full((1, 3, 2), np.nan))
    assert_close(flow.norms, [powers(k) for k in (1, 2, 3)], 1e-5)
    flow = viz.gradient_flow(lstm(), np.full((1, 3, 2), np.nan))
    assert np.isnan(flow.matrix[0, 0])
    flow.axes[0].figure.canvas.draw()


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"state": "q"}, "No states are called 'q'"),
        ({"of": "q"}, "No states are called 'q'"),
        ({"truncate": 0}, "no window for truncated backpropagation. Received: truncate=0"),
    ],
)
def test_what_has_no_gradient_is_one_clear_error(how, words):
    with pytest.raises(ValueError) as caught:
        viz.gradient_flow(linear(), X, **how)
    assert words in str(caught.value)


def test_a_step_without_a_state_is_one_clear_error():
    x = keras.Input((2,))
    rnn = RecurrentModel(x, 2.0 * x)
    with pytest.raises(ValueError, match="no state to take a gradient by"):
        viz.gradient_flow(rnn, X)
    with pytest.raises(TypeError, match="no recurrent layer of rshop"):
        viz.gradient_flow(layers.LSTM(3), X)
