"""The equations of a step are those of a book, and those of the graph that was written."""

import re

import keras
import numpy as np
import pytest
from keras import Input, layers, ops

import viz
from rshop import (
    GRUCell,
    LSTMCell,
    RecurrentModel,
    RecurrentSequential,
    RNNCellFromModel,
    SimpleRNNCell,
    basic_cells,
)
from rshop.attention import AdditiveAttention
from rshop.attention.masking import MaskedSoftmax
from rshop.cells import AttentionCell
from rshop.tracing.check_layer import is_both_ways, only_layer
from tests.support import inspected_models
from tests.support.exported import LAYERS
from tests.support.models import MODELS
from tests.support.sequentials import stack

BOOK = {
    "simple": (SimpleRNNCell, {}, ["h_t = tanh(W x_t + b + U h_{t-1})", "y_t = h_t"]),
    "without_bias": (SimpleRNNCell, {"use_bias": False}, ["h_t = tanh(W x_t + U h_{t-1})", "y_t = h_t"]),
    "gru": (
        GRUCell,
        {},
        [
            "z_t = sigma(W_z x_t + b_z + U_z h_{t-1} + b'_z)",
            "r_t = sigma(W_r x_t + b_r + U_r h_{t-1} + b'_r)",
            "n_t = tanh(W_n x_t + b_n + r_t * (U_n h_{t-1} + b'_n))",
            "h_t = z_t * h_{t-1} + (1 - z_t) * n_t",
            "y_t = h_t",
        ],
    ),
    "gru_of_the_paper": (
        GRUCell,
        {"reset_after": False, "use_bias": False},
        [
            "z_t = sigma(W_z x_t + U_z h_{t-1})",
            "r_t = sigma(W_r x_t + U_r h_{t-1})",
            "n_t = tanh(W_n x_t + U_n (r_t * h_{t-1}))",
            "h_t = z_t * h_{t-1} + (1 - z_t) * n_t",
            "y_t = h_t",
        ],
    ),
    "lstm": (
        LSTMCell,
        {},
        [
            "i_t = sigma(W_i x_t + U_i h_{t-1} + b_i)",
            "f_t = sigma(W_f x_t + U_f h_{t-1} + b_f)",
            "g_t = tanh(W_g x_t + U_g h_{t-1} + b_g)",
            "o_t = sigma(W_o x_t + U_o h_{t-1} + b_o)",
            "c_t = f_t * c_{t-1} + i_t * g_t",
            "h_t = o_t * tanh(c_t)",
            "y_t = h_t",
        ],
    ),
}


@pytest.mark.parametrize("name", BOOK)
def test_a_built_in_cell_has_the_equations_of_the_literature(name):
    cell, options, lines = BOOK[name]
    found = str(viz.equations(cell(4, input_dim=3, **options).get_layer())).splitlines()
    assert sorted(found) == sorted(lines)
    assert found[-1] == lines[-1]


@pytest.mark.parametrize("cell", [LSTMCell, GRUCell])
def test_the_equations_of_a_cell_give_its_numbers(cell):
    """Each line, read as Python with the columns of each gate, against the layer."""
    rnn = cell(3, input_dim=2).get_layer(return_sequences=True)
    rng = np.random.default_rng(0)
    for weight in rnn.weights:
        weight.assign(rng.normal(size=weight.shape))
    order = "ifgo" if cell is LSTMCell else "zrn"
    kernel, recurrent, bias = (np.asarray(w) for w in rnn.get_weights())
    known = {"tanh": np.tanh, "sigma": lambda z: 1 / (1 + np.exp(-z)), "h_0": np.zeros(3), "c_0": np.zeros(3)}
    for i, gate in enumerate(order):
        part = slice(3 * i, 3 * i + 3)
        known |= {f"W_{gate}": kernel[:, part].T, f"U_{gate}": recurrent[:, part].T}
        rows = [bias[part]] if bias.ndim == 1 else [bias[0, part], bias[1, part]]
        known |= {f"b_{gate}": rows[0], f"b1_{gate}": rows[-1]}
    x = rng.normal(size=(5, 2))
    for t, x_t in enumerate(x):
        known["x_t"] = x_t
        for line in str(viz.equations(rnn)).splitlines():
            python = re.sub(r"([WU]_\w) ", r"\1 @ ", line.replace("b'", "b1").replace("{t-1}", "0"))
            exec(python, known)  # noqa: S102
        np.testing.assert_allclose(known["y_t"], rnn(x[None].astype("float32"))[0, t], atol=1e-5)
        known |= {"h_0": known["h_t"], "c_0": known.get("c_t")}


