"""`draw_step(schedule=True)`: what runs before the loop, in it and after it."""

import keras
import pytest
from keras import layers, ops

import viz
from rshop import LSTMCell, RecurrentModel
from tests.rshop.fast.test_fast import language_model


def lines(rnn, **options):
    text = viz.draw_step(rnn, schedule=True, **options).text
    return {line.split(" (")[0]: line for line in text.splitlines()}


def test_each_box_says_where_it_runs():
    rnn, _ = language_model()
    found = lines(rnn)
    assert "4, before the loop" in found["Embedding 4"] and "4, before the loop" in found["deep"]
    assert "9, after the loop" in found["logits"]
    (sum_,) = (name for name in found if "of_state" in name)
    assert all("the loop" not in found[name] for name in (sum_, "tanh"))


@pytest.mark.parametrize(("forced", "place"), [(False, None), (True, "after"), (0.5, None)])
def test_the_truth_sets_the_output_free(forced, place):
    rnn, _ = language_model(readout=True, teacher_force=forced)
    logits = next(box for box in viz.draw_step(rnn, schedule=True).scene.boxes if box.label.title == "logits")
    assert (logits.role if logits.role == "after" else None) == place


def test_without_the_option_nothing_is_marked():
    rnn, _ = language_model()
    assert "the loop" not in viz.draw_step(rnn).text


def test_what_is_not_known_is_named():
    x, h = keras.Input((3,)), keras.Input((3,))
    n = ops.tanh(layers.GaussianNoise(0.5, name="forgetful")(layers.Dense(3)(x)) + h)
    text = viz.draw_step(RecurrentModel(x, n, h, n), schedule=True).text
    assert "All in the plain loop, because of forgetful." in text


def test_what_changes_a_weight_that_another_part_reads_is_named():
    x, h = keras.Input((3,)), keras.Input((3,))
    norm = layers.BatchNormalization(name="norm")
    n = ops.tanh(norm(layers.Dense(3)(x)) + h * norm.moving_variance)
    text = viz.draw_step(RecurrentModel(x, n, h, n), schedule=True).text
    assert "All in the plain loop, because of norm." in text


def test_a_closed_cell_stands_in_the_loop():
    rnn = LSTMCell(3, input_dim=2).get_layer()
    for fold in (False, True):
        assert {box.role for box in viz.draw_step(rnn, fold=fold, schedule=True).scene.boxes}.isdisjoint(
            {"before", "after"}
        )


def test_a_step_that_runs_in_the_loop_as_a_whole_says_so():
    scene = viz.draw_step(LSTMCell(3, input_dim=2).get_layer(), schedule=True).scene
    assert scene.notes == ["All of it runs in the loop, timestep by timestep."]
