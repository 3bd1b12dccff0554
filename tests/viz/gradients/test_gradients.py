"""Gradients through time: against closed forms and finite differences, exact zeros where nothing flows."""

import keras
import matplotlib
import numpy as np
import pytest
from keras import layers, ops

import viz
from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential, SimpleRNNCell, trace
from tests.support.cells import accumulator, assert_close, draws, lstm_np, randomize, run_np
from viz.style.plot_axes import note_of

matplotlib.use("Agg")

T = 6
X = draws(2, T, 2)
A = np.array([[0.5, -0.8, 0.1], [0.3, 0.9, 0.0], [-0.2, 0.4, 1.1]], "float32")


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    from matplotlib import pyplot

    pyplot.close("all")


def linear(**options):
    """h = x W + h A, y = h."""
    x, h = keras.Input((2,), name="x"), keras.Input((3,), name="h")
    across = layers.Dense(3, use_bias=False, name="A")
    n = layers.Dense(3, name="W")(x) + across(h)
    across.set_weights([A])
    return RecurrentModel(x, n, h, n, return_sequences=True, **options)


def lstm(forget=0.0, units=3):
    rnn = LSTMCell(units, input_dim=2).get_layer(return_sequences=True)
    rnn(X)
    kernel, recurrent, bias = randomize(rnn)
    if forget:
        # No gate looks at the state, and the forget gate is one to the last bit.
        recurrent = np.zeros_like(recurrent)
        kernel[:, units : 2 * units], bias[units : 2 * units] = 0.0, forget
    rnn.set_weights([kernel, recurrent, bias])
    return rnn


def powers(k):
    return np.linalg.norm(np.linalg.matrix_power(A.astype("float64"), k) @ np.ones(3))


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
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["words (largest output)", "linear"]


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
    assert left.get_title(loc="left") == "|d output_t / d h_s|"
    assert repr(flow).startswith("GradientFlow of |d output_t / d h_s|, 6 timesteps: ")


def test_two_models_share_one_pair_of_axes():
    from matplotlib import pyplot

    _, ax = pyplot.subplots()
    for rnn, name in ((linear(), "linear"), (lstm(), "LSTM_$x$")):
        flow = viz.gradient_flow(rnn, X, ax=ax, label=name)
        assert flow.axes == [ax]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["linear", r"LSTM_\$x\$"]
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


def test_input_influence_of_a_linear_rnn_is_a_power_of_its_matrix():
    rnn = linear()
    W = rnn.step.get_layer("W").get_weights()[0].astype("float64")
    result = viz.input_influence(rnn, X, 3)
    direct = [W @ np.linalg.matrix_power(A.astype("float64"), 3 - s) @ np.ones(3) for s in range(4)]
    expected = np.zeros((2, T))
    expected[:, :4] = [np.linalg.norm(g) for g in direct]
    assert_close(result.scores, expected, 1e-5)
    product = viz.input_influence(rnn, X, 3, method="gradient x input")
    expected[:, :4] = [[np.linalg.norm(g * X[b, s]) for s, g in enumerate(direct)] for b in range(2)]
    assert_close(product.scores, expected, 1e-5)


def test_inputs_after_the_output_have_exactly_no_influence():
    for method in ("gradient", "gradient x input", "occlusion"):
        scores = viz.input_influence(lstm(), X, 2, method=method).scores
        assert (scores[:, 3:] == 0).all() and (scores[:, :3] > 0).all()


def test_occlusion_is_the_change_when_one_input_is_left_out():
    rnn = lstm()
    result = viz.input_influence(rnn, X, 4, method="occlusion")
    whole = rnn(X).numpy()[:, 4]
    for s in range(5):
        without = X.copy()
        without[:, s] = 0
        assert_close(result.scores[:, s], np.linalg.norm(rnn(without).numpy()[:, 4] - whole, axis=-1), 1e-5)