def written(output, x, h=None, after=None, **options):
    return str(viz.equations(RecurrentModel(x, output, h, after, **options)))


def test_zeros_and_ones_are_left_out():
    x, h = Input((2,), name="x"), Input((2,), name="h")
    n = 0.0 * x + 1.0 * h
    assert written(n + 0.0 * x, x, h, n + x - 0.0) == "h_t = h_{t-1} + x_t\ny_t = h_{t-1}"


def test_what_is_used_twice_is_written_once():
    x, h = Input((2,), name="x"), Input((2,), name="h")
    shared = ops.tanh(x + h)
    found = written(shared * shared, x, h, shared - x)
    assert found.count("tanh") == 1
    assert found == "u_{1,t} = tanh(x_t + h_{t-1})\ny_t = u_{1,t} * u_{1,t}\nh_t = u_{1,t} - x_t"


def test_a_run_over_time_that_is_read_twice_is_written_once():
    rnn, x, _ = inspected_models.MODELS["nested"]()
    found = viz.equations(rnn)
    lines = str(found).splitlines()
    assert lines[:3] == [
        "inner_t = run_inner(x_t)",  # as the cell is called
        "gate_t = sigma(W [inner_t; h_{t-1}] + b)",
        "h_t = gate_t * h_{t-1} + (1 - gate_t) * inner_t",
    ]
    # Once where it is called, once in the heading over its own equations.
    assert found.latex.count(r"\operatorname{run\_inner}") == 2
    assert r"\mathrm{inner}_{t} &= \operatorname{run\_inner}\left(x_{t}\right)" in found.latex


def test_a_run_without_a_name_that_is_read_twice_has_a_free_letter():
    inner = LSTMCell(3, input_dim=2).get_layer()
    x, h = Input((4, 2), name="x"), Input((3,), name="h_tm1")
    n = inner(x)
    lines = written(n * n, x, h, n + h).splitlines()
    assert re.fullmatch(r"u_\{1,t\} = run_\w+\(x_t\)", lines[0])
    assert lines[1:3] == ["y_t = u_{1,t} * u_{1,t}", "h_t = u_{1,t} + h_{t-1}"]


def test_two_runs_of_one_cell_have_symbols_of_their_own():
    cell = LSTMCell(3, input_dim=2, name="inner")
    x, h = Input((4, 2), name="x"), Input((3,), name="h_tm1")
    a, b = cell.get_layer()(x), cell.get_layer(go_backwards=True)(x)
    lines = written(a * b, x, h, a + b + h).splitlines()
    left = [line.partition(" = ")[0] for line in lines[:4]]
    assert len(set(left)) == 4 and left[0] == "inner_t"


def nested(inner_name, outer_name):
    inner = RecurrentSequential(name=inner_name)
    inner.add(GRUCell(2))
    inner.add(GRUCell(2, name="slow"))
    rnn = RecurrentSequential(name=outer_name)
    rnn.add(inner.get_cell())
    rnn.add(LSTMCell(2))
    rnn(np.ones((1, 2, 2), "float32"))
    return rnn


