"""Schedules of teacher forcing: the formulas of Bengio et al. (2015), in a layer and by a callback."""

import math

import keras
import numpy as np
import pytest
from keras import Input, layers

from rshop import RecurrentModel
from rshop.training import Exponential, ForcingSchedule, InverseSigmoid, Linear
from tests.support.fresh import differences, write

SCHEDULES = {
    "linear": (Linear(8), lambda t: max(0.0, 1 - t / 8)),
    "linear to a half": (Linear(8, least=0.5), lambda t: max(0.5, 1 - t / 8)),
    "exponential": (Exponential(0.9), lambda t: 0.9**t),
    "inverse sigmoid": (InverseSigmoid(4.0), lambda t: 4 / (4 + math.exp(t / 4))),
}


def echo(teacher_force):
    """A step that says what it hears from its readout, plus one."""
    x, r = Input((1,)), Input((1,))
    return RecurrentModel(
        x, r + 1.0 + 0.0 * x, readout_input=r, teacher_force=teacher_force, return_sequences=True
    )


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_is_its_formula(name):
    schedule, formula = SCHEDULES[name]
    expected = [formula(t) for t in range(40)]
    np.testing.assert_allclose([schedule(t) for t in range(40)], expected, rtol=1e-5, atol=1e-6)
    tensor = schedule(keras.ops.arange(40))
    np.testing.assert_allclose(tensor, expected, rtol=1e-5, atol=1e-6)
    again = type(schedule).from_config(schedule.get_config())
    assert [again(t) for t in range(5)] == [schedule(t) for t in range(5)]


def test_a_late_step_is_the_limit_and_no_overflow():
    assert Exponential(0.5)(10**6) == Linear(3)(10**6) == 0
    assert 0 <= InverseSigmoid(1.0)(10**6) < 1e-30


def test_a_layer_forces_as_often_as_its_schedule_says():
    """The share of forced timesteps of each training call, counted in the outputs."""
    rnn = echo(Linear(4))
    x, truth = np.zeros((50, 40, 1), "float32"), np.full((50, 40, 1), 1000.0, "float32")
    shares = []
    for _ in range(6):
        y = keras.ops.convert_to_numpy(rnn(x, ground_truth=truth, training=True))
        forced = y[:, 1:] == 1001  # the truth was heard
        shares.append(forced.mean())
    np.testing.assert_allclose(shares, [1, 0.75, 0.5, 0.25, 0, 0], atol=0.05)


@pytest.mark.parametrize("per, expected", [("epoch", [1, 0.5, 0]), ("batch", [0.5, 0, 0])])
def test_a_callback_moves_the_variable_and_writes_the_history(per, expected):
    p = keras.Variable(0.3)
    rnn = echo(p)
    x, truth = Input((3, 1)), Input((3, 1))
    model = keras.Model([x, truth], layers.Dense(1)(rnn(x, ground_truth=truth)))
    model.compile("sgd", "mse")
    data = np.zeros((4, 3, 1), "float32")
    callback = ForcingSchedule(p, Linear(2), per=per)
    history = model.fit([data, data], data, batch_size=2, epochs=3, verbose=0, callbacks=[callback]).history
    assert history["teacher_force"] == expected


def test_a_layer_with_a_schedule_is_loaded_alone(tmp_path):
    x = Input((3, 1))
    model = keras.Model(x, echo(InverseSigmoid(3.0))(x))
    data = np.zeros((2, 3, 1), "float32")
    model.save(tmp_path / "schedule.keras")
    write(tmp_path, "schedule", model, [data], [model.predict(data, verbose=0)])
    assert differences(tmp_path)["schedule"] == 0


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: Linear(0), "above 0"),
        (lambda: Linear("8"), "a number above 0"),
        (lambda: Linear(8, least=2), "at most 1"),
        (lambda: Exponential(1.5), "at most 1"),
        (lambda: InverseSigmoid(0.5), "at least 1"),
        (lambda: ForcingSchedule(0.5, Linear(8)), "a keras.Variable of one number"),
        (lambda: ForcingSchedule(keras.Variable([1.0]), Linear(8)), "a keras.Variable of one number"),
        (lambda: ForcingSchedule(keras.Variable(1.0), 0.5), "a function of a number"),
        (lambda: ForcingSchedule(keras.Variable(1.0), Linear(8), per="step"), "'epoch' or 'batch'"),
    ],
)
def test_what_is_no_schedule_is_refused(make, words):
    with pytest.raises((TypeError, ValueError), match=words) as error:
        make()
    assert all(word in str(error.value) for word in ("Received: ", "Expected: ", "Fix: "))


def test_a_schedule_that_gives_no_probability_is_told_with_its_epoch():
    callback = ForcingSchedule(keras.Variable(1.0), lambda epoch: 2.0 - epoch)
    with pytest.raises(ValueError, match=r"no probability at epoch 0\. Received: 2\.0"):
        callback.on_epoch_begin(0)