def test_influence_is_that_on_a_loss_where_one_is_given():
    """The first unit of a linear RNN, weighted in each sample and by the timestep."""
    rnn, weight = linear(), np.array([1.0, -3.0], "float32")
    W = rnn.step.get_layer("W").get_weights()[0].astype("float64")
    power = [np.linalg.matrix_power(A.astype("float64"), 3 - s) for s in range(4)]
    result = viz.input_influence(rnn, X, 3, loss=lambda y, t: t * weight * y[:, 0])
    expected = np.zeros((2, T))
    expected[:, :4] = 3 * np.abs(weight)[:, None] * [np.linalg.norm(W @ p[:, 0]) for p in power]
    assert_close(result.scores, expected, 1e-5)
    assert result.axes.get_title(loc="left") == "What mattered for the loss of timestep 3, sample 0"
    assert repr(result).startswith("Influence on the loss of timestep 3 by gradient: 6 timesteps, most at ")
    left_out = viz.input_influence(rnn, X, 3, method="occlusion", loss=lambda y, t: t * weight * y[:, 0])
    expected[:, :4] = [
        [3 * abs(w * (X[b, s] @ W @ p[:, 0])) for s, p in enumerate(power)] for b, w in enumerate(weight)
    ]
    assert_close(left_out.scores, expected, 1e-5)
    with pytest.raises(ValueError, match="no numbers for each. Received: numbers of shape .. for 2 samples"):
        viz.input_influence(rnn, X, 3, method="occlusion", loss=lambda y, t: ops.sum(y))


def test_occlusion_works_for_tokens():
    """A running sum of embeddings: leaving token 3 out gives token 0 in its place."""
    i, h = keras.Input((), dtype="int32", name="token"), keras.Input((2,), name="h")
    embed = layers.Embedding(4, 2)
    n = h + embed(i)
    rnn = RecurrentModel(i, n, h, n, return_sequences=True)
    table = draws(4, 2)
    embed.set_weights([table])
    result = viz.input_influence(rnn, np.array([[3, 0, 1]]), labels=["c", "-", "a"])
    assert_close(result.scores[0], [np.linalg.norm(table[k] - table[0]) for k in (3, 0, 1)], 1e-5)
    assert result.method == "occlusion" and list(result.by_input) == ["token"]
    assert [t.get_text() for t in result.axes.get_xticklabels()] == ["c", "-", "a"]
    with pytest.raises(ValueError, match="token ids, have no gradient"):
        viz.input_influence(rnn, np.array([[3, 0, 1]]), method="gradient")


def test_several_inputs_are_told_apart():
    """n = h + 3 a + b."""
    a, b, h = keras.Input((1,), name="a"), keras.Input((1,), name="b"), keras.Input((1,), name="h")
    n = h + 3.0 * a + b
    rnn = RecurrentModel([a, b], n, h, n, return_sequences=True)
    x = [np.ones((1, 3, 1)), np.ones((1, 3, 1))]
    result = viz.input_influence(rnn, x, 1)
    assert_close(result.by_input["a"], [[3.0, 3.0, 0.0]], 1e-6)
    assert_close(result.by_input["b"], [[1.0, 1.0, 0.0]], 1e-6)
    assert_close(result.scores, [[10**0.5, 10**0.5, 0.0]], 1e-6)
    assert [text.get_text() for text in result.axes.get_legend().get_texts()] == ["a", "b"]


def test_a_decoder_sees_its_input_at_each_timestep():
    """y = 10 c + r: the last of three outputs has 10 from each."""
    c, r = keras.Input((1,), name="c"), keras.Input((1,))
    rnn = RecurrentModel(c, 10.0 * c + r, readout_input=r, decode=True, output_length=3)
    assert_close(viz.input_influence(rnn, np.ones((2, 1)), -1).scores, np.full((2, 3), 10.0), 1e-6)


def test_influence_is_drawn_as_it_is():
    result = viz.input_influence(accumulator(2), X, 3, sample=1)
    heights = [bar.get_height() for bar in result.axes.patches[:T]]
    assert_close(heights, result.scores[1], 1e-6)
    assert result.axes.get_title(loc="left") == "What mattered for the output of timestep 3, sample 1"
    assert (
        repr(result) == "Influence on the output of timestep 3 by gradient: 6 timesteps, most at timestep 0"
    )
    for how, words in (
        ({"t": 6}, "no such timestep"),
        ({"sample": 2}, "no such sample"),
        ({"method": "shap"}, "cannot be measured in this way"),
        ({"labels": ["a"]}, "`labels` does not have one text for each"),
    ):
        with pytest.raises(ValueError, match=words):
            viz.input_influence(accumulator(2), X, **how)
    with pytest.raises(TypeError, match="`labels` is no list of texts. Received: labels=4"):
        viz.input_influence(accumulator(2), X, labels=4)


def test_tiny_influences_leave_no_exponent_over_the_note():
    ax = viz.input_influence(accumulator(2), X * 1e-9, method="gradient x input").axes
    ax.figure.canvas.draw()
    assert ax.yaxis.get_offset_text().get_text() == ""
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["0", "5e−10"]