def test_a_model_within_a_model_is_called_as_the_user_called_it():
    found = viz.equations(nested("mid", "outer"))
    lines = str(found).splitlines()
    assert lines[0] == "(u_{1,t}, h_{1,t}, h_{slow,t}) = mid(x_t, h_{1,t-1}, h_{slow,t-1})"
    assert "where (h_{slow,t}, h_{1,t}) = mid(x_t, h_{1,t-1}, h_{slow,t-1}):" in lines
    assert r"\operatorname{mid}\left(x_{t}, h_{1, t-1}, h_{\mathrm{slow}, t-1}\right)" in found.latex
    assert "/" not in str(found) + found.latex
    unnamed = str(viz.equations(nested(None, None)))
    assert unnamed.splitlines()[0] == lines[0].replace("mid", "model")


def test_cells_of_one_name_in_two_models_are_told_apart():
    inner = nested("mid", "outer").cells[0]
    rnn = RecurrentSequential()
    for _ in range(2):
        rnn.add(RNNCellFromModel(inner.made_of()))
    rnn(np.ones((1, 2, 2), "float32"))
    lines = str(viz.equations(rnn)).splitlines()
    assert lines[0] == "(u_{1,t}, h_{1,t}, h_{2,t}) = mid(x_t, h_{1,t-1}, h_{2,t-1})"
    assert lines[1] == "(y_t, h_{3,t}, h_{4,t}) = mid_1(u_{1,t}, h_{3,t-1}, h_{4,t-1})"


def test_a_run_that_the_user_named_has_that_name():
    inner = LSTMCell(3, input_dim=2).get_layer(name="seen")
    x, h = Input((4, 2), name="x"), Input((3,), name="h_tm1")
    n = inner(x) * h
    assert written(n, x, h, n).splitlines()[:2] == ["seen_t = run_seen(x_t)", "h_t = seen_t * h_{t-1}"]


def test_the_results_of_one_run_are_named_together():
    inner = LSTMCell(3, input_dim=2).get_layer(return_states=True)
    x, k = Input((4, 2), name="x"), Input((3,), name="h_tm1")
    y, _, c = inner(x)
    n = y * k + c
    lines = written(n, x, k, n).splitlines()
    assert re.fullmatch(r"\(u_\{1,t\}, _, u_\{2,t\}\) = run_\w+\(x_t\)", lines[0])
    assert lines[1] == "h_t = u_{1,t} * h_{t-1} + u_{2,t}"


def test_a_function_whose_result_is_a_run_has_an_equation_for_it():
    inner = keras.Sequential([layers.Masking(), layers.GRU(3)])
    x, h = Input((4, 2), name="x"), Input((3,), name="h_tm1")
    n = inner(x) + h
    text = written(n, x, h, n)
    assert "\nwhere y_t = " in text and re.search(r"\ny_t = run_gru\w*\(", text)


def test_a_value_that_an_attention_hands_on_is_named_at_once():
    rnn = AttentionCell(GRUCell(4), AdditiveAttention(5)).get_layer()
    rnn(np.ones((1, 2, 3), "float32"), constants=np.ones((1, 6, 3), "float32"))
    found = viz.equations(rnn)
    assert "\nalpha_t = softmax(energies_t, memory_mask)\n" in str(found)
    attention = (
        r"\alpha_{t} &= \operatorname{softmax}\left(\mathrm{energies}_{t}, \mathrm{memory\_mask}\right)"
    )
    assert attention in found.latex
    assert "u_{" not in str(found) + found.latex


@pytest.mark.parametrize("normalize", [True, False])
def test_a_softmax_over_the_places_that_count_is_written_as_one(normalize):
    x, h = Input((4,), name="x"), Input((4,), name="h_tm1")
    m = ops.greater(x, 0)
    n = MaskedSoftmax(normalize, name="shares")(x * h, m) + h
    lines = written(n, x, h, n).splitlines()
    if normalize:
        assert lines == [
            "shares_t = softmax(x_t * h_{t-1}, x_t > 0)",
            "h_t = shares_t + h_{t-1}",
            "y_t = h_t",
        ]
    else:
        assert lines[0] == "shares_t = shares(x_t * h_{t-1}, x_t > 0)"
        assert lines[-1] == "y_t = where(x_{1,t}, exp(where(x_{1,t}, x_{0,t}, -1e+38)), 0)"


