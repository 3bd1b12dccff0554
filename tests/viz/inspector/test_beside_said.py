"""What is said of a second run: its likeliest classes, and which equations give its numbers."""

import base64
from dataclasses import replace

import keras
import numpy as np
import pytest

import rshop
import viz
from rshop import GRUCell, LSTMCell, RecurrentModel
from rshop.attention import AdditiveAttention, DotAttention
from rshop.cells import AttentionCell
from tests.support.closeness import apart
from tests.support.inspected import layer, normal
from tests.support.payloads import record
from viz.inspector.page import html_page
from viz.inspector.payload import build_payload

CLASSES = ["a", "b", "c", "d", "e", "f", "g"]


def chooser(softmax=True):
    """A choice among seven classes, of a state that gathers its input."""
    x, h = keras.Input((7,), name="x"), keras.Input((7,), name="h")
    n = x + 0.5 * h
    y = keras.layers.Softmax(name="choice")(n) if softmax else n * 2.0
    return RecurrentModel(x, y, h, n, return_sequences=True)


def read(payload, start, count):
    numbers = np.frombuffer(base64.b64decode(payload["data"]), "<f4")
    return numbers[start : start + count]


def chances_of(rnn, x, softmax):
    outputs = np.asarray(rshop.trace(rnn, x).outputs, "float64")
    return outputs if softmax else np.exp(outputs) / np.exp(outputs).sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("softmax", [True, False])
def test_both_runs_have_their_likeliest_classes_and_what_the_other_gives_to_them(softmax):
    rnn, x, other = chooser(softmax), normal(2, 4, 7), normal(2, 4, 7, seed=1)
    payload = record(rnn, x, beside=other, output_labels=CLASSES)
    (first,), (second,) = payload["guesses"], payload["beside"]["guesses"]
    assert (second["value"], second["count"]) == (first["value"], 5)
    assert first["softmax"] == second["softmax"] == (not softmax)
    mine, theirs = (chances_of(rnn, given, softmax) for given in (x, other))
    for at, (sample, t) in enumerate(np.ndindex(2, 4)):
        best = [
            sorted(range(7), key=lambda i, row=row: -row[i])[:5]
            for row in (mine[sample, t], theirs[sample, t])
        ]
        which = read(payload, second["which"], 40)[5 * at : 5 * at + 5].astype(int)
        assert [second["texts"][i] for i in which] == [CLASSES[i] for i in best[1]]
        wanted = {
            "chances": theirs[sample, t, best[1]],
            "others": mine[sample, t, best[1]],
            "ofFirst": theirs[sample, t, best[0]],
        }
        for key, expected in wanted.items():
            assert apart(read(payload, second[key], 40)[5 * at : 5 * at + 5], expected) < 1e-6, key


def test_a_large_vocabulary_is_compared_over_all_its_classes():
    """The page has 128 units of an output at most; its guesses are of all of them."""
    x, h = keras.Input((200,), name="x"), keras.Input((200,), name="h")
    rnn = RecurrentModel(x, keras.layers.Softmax(name="choice")(x), h, h, return_sequences=True)
    x, other = np.zeros((1, 2, 200), "float32"), np.zeros((1, 2, 200), "float32")
    x[0, :, 150], other[0, 1, 180] = 9, 9
    payload = build_payload.record(rnn, x, beside=other)
    (second,) = payload.beside.guesses
    assert second.texts[second.which[0, 1, 0]] == "[180]"
    low = 1 / (199 + np.exp(9))
    assert apart(second.others[0, 1, 0], low) < 1e-5 and apart(second.of_first[0, 1, 0], low) < 1e-5


def test_the_page_of_one_run_is_the_one_that_it_would_be_if_there_were_no_second_runs():
    rnn, x = chooser(), normal(1, 4, 7)
    alone, both = (build_payload.record(rnn, x, beside=b, output_labels=CLASSES) for b in (None, -x))
    pages = [html_page.page(*html_page.with_picture(run)) for run in (alone, replace(both, beside=None))]
    assert pages[0].encode() == pages[1].encode()
    assert '"beside"' not in pages[0]


# Whose equations hold


def names_of(payload, places):
    return {payload.values[place].name for place in places}


