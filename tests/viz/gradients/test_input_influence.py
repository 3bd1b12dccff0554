"""`input_influence`: against closed forms, exact zeros after the output."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import viz
from rshop import RecurrentModel, SimpleRNNCell
from tests.support.cells import accumulator, assert_close, draws
from tests.support.linear_rnn import A, T, X, linear, lstm
from viz.style.plot_axes import note_of


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


def test_an_influence_that_is_0_everywhere_says_so():
    result = viz.input_influence(linear(), X, 3, loss=lambda y, t: 0.0 * y)
    assert not result.scores.any() and repr(result).endswith(f"{T} timesteps, 0 everywhere")
    note = note_of(result.axes)
    assert note.startswith("0 everywhere: no input changes this loss") and "range" not in note
