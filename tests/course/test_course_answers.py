"""Answers that a check once judged wrongly: right ones in another form, wrong ones that look like right ones.

The plausible wrong answers of each exercise stand beside it, in `notebooks/course/lesson_NN.py`.
"""

import importlib
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import ops
from keras.layers import Concatenate, Dense

from rshop import GRUCell, LSTMCell, SimpleRNNCell
from tests.support.answers import (
    apart_with_two_biases,
    backwards_in_keras,
    chooser,
    chosen,
    days,
    faded_in_place,
    fixed_number,
    forced_stack,
    gated_without_b,
    gradients_in_place,
    ids_of_the_batch,
    ids_with_a_point,
    independent,
    keras_fading,
    keras_late,
    keras_rnn,
    keras_rounding,
    largest_of_all_places,
    last_state_outside,
    leak,
    levels,
    lstm,
    mean_in_place,
    minimal_gated_cell,
    minimal_gated_layer,
    no_tanh,
    one_kernel,
    pages_side_by_side,
    repeat_as_a_function,
    repeat_in_keras,
    repeat_too_often_in_keras,
    rnn,
    shifted_in_place,
    side_by_side,
    softsign,
    thinks_side_by_side,
    topped,
    two_biases,
    two_tanh,
)

# Not an import statement: the lessons' own package is only found from their folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "notebooks"))
course = importlib.import_module("course")
Outcome = importlib.import_module("course.outcome").Outcome

RIGHT = [
    ("00.one", lambda x, h: np.float32(x + h / 2)),
    (
        "00.all",
        lambda inputs: np.array(
            [sum(x * 0.5 ** (t - s) for s, x in enumerate(inputs[: t + 1])) for t in range(len(inputs))]
        ),
    ),
    ("00.share", keras_fading),
    ("00.late", keras_late),
    ("01.every", keras_rnn(return_sequences=True)),
    ("01.every", lambda units: SimpleRNNCell(units).get_layer(return_sequences=True)),
    ("01.bug", keras_rnn()),
    ("02.bug", keras_rnn(return_sequences=True)),
    ("03.bug", lambda units: keras.layers.LSTM(units, return_sequences=True)),
    ("03.bug", lambda units: LSTMCell(units, input_dim=2).get_layer(return_sequences=True)),
    ("05.mean", lambda values, mask: mean_in_place(values.copy(), mask)),
    ("02.through_time", lambda h, U: gradients_in_place(h.copy(), U)),
    ("01.every", rnn(one_kernel)),
    ("01.two_back", rnn(one_kernel, before=2, sequences=False)),
    ("01.bug", rnn(one_kernel, sequences=False)),
    ("02.bug", rnn(one_kernel)),
    ("05.own", chosen(one_kernel)),
    ("06.bug", chooser(lambda x, p: Dense(p.shape[1])(x) + p)),
    ("06.bug", chooser(side_by_side)),
    ("07.layer", forced_stack("concat")),
    ("09.repeat", repeat_in_keras),
    ("09.backwards", backwards_in_keras),
    ("10.every", levels(lambda units: lambda both: [one_kernel(*both)] * 2)),
    ("11.think", thinks_side_by_side),
    ("11.pages", pages_side_by_side),
    ("11.tick", chosen(one_kernel, features=2)),
    ("12.mgu", minimal_gated_cell),
    ("12.indrnn", independent()),
    ("12.bug", leak(lambda h, new, keep: new + keep * (h - new))),
]