@pytest.mark.parametrize("other", ["mask", "number", "whole"])
def test_what_only_looks_like_such_a_softmax_is_written_out(other):
    x, h = Input((4,), name="x"), Input((4,), name="h_tm1")
    s, m, k = Input((4,), name="s"), Input((4,), dtype="bool", name="m"), Input((4,), dtype="bool", name="k")
    kept = ops.where(m, s, 0.5 if other == "number" else -1e38)
    shares = (
        ops.softmax(kept)
        if other == "whole"
        else ops.where(m if other == "number" else k, ops.softmax(kept), 0)
    )
    inner = keras.Model([s, m, k], shares + ops.where(k, 0.0, 0.0), name="shares")
    n = inner([x * h, ops.greater(x, 0), ops.greater(h, 0)]) + h
    text = written(n, x, h, n)
    assert "shares(x_t * h_{t-1}, x_t > 0, h_{t-1} > 0)" in text and "softmax(where(" in text


def test_layers_called_as_matrices_are_those_matrices():
    x, h = Input((2,), name="x_t"), Input((3,), name="h_tm1")
    n = ops.tanh(layers.Dense(3, name="W")(x) + layers.Dense(3, use_bias=False, name="U")(h))
    assert written(n, x, h, n) == "h_t = tanh(W x_t + b + U h_{t-1})\ny_t = h_t"


def test_weights_of_unnamed_layers_are_called_after_what_they_make():
    lstm = str(viz.equations(basic_cells.LSTMCell(3, input_dim=2).get_layer())).splitlines()
    assert "f_t = sigma(W_f x_t + b_f + U_f h_{t-1})" in lstm
    assert "g_t = tanh(W_g x_t + b_g + U_g h_{t-1})" in lstm
    gru = str(viz.equations(basic_cells.GRUCell(3, input_dim=2).get_layer())).splitlines()
    assert "n_t = tanh(W_n x_t + b_n + U_n (r_t * h_{t-1}))" in gru

    x, r, h = Input((2,), name="x"), Input((1,), name="r"), Input((3,), name="h_tm1")
    n = ops.tanh(layers.Dense(3)(x + r) + layers.Dense(3, use_bias=False)(h))
    y = layers.Dense(1)(n)
    found = written(y, x, h, n, readout_input=r)
    assert found == "h_t = tanh(W_h (x_t + r_{t-1}) + b_h + U_h h_{t-1})\ny_t = W_y h_t + b_y"


def test_layers_that_make_no_value_of_their_own_are_numbered_as_they_are_read():
    x, h = Input((2,), name="x"), Input((3,), name="h_tm1")
    n = ops.tanh(layers.Dense(3)(x) + layers.Dense(3, use_bias=False)(h))
    y = layers.Dense(1)(layers.Dense(4, activation="relu")(n))
    expected = "h_t = tanh(W_h x_t + b_h + U_h h_{t-1})\ny_t = W_1 relu(W_2 h_t + b_2) + b_1"
    assert written(y, x, h, n) == expected
    shared = layers.Dense(3)
    expected = "y_t = W x_t + b - h_{t-1}\nh_t = tanh(W h_{t-1} + b)"
    x, h = Input((3,), name="x"), Input((3,), name="h_tm1")
    assert written(shared(x) - h, x, h, ops.tanh(shared(h))) == expected


def test_a_readout_and_constants_have_their_time():
    x, r, k = Input((2,), name="x"), Input((2,)), Input((2,), name="k")
    assert written(x + r * k, x, readout_input=r, constants=k) == "y_t = x_t + y_{t-1} * k"