def test_another_input_and_a_trace_of_the_same_weights_keep_every_equation():
    rnn, x, other = layer(), normal(2, 5, 3), normal(2, 5, 3, seed=1)
    for second in (other, {"initial_state": [normal(2, 4), normal(2, 4)]}, rshop.trace(rnn, other)):
        assert build_payload.record(rnn, x, beside=second).beside.unlike == []


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_the_same_weights_keep_every_equation_in_16_bits_too(policy):
    rnn = LSTMCell(6, input_dim=3, dtype=policy).get_layer(return_sequences=True, dtype=policy)
    x = normal(2, 8, 3)
    payload = build_payload.record(rnn, x, beside=x + 1)
    assert payload.beside.unlike == []
    assert {"linear", "function", "product"} <= {value.equation.kind for value in payload.values}
    other = LSTMCell(6, input_dim=3).get_layer(return_sequences=True)
    assert build_payload.record(rnn, x, beside=other).beside.unlike


@pytest.mark.parametrize("attention", [AdditiveAttention(4), DotAttention()], ids=["additive", "dot"])
def test_the_shares_of_a_padded_memory_keep_their_equation(attention):
    rnn = AttentionCell(GRUCell(4), attention).get_layer(return_sequences=True)
    call = {
        "constants": normal(2, 5, 4),
        "constants_mask": np.array([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]], bool),
    }
    x = normal(2, 6, 3)
    rnn(x, **call)
    payload = build_payload.record(rnn, x, beside=x + 1, **call)
    (place,) = [i for i, value in enumerate(payload.values) if value.equation.valid is not None]
    assert payload.values[place].equation.function == "softmax" and payload.beside.unlike == []
    other = {"constants_mask": np.array([[1, 0, 0, 0, 1], [0, 1, 1, 0, 0]], bool)}
    payload = build_payload.record(rnn, x, beside=other, **call)
    assert payload.beside.unlike == []


def test_other_weights_keep_the_equations_without_weights_alone():
    rnn, x = layer(), normal(1, 5, 3)
    before = rshop.trace(rnn, x)
    rnn.set_weights([0.5 * weight for weight in rnn.get_weights()])
    for second in (before, layer()):
        payload = build_payload.record(rnn, x, beside=second)
        laws = {payload.values[place].equation.kind for place in payload.beside.unlike}
        linear = [place for place, value in enumerate(payload.values) if value.equation.kind == "linear"]
        assert laws <= {"linear", "shift"} and set(linear) <= set(payload.beside.unlike)
        assert not names_of(payload, payload.beside.unlike) & {"input_gate", "c", "h", "output"}


def test_what_passes_on_other_units_is_no_equation_and_neither_is_what_reads_it():
    def part(start):
        x, h = keras.Input((4,), name="x"), keras.Input((2,), name="h")
        n = keras.ops.tanh(x[:, start : start + 2]) + h
        return RecurrentModel(x, n, h, n, return_sequences=True)

    payload = build_payload.record(part(0), normal(1, 3, 4), beside=part(2))
    kinds = sorted(payload.values[place].equation.kind for place in payload.beside.unlike)
    assert kinds == ["function", "take"]


def test_a_page_says_which_equations_do_not_hold_only_where_some_do_not():
    rnn, x = layer(), normal(1, 3, 3)
    assert "unlike" not in record(rnn, x, beside=2 * x)["beside"]
    assert record(rnn, x, beside=layer())["beside"]["unlike"]


def test_the_editor_tells_what_each_run_gives_to_the_classes_of_the_other():
    rnn = chooser()
    editor = viz.edit(rnn, np.zeros((1, 4, 7), "float32"), output_labels=CLASSES)
    editor.change("h", t=2, unit=6, value=4.0)
    run = editor.answer()["runs"]["inputs kept"]
    (guesses,) = run["beside"]["guesses"]
    data = {key: read(run, guesses[key], 20).reshape(4, 5) for key in ("chances", "others", "ofFirst")}
    raised = np.exp(2.0)  # of half the changed state, beside six zeros
    assert apart(data["chances"][2, 0], raised / (raised + 6)) < 1e-6
    assert apart(data["others"][2, 0], 1 / 7) < 1e-6
    assert apart(data["ofFirst"][2, 0], 1 / (raised + 6)) < 1e-6
    assert apart(data["others"][1], data["chances"][1]) == 0
