"""What every wrapper keeps: masks, saving, precision, the fast loop, steppers and traces, any cell inside."""

import json

import keras
import numpy as np
import pytest

import viz
from rshop import LSTMCell, RecurrentModel, RecurrentSequential, Stepper, trace
from rshop.cells import ResidualCell
from rshop.cells.wrappers.wrapper import CellWrapper
from rshop.fast import switched
from tests.support import fresh
from tests.support.cells import assert_close, randomize
from tests.support.errors import check
from tests.support.wrapped import INSIDE, MASK, UNITS, WRAPPERS, X, every_wrapped, layer_of, model_of, x_of

EVERY = every_wrapped()
PLAIN = {"late_gradients": False, "xla": False, "hoist": False, "split": False, "cudnn": False}

each = pytest.mark.parametrize("name", EVERY)
of_lstm = pytest.mark.parametrize("name", [f"{name}(lstm)" for name in WRAPPERS])


@each
def test_a_masked_timestep_is_as_if_it_was_not_there(name):
    """Law 11: outputs and states are those of the sequence without its masked timesteps."""
    rnn = layer_of(EVERY[name](), return_states=True)
    y, *states = rnn(x_of(rnn), mask=MASK)
    for i, valid in enumerate(MASK):
        short, *last = rnn(x_of(rnn, X[i : i + 1, valid]))
        assert_close(np.array(y)[i : i + 1, valid], short)
        for state, expected in zip(states, last, strict=True):
            assert_close(state[i : i + 1], expected)


@pytest.mark.slow
def test_each_loads_alone_in_a_fresh_process_with_equal_predictions(tmp_path):
    """Law 30: no custom objects, nothing built before."""
    for wrapper in WRAPPERS:
        names = [f"{wrapper}(lstm)", f"{wrapper}(keras gru)", f"residual({wrapper}(lstm))"]
        rnns = [layer_of(EVERY[name]()) for name in names]
        model, x = model_of(*rnns), x_of(rnns[0])
        inputs = x if isinstance(x, list) else [x]
        fresh.write(tmp_path, wrapper.replace(" ", "_"), model, inputs, model(x))
    found = fresh.differences(tmp_path)
    assert len(found) == len(WRAPPERS)
    wrong = {name: d for name, d in found.items() if not (isinstance(d, float) and d <= 1e-6)}
    assert not wrong


@of_lstm
def test_the_config_makes_the_same_cell_and_stays_as_it_is(name):
    cell = EVERY[name]()
    config = cell.get_config()
    before = json.dumps(config)
    cells = [type(cell).from_config(config) for _ in range(2)]
    assert json.dumps(config) == before == json.dumps(cells[0].get_config())
    rnns = [layer_of(cell) for cell in cells]
    assert_close(rnns[0](x_of(rnns[0])), rnns[1](x_of(rnns[1])), tolerance=0)


@of_lstm
def test_the_fast_loop_gives_the_numbers_of_the_plain_loop(name):
    """Predictions, losses and trained weights, to 1e-5."""
    found = []
    for switches in ({}, PLAIN):
        keras.utils.set_random_seed(1)
        rnn = layer_of(EVERY[name]())
        model, x = model_of(rnn), x_of(rnn)
        with switched(**switches):
            model.compile(keras.optimizers.SGD(0.1), "mse")
            before = model.predict(x, verbose=0)
            losses = [model.train_on_batch(x, np.ones_like(X)) for _ in range(2)]
        found.append([before, np.array(losses), *model.get_weights()])
    for fast, plain in zip(*found, strict=True):
        assert_close(fast, plain, tolerance=1e-5)


@pytest.mark.parametrize("dtype, tolerance", [("mixed_bfloat16", 0.1), ("float64", 1e-5)])
@of_lstm
def test_a_dtype_policy_computes_in_its_type_and_keeps_the_numbers(name, dtype, tolerance):
    """Law 32."""
    plain = layer_of(EVERY[name]())
    expected = plain(x_of(plain))
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy(dtype)
        rnn = EVERY[name]().get_layer(return_sequences=True)
        model = model_of(rnn)
        rnn.set_weights(plain.get_weights())
        y = model(x_of(rnn))
        model.compile("sgd", "mse")
        loss = model.train_on_batch(x_of(rnn), np.zeros(y.shape, "float32"))
    finally:
        keras.config.set_dtype_policy(before)
    assert keras.backend.standardize_dtype(y.dtype) == dtype.removeprefix("mixed_")
    assert np.isfinite(loss)
    assert_close(keras.ops.cast(y, "float32"), expected, tolerance=tolerance)


@of_lstm
def test_unrolled_backwards_and_one_by_one_it_is_the_same_run(name):
    """Law 10, law 7, and a `Stepper`."""
    rnn = layer_of(EVERY[name]())
    expected = rnn(x_of(rnn))
    unrolled = EVERY[name]().get_layer(return_sequences=True, unroll=True)
    backwards = EVERY[name]().get_layer(return_sequences=True, go_backwards=True)
    for other, x in ((unrolled, X), (backwards, X[:, ::-1])):
        other(x_of(other, x))
        other.set_weights(rnn.get_weights())
        assert_close(other(x_of(other, x)), expected)
    stepper = Stepper(rnn, len(X))
    for t in range(X.shape[1]):
        assert_close(stepper.step(x_of(rnn, X[:, t])), expected[:, t])


