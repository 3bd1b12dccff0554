"""Interventions: change what one timestep reads, and nothing but what follows from it changes."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import viz
from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential, trace
from tests.support.cells import accumulator, assert_close, draws, lstm_np, numpy_of, randomize, run_np

X = draws(3, 6, 2)
A = np.array([[0.5, -0.8, 0.1], [0.3, 0.9, 0.0], [-0.2, 0.4, 1.1]], "float32")


def linear(**options):
    """h = x W + h A, y = h: three units."""
    x, h = keras.Input((2,), name="x"), keras.Input((3,), name="h")
    across = layers.Dense(3, use_bias=False, name="A")
    n = layers.Dense(3, name="W")(x) + across(h)
    across.set_weights([A])
    return RecurrentModel(x, n, h, n, return_sequences=True, **options)


def echo(**options):
    """y = x + r / 2: the readout is all that is carried."""
    x, r = keras.Input((2,), name="x"), keras.Input((2,), name="r")
    return RecurrentModel(x, x + 0.5 * r, readout_input=r, return_sequences=True, **options)


def arrays(record):
    found = {name: record[name] for name in record.names}
    found |= {f"states/{name}": record.states[name] for name in record.states}
    for part in ("inputs", "outputs", "readout"):
        for i, array in enumerate(keras.tree.flatten(getattr(record, part))):
            found[f"{part}/{i}"] = np.asarray(array)
    return {name: array for name, array in found.items() if array.dtype != object}


def same_bits(a, b, upto=None):
    """Every array of two traces, or of their first timesteps, to the last bit."""
    first, second = arrays(a), arrays(b)
    assert list(first) == list(second)
    for name in first:
        left, right = first[name][:, :upto], second[name][:, :upto]
        assert left.tobytes() == right.tobytes(), name


def lstm():
    rnn = LSTMCell(4, input_dim=2).get_layer(return_sequences=True)
    rnn(X)
    randomize(rnn)
    return rnn


def stack():
    rnn = RecurrentSequential(return_sequences=True, readout="add")
    rnn.add(LSTMCell(4, input_dim=2, name="low"))
    rnn.add(layers.Dense(2, name="up"))
    rnn(X)
    randomize(rnn)
    return rnn


MASK = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 0, 1, 1, 1], [1, 1, 0, 0, 1, 0]], bool)
RUNS = {
    "linear": (linear, {}),
    "lstm": (lstm, {"initial_state": {"c": 0.5}}),
    "masked": (lstm, {"mask": MASK}),
    "stack_with_readout": (stack, {}),
    "truth": (lambda: echo(teacher_force=True), {"ground_truth": draws(3, 6, 2, seed=4)}),
    "backwards": (lambda: linear(go_backwards=True), {}),
}


@pytest.mark.parametrize("mode", ["inputs kept", "free running"])
@pytest.mark.parametrize("run", RUNS)
def test_an_empty_edit_is_bit_identical(run, mode):
    build, call = RUNS[run]
    rnn = build()
    if mode == "free running" and run in ("linear", "lstm", "masked", "backwards"):
        rnn, call = stack(), {**call, "initial_state": None}
    both = viz.intervene(rnn, X, at=3, mode=mode, **call)
    same_bits(both.original, both.edited)
    assert both.changed == ()


@pytest.mark.parametrize("run", [name for name in RUNS if name not in ("truth", "backwards")])
def test_the_original_run_is_what_trace_records(run):
    build, call = RUNS[run]
    rnn = build()
    both, record = viz.intervene(rnn, X, at=2, **call), trace(rnn, X, **call)
    first, second = arrays(both.original), arrays(record)
    assert list(first) == list(second)
    for name in first:
        assert_close(first[name], second[name], 1e-6, err_msg=name)


def test_what_a_call_returns_is_the_original_output():
    rnn = linear(go_backwards=True)
    assert_close(viz.intervene(rnn, X, at=2).original.outputs, rnn(X), 1e-6)
    rnn = echo(teacher_force=True)
    truth = draws(3, 6, 2, seed=4)
    fed = np.concatenate([np.zeros((3, 1, 2)), truth[:, :-1]], axis=1)
    assert_close(viz.intervene(rnn, X, at=2, ground_truth=truth).original.outputs, X + 0.5 * fed, 1e-6)


@pytest.mark.parametrize("run", RUNS)
def test_timesteps_before_the_edit_are_untouched(run):
    build, call = RUNS[run]
    rnn = build()
    edit = {"readout": 3.0} if run == "truth" else {"states": {rnn.state_names[0]: 3.0}}
    both = viz.intervene(rnn, X, at=3, **edit, **call)
    same_bits(both.original, both.edited, upto=3)
    assert any(np.any(after != before) for before, after in zip(
        arrays(both.original).values(), arrays(both.edited).values(), strict=True))  # fmt: skip


def test_the_effect_on_a_linear_rnn_after_k_steps_is_a_power_of_its_matrix():
    """h_{at+k} moves by delta A^k (rows are samples)."""
    rnn, delta = linear(), draws(3, 3, seed=8)
    at = 2
    before = trace(rnn, X).states["h"][:, at]
    both = viz.intervene(rnn, X, at=at, states={"h": before + delta})
    effect = both.effect("h")
    assert effect.shape == (3, 7, 3)
    assert not effect[:, :at].any()
    for k in range(len(X[0]) - at + 1):
        assert_close(effect[:, at + k], delta @ np.linalg.matrix_power(A, k), 1e-5)
    assert repr(both) == "Intervention at timestep 2 of 6, inputs kept: states h"


def test_the_effect_on_an_inner_value_is_the_difference_of_two_traces():
    """`A` is the product with the state: moved from the edit on. `W` reads the input: not moved."""
    rnn, at, new = linear(), 2, draws(3, 3, seed=8)
    both = viz.intervene(rnn, X, at=at, states={"h": new})
    whole, edited = trace(rnn, X), trace(rnn, X[:, at:], initial_state=new)
    expected = np.concatenate([np.zeros((3, at, 3)), edited["A"] - whole["A"][:, at:]], axis=1)
    assert np.abs(expected[:, at:]).min() > 1e-4
    assert_close(both.effect("A"), expected, 1e-5)
    assert both.effect("W").shape == (3, 6, 3) and not both.effect("W").any()


def test_the_effect_on_a_part_of_a_stack_is_found_by_its_ending():
    both = viz.intervene(stack(), X, at=2, states={"low/c": 1.0})
    for name in ("forget_gate", "low/forget_gate"):
        moved = both.edited["low/forget_gate"] - both.original["low/forget_gate"]
        assert_close(both.effect(name), moved, 0)
        assert moved[:, 3:].any()
    assert both.effect("c").shape == (3, 7, 4)


@pytest.mark.parametrize(("name", "kind"), [("nothing_of_it", ValueError), (3, TypeError)])
def test_an_effect_on_what_there_is_not_is_refused(name, kind):
    with pytest.raises(kind, match=f"Received: {name!r}.*Expected"):
        viz.intervene(linear(), X, at=1).effect(name)


def test_the_edited_future_of_an_lstm_is_its_equations_from_the_new_state():
    rnn = lstm()
    new = draws(3, 4, seed=2)
    both = viz.intervene(rnn, X, at=4, states={"c": new})
    h = both.original.states["h"][:, 4]
    y, (last_h, last_c) = run_np(lstm_np, X[:, 4:], [h, new], rnn.get_weights())
    assert_close(both.edited.outputs[:, 4:], y, 1e-5)
    assert_close(both.edited.states["c"][:, 6], last_c, 1e-5)
    assert_close(both.edited.states["c"][:, 4], new, 0)
    assert_close(both.edited["forget_gate"].shape, (3, 6, 4), 0)


def test_a_number_and_one_sample_spread_over_the_batch():
    rnn = linear()
    by_number = viz.intervene(rnn, X, at=1, states={"h": 2.0}).edited
    by_unit = viz.intervene(rnn, X, at=1, states=[np.full(3, 2.0)]).edited
    same_bits(by_number, by_unit)
    assert_close(by_number.states["h"][:, 1], np.full((3, 3), 2.0), 0)


def test_an_input_is_changed_at_one_timestep_alone():
    rnn = accumulator(2)
    both = viz.intervene(rnn, X, at=2, inputs=X[:, 2] + 5.0)
    moved = np.zeros_like(X)
    moved[:, 2:] = 5.0
    assert_close(both.edited.outputs - both.original.outputs, moved, 1e-5)
    assert_close(both.edited.inputs - X, np.eye(6)[2][None, :, None] * 5.0 + 0 * X, 1e-6)


def test_inputs_kept_feeds_the_readouts_of_the_original_run():
    """y_t = x_t + r_t / 2 has no state: a changed readout moves one output and no other."""
    both = viz.intervene(echo(), X, at=2, readout=1.0)
    moved = both.edited.outputs - both.original.outputs
    assert_close(moved[:, 2], 0.5 * (1.0 - both.original.readout[:, 2]), 1e-6)
    assert not moved[:, 3:].any() and not moved[:, :2].any()
    assert both.changed == ("readout",)


def test_free_running_feeds_the_outputs_of_the_edited_run():
    """The same change halves with each timestep."""
    both = viz.intervene(echo(), X, at=2, readout=1.0, mode="free running")
    moved = both.edited.outputs - both.original.outputs
    first = 0.5 * (1.0 - both.original.readout[:, 2])
    for k in range(4):
        assert_close(moved[:, 2 + k], first * 0.5**k, 1e-6)
    assert_close(both.edited.readout[:, 3:], both.edited.outputs[:, 2:-1], 0)


def test_free_running_lets_go_of_the_truth_from_the_timestep_on():
    truth = draws(3, 6, 2, seed=4)
    both = viz.intervene(echo(teacher_force=True), X, at=3, mode="free running", ground_truth=truth)
    fed = both.original.readout
    assert_close(fed[:, 1:4], truth[:, :3], 0)
    assert_close(fed[:, 4:], both.original.outputs[:, 3:-1], 0)


def test_free_running_without_a_readout_feeds_outputs_as_inputs():
    rnn = accumulator(2)
    both = viz.intervene(rnn, X, at=2, states={"h": 1.0}, mode="free running")
    y = both.edited.outputs
    assert_close(both.edited.inputs[:, 3:], y[:, 2:-1], 0)
    for k in range(4):
        assert_close(y[:, 2 + k], (1.0 + X[:, 2]) * 2.0**k, 1e-5)


def test_free_running_over_tokens_feeds_the_likeliest():
    i, h = keras.Input((), dtype="int32", name="i"), keras.Input((3,), name="h")
    n = ops.tanh(layers.Embedding(5, 3, embeddings_initializer="normal")(i) + h)
    rnn = RecurrentModel(i, layers.Dense(5)(n), h, n, return_sequences=True)
    both = viz.intervene(rnn, np.array([[1, 2, 3, 4]]), at=1, inputs=np.array([0]), mode="free running")
    assert both.edited.inputs[0, :2].tolist() == [1, 0]
    assert (both.edited.inputs[0, 2:] == both.edited.outputs[0, 1:-1].argmax(-1)).all()


def test_masked_timesteps_hold_the_edited_state():
    rnn = accumulator(2)
    mask = np.array([[1, 1, 0, 0, 1, 1]] * 3, bool)
    both = viz.intervene(rnn, X, at=2, states={"h": 7.0}, mask=mask)
    assert_close(both.edited.states["h"][:, 2:5], np.full((3, 3, 2), 7.0), 0)
    assert_close(both.edited.states["h"][:, 5], 7.0 + X[:, 4], 1e-6)
    assert_close(both.edited.outputs[:, 3], both.original.outputs[:, 3], 0)


def test_a_decoder_can_be_changed_at_one_timestep():
    """y = 10 c + r; the input is 2 at timestep 1 alone: 10, 30, 40."""
    c, r = keras.Input((1,)), keras.Input((1,))
    rnn = RecurrentModel(c, 10.0 * c + r, readout_input=r, decode=True, output_length=3)
    both = viz.intervene(rnn, np.ones((1, 1)), at=1, inputs=[[2.0]], mode="free running")
    assert both.original.outputs.ravel().tolist() == [10, 20, 30]
    assert both.edited.outputs.ravel().tolist() == [10, 30, 40]
    longer = viz.intervene(rnn, np.ones((1, 1)), at=4, readout=0.0, output_length=5)
    assert longer.edited.outputs.ravel().tolist() == [10, 20, 30, 40, 10]


def test_constants_and_several_inputs_go_along():
    a, b, k = keras.Input((2,)), keras.Input((1,)), keras.Input((2,), name="k")
    h = keras.Input((2,), name="h")
    n = h + a * k + b
    rnn = RecurrentModel({"a": a, "b": b}, n, h, n, constants=k, return_sequences=True)
    x = {"a": X, "b": draws(3, 6, 1, seed=1)}
    new = {"a": X[:, 1], "b": x["b"][:, 1] + 2.0}
    both = viz.intervene(rnn, x, at=1, inputs=new, constants=np.ones((3, 2)))
    assert_close(both.effect("h")[:, 2:], np.full((3, 5, 2), 2.0), 1e-5)
    assert set(both.edited.inputs) == {"a", "b"}


def test_nothing_is_kept():
    """Weights, carried states and the caller's arrays are as before."""
    rnn = accumulator(2, stateful=True)
    rnn(X)
    carried, x = numpy_of(rnn.states), X.copy()
    first = viz.intervene(rnn, X, at=2, states={"h": 1.0})
    assert_close(numpy_of(rnn.states), carried, 0)
    assert (x == X).all()
    same_bits(first.edited, viz.intervene(rnn, X, at=2, states={"h": 1.0}).edited)
    assert_close(first.original.states["h"][:, 0], carried[0], 0)


