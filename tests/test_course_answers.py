"""Answers that a check once judged wrongly: right ones in another form, wrong ones that look like right ones.

The plausible wrong answers of each exercise stand beside it, in `notebooks/course/lesson_NN.py`.
"""

import importlib
import sys
from pathlib import Path

import keras
import pytest
from helpers_answers import (
    backwards_in_keras,
    chooser,
    chosen,
    days,
    fixed_number,
    forced_stack,
    gated_without_b,
    ids_of_the_batch,
    ids_with_a_point,
    independent,
    largest_of_all_places,
    last_state_outside,
    leak,
    levels,
    lstm,
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
    two_tanh,
)
from keras import ops
from keras.layers import Concatenate, Dense

from rshop import GRUCell

# Not an import statement: the lessons' own package is only found from their folder.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notebooks"))
course = importlib.import_module("course")
Outcome = importlib.import_module("course.outcome").Outcome

RIGHT = [
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

SUM = "The new state is not tanh of a sum of Dense layers."
WEIGHTS = "weights are not W, U and b."
WRITTEN = "What is written is not a gate times tanh(...)."
WRONG = [
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