@of_lstm
def test_a_stateful_layer_goes_on_where_it_ended(name):
    """Law 6."""
    rnn = layer_of(EVERY[name]())
    stateful = EVERY[name]().get_layer(return_sequences=True, stateful=True)
    stateful(x_of(rnn, X[:, :3]))
    stateful.set_weights(rnn.get_weights())
    stateful.reset_states()
    parts = [stateful(x_of(rnn, X[:, :3])), stateful(x_of(rnn, X[:, 3:]))]
    assert_close(np.concatenate(parts, axis=1), rnn(x_of(rnn)))


@pytest.mark.parametrize("name", [f"{name}(lstm)" for name in WRAPPERS if name != "reset"])
def test_in_a_stack_a_step_and_a_cell_of_a_model_it_is_the_same_cell(name):
    """Law 25: nested is as flat."""
    rnn = layer_of(EVERY[name]())
    stack = RecurrentSequential(return_sequences=True)
    stack.add(EVERY[name]())
    cell = EVERY[name]()
    cell.build((None, UNITS))
    x, *states = (keras.Input(t.shape[1:], dtype=t.dtype) for t in cell.model.inputs)
    y, *after = cell([x, *states])
    step = RecurrentModel(x, y, states, after, return_sequences=True)
    outer = RecurrentSequential(return_sequences=True)
    outer.add(RecurrentModel(x, y, states, after).get_cell())
    for other in (stack, step, outer):
        other(X)
        other.set_weights(rnn.get_weights())
        assert_close(other(X), rnn(X))


@of_lstm
def test_a_trace_has_the_values_inside_and_agrees_with_the_layer(name):
    """Law 29: the gates of the cell inside are found by their names, and a picture has them."""
    rnn = layer_of(EVERY[name]())
    record = trace(rnn, x_of(rnn))
    assert_close(record.outputs, rnn(x_of(rnn)), tolerance=1e-6)
    assert record["lstm_cell/forget_gate"].shape == (*X.shape[:2], UNITS)
    assert list(record.states)[:2] == ["h", "c"]
    assert all(not part.rpartition("_")[2].isdigit() for n in record.names for part in n.split("/")[:-1])
    assert "forget_gate" in viz.draw_step(rnn).text


def test_what_is_wrapped_is_a_cell():
    """One line each, before anything is built."""
    rnn = LSTMCell(3).get_layer()
    wrong = {"lstm": "'lstm'", 3: "3", LSTMCell: "LSTMCell(...)", rnn: "get_cell()"}
    wrong[keras.layers.LSTM(3)] = "layer.cell"
    wrong[keras.layers.Dense(3)] = "Dense"
    for wrapper in WRAPPERS.values():
        for value, word in wrong.items():
            check(lambda wrapper=wrapper, value=value: wrapper(value), [word], TypeError)
    with pytest.raises(TypeError, match="output_dim"):
        ResidualCell(LSTMCell(3), output_dim=3)


def test_a_wrapper_of_ones_own_is_a_class_with_one_method():
    @keras.saving.register_keras_serializable("tests")
    class Halved(CellWrapper):
        def run(self, xs, states):
            y, after = self.run_cell(xs, states)
            return 0.5 * y, after

    rnn, inner = layer_of(Halved(LSTMCell(UNITS))), layer_of(LSTMCell(UNITS))
    inner.set_weights(rnn.get_weights())
    assert_close(rnn(X), 0.5 * inner(X))


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_keras_cell_inside_gives_the_numbers_of_ours(wrapper, kind):
    ours = layer_of(WRAPPERS[wrapper](INSIDE[kind]()))
    theirs = WRAPPERS[wrapper](INSIDE[f"keras {kind}"]()).get_layer(return_sequences=True)
    theirs(x_of(theirs))
    theirs.set_weights(ours.get_weights())
    assert_close(theirs(x_of(theirs)), ours(x_of(ours)))
    assert theirs.state_names == ours.state_names


def test_the_size_and_the_states_are_known_before_anything_is_built():
    for name, wrapper in WRAPPERS.items():
        cell = wrapper(LSTMCell(UNITS))
        assert cell.output_shape((None, UNITS)) == (None, UNITS)
        if name != "clock":  # whether it holds an output it learns from the built cell
            assert cell.state_names == ["h", "c"] and cell.num_states == 2 and not cell.built
        assert wrapper(LSTMCell(UNITS, input_dim=UNITS)).get_layer().is_described
    stack = RecurrentSequential(readout="add", return_sequences=True)
    stack.add(ResidualCell(LSTMCell(UNITS)))
    assert stack(X).shape == X.shape


def test_a_first_state_and_a_learned_one_have_the_names_of_the_cell_inside():
    rnn = ResidualCell(LSTMCell(UNITS)).get_layer(state_initializer={"c": "learned"})
    rnn(X)
    assert any("initial_c" in w.path for w in rnn.trainable_weights)
    randomize(rnn)
    inner = LSTMCell(UNITS).get_layer()
    inner(X)
    inner.set_weights(rnn.cell.get_weights())
    first = {"h": X[:, 0], "c": X[:, 1]}
    assert_close(rnn(X, initial_state=first), inner(X, initial_state=first) + X[:, -1])