def test_names_may_be_endings_and_layers_need_not_be_built():
    rnn = RecurrentSequential(return_sequences=True)
    rnn.add(GRUCell(3, name="low"))
    rnn.add(GRUCell(2, name="high"))
    both = viz.intervene(rnn, X, at=1, states={"low/h": 1.0})
    assert both.changed == ("states low/h",)
    assert both.effect("high/h").shape == (3, 7, 2)
    assert viz.intervene(rnn, X, at=-1).at == 5


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        ({"at": 6}, "There is no such timestep. Received: timestep 6"),
        ({"at": True}, "There is no such timestep"),
        ({"at": 1, "states": {"q": 1.0}}, "No states are called 'q'"),
        ({"at": 1, "states": {"h": np.ones(7)}}, "wrong shape. Received: shape (7,)"),
        ({"at": 1, "inputs": np.ones((3, 5))}, "new input does not fit the timestep"),
        ({"at": 1, "mode": "both"}, "no such way to go on. Received: mode='both'"),
        ({"at": 1, "mode": "free running"}, "no output fits as input. Received: inputs of shape (None, 2)"),
        ({"at": 1, "readout": 1.0}, "does not have the structure"),
    ],
)
def test_bad_edits_are_one_clear_error(edit, words):
    with pytest.raises(ValueError) as caught:
        viz.intervene(linear(), X, **edit)
    assert words in str(caught.value) and "Fix: " in str(caught.value)


def test_what_cannot_be_run_is_one_clear_error():
    with pytest.raises(TypeError, match="no recurrent layer of rshop. Received: 3"):
        viz.intervene(3, X, at=0)
    with pytest.raises(ValueError, match=r"no timestep to run. Received: x of shape \(3, 0, 2\)"):
        viz.intervene(linear(), X[:, :0], at=0)


@pytest.mark.parametrize("name", [np.ones(2), ["h"], {"h": [1]}, 3])
def test_a_name_that_is_no_text_is_in_no_trace_and_has_no_effect(name):
    rnn = LSTMCell(2, input_dim=1).get_layer()
    both = viz.intervene(rnn, np.ones((1, 3, 1), "float32"), at=1, states={"h": 1.0})
    assert name not in both.original and name not in both.original.states
    with pytest.raises(TypeError, match="(?s)Received: .*Expected: a str.*Fix: "):
        both.effect(name)
