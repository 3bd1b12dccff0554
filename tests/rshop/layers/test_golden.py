"""Numbers recorded from the original library, each matched to 1e-5.

`golden/original.npz` holds inputs, weights and outputs; `golden/original.json` says what
each case is.
"""

import json
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from rshop import RecurrentModel, RecurrentSequential, SimpleRNNCell
from tests.support.cells import assert_close, run_np, simple_np, simple_step

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
ARRAYS = np.load(GOLDEN / "original.npz")
INDEX = json.loads((GOLDEN / "original.json").read_text())
CASES = {}


def case(name):
    """Register the function that computes the outputs of one recorded case."""
    return lambda function: CASES.setdefault(name, function)


def arrays_of(name):
    """The arrays of one case: `arrays_of("readout")["x"].shape == (4, 7, 5)`."""
    return {key: ARRAYS[f"{name}/{key}"] for key in INDEX[name]["arrays"]}


def simple(a, **options):
    """The step of the original's README with the recorded weights."""
    readout = options.pop("readout", False)
    step, (of_x, of_h) = simple_step(a["U"].shape[0], a["x"].shape[-1], readout=readout)
    of_x.set_weights([a["W"], a["b"]])
    of_h.set_weights([a["U"]])
    return RecurrentModel(**step, **options)


def stacked(a, cells, **options):
    """A RecurrentSequential of these cells (which hold their own cells) with the recorded W, b, U
    triples.
    """
    rnn = RecurrentSequential(return_sequences=True, **options)
    for cell in cells:
        rnn.add(cell)
    rnn(a["x"])
    triples = [(a[f"w{k}"], a[f"w{k + 1}"], a[f"w{k + 2}"]) for k in range(0, len(a) - 2, 3)]
    rnn.set_weights([w for W, b, U in triples for w in (W, U, b)])
    return rnn


@case("simple_last")
def _(a):
    return simple(a)(a["x"])


@case("simple_sequences")
def _(a):
    return simple(a, return_sequences=True)(a["x"])


@case("simple_backwards")
def _(a):
    return simple(a, return_sequences=True, go_backwards=True)(a["x"])


@case("simple_unroll")
def _(a):
    return simple(a, unroll=True)(a["x"])


@case("simple_return_states")
def _(a):
    return simple(a, return_states=True)(a["x"])


@case("simple_initial_state")
def _(a):
    return simple(a, return_sequences=True)(a["x"], initial_state=a["h0"])


@case("simple_mask_last")
def _(a):
    x = keras.Input((7, 5))
    return keras.Model(x, simple(a)(layers.Masking(0.0)(x)))(a["x"])


@case("decode")
def _(a):
    return simple(a, decode=True, output_length=6)(a["x"])


@case("readout")
def _(a):
    return simple(a, readout=True, return_sequences=True)(a["x"])


@case("initial_readout")
def _(a):
    return simple(a, readout=True, return_sequences=True)(a["x"], initial_readout=a["r0"])


@case("teacher_force")
def _(a):
    rnn = simple(a, readout=True, return_sequences=True, teacher_force=True)
    return rnn(a["x"], ground_truth=a["g"], training=False)


@case("sequential_readout_add")
def _(a):
    return stacked(a, [SimpleRNNCell(8, input_dim=5), SimpleRNNCell(5)], readout="add")(a["x"])


@case("sequential_readout_avg")
def _(a):
    return stacked(a, [SimpleRNNCell(8, input_dim=5), SimpleRNNCell(5)], readout="avg")(a["x"])


@case("state_sync")
def _(a):
    return stacked(a, [SimpleRNNCell(5, input_dim=5), SimpleRNNCell(5), SimpleRNNCell(5)], state_sync=True)(
        a["x"]
    )


@case("nested")
def _(a):
    inner = RecurrentSequential()
    inner.add(SimpleRNNCell(6, input_dim=5))
    inner.add(SimpleRNNCell(7))
    return stacked(a, [inner.get_cell(), SimpleRNNCell(4)])(a["x"])


def test_every_recorded_case_is_run():
    """All laws with a recorded number: none left out."""
    assert set(CASES) == set(INDEX) == {key.split("/")[0] for key in ARRAYS.files}


@pytest.mark.parametrize("name", INDEX)
def test_matches_the_numbers_of_the_original(name):
    """Laws 3, 7, 8, 10, 11, 16, 18, 19, 22, 25: to 1e-5."""
    a = arrays_of(name)
    recorded = [a[key] for key in ("y", "y_test", "s") if key in a]
    for mine, original in zip(keras.tree.flatten(CASES[name](a)), recorded, strict=True):
        assert_close(mine, original, 1e-5)


def test_predict_matches_the_numbers_of_the_original():
    """Law 3: compiled too, with the time unknown."""
    a = arrays_of("readout")
    x = keras.Input((None, 5))
    model = keras.Model(x, simple(a, readout=True, return_sequences=True)(x))
    assert_close(model.predict(a["x"], verbose=0), a["y"], 1e-5)


def test_the_truth_that_the_original_read_too_late_is_read_in_time():
    """Law 1: the training output that the record leaves out: truth of the timestep before, zeros
    first.
    """
    a = arrays_of("teacher_force")
    rnn = simple(a, readout=True, return_sequences=True, teacher_force=True)
    before = np.concatenate([np.zeros_like(a["g"][:, :1]), a["g"][:, :-1]], axis=1)
    expected, _ = run_np(simple_np, a["x"] + before, [np.zeros((4, 5))], [a["W"], a["U"], a["b"]])
    assert_close(rnn(a["x"], ground_truth=a["g"], training=True), expected, 1e-5)