BIASES = "There are two biases in a sum that has one b."
SUM = "The new state is not tanh of a sum of Dense layers."
WEIGHTS = "weights are not W, U and b."
WRITTEN = "What is written is not a gate times tanh(...)."
WRONG = [
    ("00.one", lambda x, h: f"{h / 2 + x}", "It is the text '"),
    ("00.one", lambda x, h: x, ": expected "),
    ("00.all", faded_in_place, "It changes `inputs`, which it was given, in place."),
    ("00.all", lambda inputs: str(inputs), "where numbers are expected."),
    ("00.all", lambda inputs: inputs, "timestep 1 of 0 to 5 is wrong: expected "),
    ("00.share", lambda share: keras_fading(0.5), "timestep 1 of 0 to 5 is wrong: expected "),
    ("00.share", lambda share: "a layer", "It returns the text 'a layer', not a layer."),
    ("00.late", lambda: keras.layers.Identity(), "timestep 0 of 0 to 0 is wrong: expected 0, received "),
    ("01.every", rnn(two_biases), BIASES),
    ("01.every", keras_rnn(), "the output has the shape"),
    ("01.every", keras_rnn(return_sequences=True, use_bias=False), WEIGHTS),
    ("01.every", keras_rnn(return_sequences=True, activation="sigmoid"), SUM),
    ("01.every", lambda units: keras.layers.GRU(units, return_sequences=True), SUM),
    ("01.every", lambda units: Dense(units), "It returns a Dense, not a recurrent layer."),
    ("01.sum", lambda: keras_fading(1.0), "The layer has 2 weights."),
    ("01.sum", lambda: rnn(lambda x, h: h + 2 * x)(1), "timestep 0 of 0 to 0 is wrong: expected "),
    ("01.two_back", rnn(two_biases, before=2, sequences=False), BIASES),
    ("01.bug", rnn(two_biases, sequences=False), BIASES),
    ("02.bug", rnn(two_biases), BIASES),
    ("02.bug", keras_rounding, "not what came out"),
    ("02.arrows", lambda timesteps, states: "8", "It is the text '8'"),
    ("02.through_time", gradients_in_place, "It changes `h`"),
    ("03.bias", lambda timesteps, left: "4", "It is the text '4'"),
    ("03.latch", lambda: "weights", "not the tuple (kernel, recurrent kernel, bias)."),
    ("03.bug", lstm(ops.tanh, gate=apart_with_two_biases), BIASES),
    ("03.bug", lambda units: keras.layers.GRU(units, return_sequences=True), "The step has 1 states."),
    ("03.coupled", lstm(ops.tanh, coupled=True, gate=apart_with_two_biases), BIASES),
    ("04.tank", lambda full: rnn(lambda x, h: h - x)(1), "timestep 0 of 0 to 4 is wrong: expected "),
    ("05.pad", lambda sequences: "x, mask", "the text 'x, mask', not the tuple (x, mask)."),
    ("05.pad", lambda sequences: np.zeros((2, 3)), "not the tuple (x, mask)."),
    ("05.mean", mean_in_place, "It changes `values`"),
    ("05.own", chosen(two_biases), BIASES),
    ("06.days", days(lambda day: day), "timestep 0 is wrong: expected day 1, received day 0."),
    ("06.savings", lambda rate: rnn(lambda x, h: x + h)(1), "The step has 1 states."),
    ("01.every", rnn(no_tanh), SUM),
    ("01.every", rnn(two_tanh), SUM),
    ("01.every", rnn(softsign), SUM),
    ("01.two_back", rnn(no_tanh, before=2, sequences=False), SUM),
    ("01.two_back", rnn(last_state_outside, before=2, sequences=False), SUM),
    ("01.bug", rnn(no_tanh, sequences=False), SUM),
    ("02.bug", rnn(no_tanh), SUM),
    ("02.bug", rnn(fixed_number), WEIGHTS),
    ("03.bug", lstm(lambda z: z), WRITTEN),
    ("03.bug", lstm(ops.sigmoid), WRITTEN),
    ("03.coupled", lstm(ops.sigmoid, coupled=True), WRITTEN),
    ("05.own", chosen(no_tanh), SUM),
    ("05.own", chosen(lambda x, h: ops.tanh(Dense(h.shape[1])(x) + h)), WEIGHTS),
    ("05.bug", ids_of_the_batch, "another number in another batch."),
    ("05.bug", ids_with_a_point, 'not whole numbers; np.zeros(shape, "int32") makes such an array.'),
    ("06.days", days(lambda day: day + 1), "two are equal."),
    ("06.days", days(lambda day: (day + 1) % 7), "two are equal."),
    ("06.bug", chooser(lambda x, p: Dense(p.shape[1])(x) * Dense(1)(p)), "are not a sum of"),
    ("07.fed", shifted_in_place, "in place"),
    ("07.layer", forced_stack("add"), "x and the readout have the same weights."),
    ("09.repeat", repeat_too_often_in_keras, "The output has the shape (4, 4, 2)"),
    ("09.repeat", repeat_as_a_function, "It returns a function, not a layer."),
    ("09.attend", largest_of_all_places, "weights that are no numbers."),
    ("10.levels", topped("tanh"), "is not a Dense(1)"),
    ("10.levels", topped("sigmoid"), "is not a Dense(1)"),
    ("10.every", levels(GRUCell), SUM),
    ("10.every", levels(joined=lambda below, y, x: Concatenate()([y, x])), SUM),
    ("10.every", levels(joined=lambda below, y, x: y + Dense(y.shape[1])(below)), SUM),
    ("10.every", levels(enter=lambda x, units: Dense(units)(x)), "weights are not those of"),
    ("12.mgu", minimal_gated_layer, "It returns a layer, not a cell"),
    ("12.mgu", gated_without_b, "There is no b in the gate."),
    ("12.indrnn", independent(use_bias=False), "There is no b."),
    ("12.bug", leak(lambda h, new, keep: keep * h + new), "not that of the bug hunt."),
    ("12.bug", leak(lambda h, new, keep: keep * h + 0 * new), "not that of the bug hunt."),
]

# What an answer may ignore: always these sizes, or the first of them alone.
FIXED = {
    "01.two_back": (4,),
    "01.bug": (4,),
    "02.bug": (4,),
    "05.own": (3,),
    "10.levels": (4,),
    "10.every": (4, 3),
    "10.bug": (3,),
    "11.think": (4,),
    "11.pages": (4,),
    "11.tick": (4,),
    "11.bug": (6,),
    "12.mgu": (4,),
    "12.indrnn": (4,),
    "12.scrn": (5, 2, 0.75),
    "12.bug": (5,),
}


@pytest.mark.parametrize(("name", "answer"), RIGHT, ids=[name for name, _ in RIGHT])
def test_a_check_accepts_a_right_answer_in_another_form(name, answer):
    assert course.exercise(name).outcome(answer) == (Outcome.MATCHES, "")


@pytest.mark.parametrize(("name", "answer", "words"), WRONG, ids=[name for name, *_ in WRONG])
def test_a_check_rejects_a_near_miss_whatever_its_weights_are(name, answer, words):
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        found, reason = course.exercise(name).outcome(answer)
        assert found is Outcome.DIFFERS and words in reason


@pytest.mark.parametrize("name", FIXED)
def test_a_check_rejects_an_answer_that_ignores_a_size(name):
    exercise, sizes = course.exercise(name), FIXED[name]
    found, _ = exercise.outcome(lambda *given: exercise.solution_function(*sizes, *given[len(sizes) :]))
    assert found is Outcome.DIFFERS