def test_one_is_no_plural():
    assert ": 1 timestep, most" in repr(viz.input_influence(accumulator(2), X[:, :1]))
    assert ", 1 timestep: " in repr(viz.gradient_flow(linear(), X[:, :1]))
    rnn = SimpleRNNCell(1, input_dim=1).get_layer()
    rnn(np.ones((1, 1, 1)))
    assert repr(viz.eigenvalues(rnn)).startswith("Eigenvalues of 1 recurrent kernel\n")
    assert ": 1 eigenvalue, largest" in repr(viz.eigenvalues(rnn))


def test_no_two_kernels_look_the_same():
    rnn = RecurrentSequential()
    for units in (2, 3, 4):
        rnn.add(LSTMCell(units))
    rnn(draws(1, 2, 2))
    sets = viz.eigenvalues(rnn).axes.collections
    looks = {(tuple(points.get_edgecolor()[0]), points.get_paths()[0].vertices.tobytes()) for points in sets}
    assert len(looks) == len(sets) == 12


def test_eigenvalues_of_a_rotation_are_on_the_unit_circle():
    rnn = SimpleRNNCell(2, input_dim=1).get_layer()
    rnn(np.ones((1, 1, 1)))
    angle = 0.3
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    rnn.set_weights([np.ones((1, 2)), rotation, np.zeros(2)])
    result = viz.eigenvalues(rnn)
    (values,) = result.values.values()
    assert_close(np.sort_complex(values), np.exp([-0.3j, 0.3j]), 1e-6)
    assert_close(list(result.radius.values()), [1.0], 1e-6)
    circle = result.axes.lines[0].get_xydata()
    assert_close(np.hypot(*circle.T), np.ones(len(circle)), 1e-9)
    assert_close(result.axes.collections[0].get_offsets(), np.stack([values.real, values.imag], 1), 1e-9)


@pytest.mark.parametrize(
    "cell", [GRUCell, LSTMCell, layers.LSTMCell, layers.GRUCell, lambda n: GRUCell(n, reset_after=False)]
)
def test_each_gate_of_a_cell_has_its_own_eigenvalues(cell):
    """As many inputs as units: the kernel of the input is no recurrent kernel."""
    rnn = RecurrentSequential()
    rnn.add(cell(3))
    rnn(draws(1, 2, 3))
    recurrent = rnn.get_weights()[1].astype("float64")
    result = viz.eigenvalues(rnn)
    expected = np.split(recurrent, recurrent.shape[1] // 3, axis=1)
    assert len(result.values) == len(expected)
    for values, square in zip(result.values.values(), expected, strict=True):
        assert_close(np.sort_complex(values), np.sort_complex(np.linalg.eigvals(square)), 1e-6)


def test_a_stack_has_the_kernels_of_its_states_and_no_other():
    rnn = RecurrentSequential()
    rnn.add(LSTMCell(3, name="low"))
    rnn.add(GRUCell(3, name="high"))
    rnn(draws(1, 2, 3))
    names = list(viz.eigenvalues(rnn).values)
    assert len(names) == 4 + 3
    assert all(("low" in name) == (i < 4) and "recurrent" in name for i, name in enumerate(names))


def test_of_a_joined_input_only_the_rows_of_the_state_count():
    x, h = keras.Input((2,)), keras.Input((3,), name="h")
    joined = layers.Concatenate()([x, layers.Dropout(0.5)(h)])
    n = layers.Dense(3, activation="tanh", name="mix")(joined)
    rnn = RecurrentModel(x, n, h, n)
    rnn(X)
    kernel = randomize(rnn)[0]
    (values,) = viz.eigenvalues(rnn).values.values()
    assert_close(
        np.sort_complex(values), np.sort_complex(np.linalg.eigvals(kernel[2:].astype("float64"))), 1e-5
    )


def test_a_state_is_followed_through_a_sum_with_an_input_and_no_further():
    """W (x + h) multiplies the state; P n of the new state n = h / 2 + W (x + h) does not."""
    x, h = keras.Input((3,)), keras.Input((3,), name="h")
    n = 0.5 * h + layers.Dense(3, name="W")(x + h)
    rnn = RecurrentModel(x, layers.Dense(3, name="P")(n), h, n)
    assert list(viz.eigenvalues(rnn).values) == ["W"]


def test_a_step_without_a_square_weight_is_one_clear_error():
    with pytest.raises(ValueError, match="No square weight multiplies a state"):
        viz.eigenvalues(accumulator(2))
    rnn = linear()
    rnn.step.get_layer("A").set_weights([A * np.nan])
    with pytest.raises(ValueError, match="not finite has no eigenvalues. Received: NaN or infinity in"):
        viz.eigenvalues(rnn)
    with pytest.raises(TypeError, match="no recurrent layer of rshop"):
        viz.eigenvalues("lstm")