def test_what_is_the_same_at_every_timestep_has_none():
    x, k = Input((2,), name="x"), Input((2,), name="k")
    keys = layers.Dense(2, name="keys")(k)
    assert written(x * keys, x, constants=k) == "keys = W k + b\ny_t = x_t * keys"
    c, r = Input((1,), name="c"), Input((1,), name="y_tm1")
    assert written(10 * c + r, c, readout_input=r, decode=True, output_length=3) == "y_t = 10 c + y_{t-1}"


def test_a_nested_model_is_a_function_with_equations_of_its_own():
    rnn = stack(LSTMCell, GRUCell)
    rnn(np.ones((1, 2, 3)))
    lines = str(viz.equations(rnn)).splitlines()
    lstm, gru = "lstm", "gru"  # not `lstm_cell_3`, as Keras counts
    assert viz.equations(rnn).latex.count(f"\\operatorname{{{lstm}}}") == 2
    assert lines[0] == f"(h_{{1,t}}, c_{{1,t}}) = {lstm}(x_t, h_{{1,t-1}}, c_{{1,t-1}})"
    assert lines[1] == f"h_{{2,t}} = {gru}(h_{{1,t}}, h_{{2,t-1}})"
    assert f"where (h_t, c_t) = {lstm}(x_t, h_{{t-1}}, c_{{t-1}}):" in lines
    assert "c_t = f_t * c_{t-1} + i_t * g_t" in lines


def test_cells_of_one_kind_are_counted_within_the_step():
    rnn = stack(LSTMCell, LSTMCell)
    rnn(np.ones((1, 2, 3)))
    heads = [line for line in str(viz.equations(rnn)).splitlines() if line.startswith("where")]
    assert heads == [f"where (h_t, c_t) = lstm_{n}(x_t, h_{{t-1}}, c_{{t-1}}):" for n in (1, 2)]


def test_brackets_stand_where_they_change_the_value_and_nowhere_else():
    x = Input((2,), name="x")
    assert written((x - (x - 2.0)) * -x / (3.0 + x), x) == "y_t = (x_t - (x_t - 2)) * (-x_t) / (3 + x_t)"


def assert_balanced(latex):
    assert latex.count("\\left") == latex.count("\\right")
    assert latex.replace("\\{", "").count("{") == latex.replace("\\}", "").count("}")
    assert latex.startswith("\\begin{aligned}") and latex.endswith("\\end{aligned}")


@pytest.mark.parametrize("name", MODELS)
def test_every_model_has_equations(name):
    layer = MODELS[name]()
    layer = layer.layers[1] if name == "one_layer_used_twice" else only_layer(layer)
    for way in [layer.forward_layer, layer.backward_layer] if is_both_ways(layer) else [layer]:
        found = viz.equations(way)
        assert_balanced(found.latex)
        assert "y" in str(found) and found._repr_latex_() == f"$$\n{found.latex}\n$$"


@pytest.mark.parametrize("name", ["own", "attention", "heads", "bidirectional", "shared_model", "masking"])
def test_layers_in_a_step_have_equations(name):
    assert_balanced(viz.equations(LAYERS[name]()[0]).latex)


def test_odd_names_are_letters_and_no_commands():
    x = Input((2,), name="x")
    y = ops.tanh(layers.Dense(2, name="a{b}$c%_^~<d>&#")(x)) * 2.0
    found = viz.equations(RecurrentModel(x, y))
    assert_balanced(found.latex)
    assert r"a\{b\}\$c\%\_\hat{}\sim \lt d\gt \&\#" in found.latex


def test_a_bidirectional_is_refused_with_the_way_out():
    both = keras.layers.Bidirectional(LSTMCell(2, input_dim=3).get_layer())
    with pytest.raises(ValueError, match="forward_layer"):
        viz.equations(both)
