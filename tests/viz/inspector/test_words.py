"""The words of a run: of its timesteps, of the places of a memory, of the classes of its outputs."""

import json

import keras
import numpy as np
import pytest

import rshop
import viz
from rshop import RecurrentModel
from tests.support import inspected_models
from tests.support.inspected import layer, linear, normal
from tests.support.payloads import record
from viz.inspector.payload import build_payload


def places_of(payload, name):
    return next(i for i, value in enumerate(payload.values) if value.name == name)


@pytest.fixture(scope="module")
def decoder():
    rnn, x, options = inspected_models.attention()
    return rnn, x, options, build_payload.record(rnn, x, **options), rshop.trace(rnn, x)


def test_the_likeliest_classes_are_those_of_the_trace_at_every_timestep(decoder):
    _, _, options, payload, trace = decoder
    (guesses,) = payload.guesses
    outputs = np.asarray(trace.outputs)
    assert payload.values[guesses.place].role == "output" and not guesses.softmax
    for sample in range(2):
        for t in range(9):
            likeliest = sorted(range(9), key=lambda i: -outputs[sample, t, i])[:5]
            found = [guesses.texts[i] for i in guesses.which[sample, t]]
            assert found == [options["output_labels"][i] for i in likeliest]
            np.testing.assert_allclose(guesses.chances[sample, t], outputs[sample, t][likeliest], rtol=1e-6)


def test_attention_is_over_the_words_of_the_memory(decoder):
    _, _, _, payload, _ = decoder
    words = payload.unit_words[places_of(payload, "attention")]
    assert words == [inspected_models.WORDS] * 2
    named = {payload.values[place].name for place in payload.unit_words}
    assert named == {"attention", "word", "output"}  # `word` is what becomes the output


def test_a_plain_list_of_the_memorys_length_names_the_memory_of_a_decoder():
    rnn, x, _ = inspected_models.attention()
    payload = build_payload.record(rnn, x, labels=inspected_models.WORDS)
    assert payload.labels is None
    assert payload.unit_words[places_of(payload, "attention")][0] == inspected_models.WORDS
    timesteps = build_payload.record(rnn, x, labels=list("abcdefghi"))
    assert timesteps.labels == [list("abcdefghi")] * 2


def test_each_sample_may_have_a_memory_of_its_own_words(decoder):
    rnn, x, *_ = decoder
    rows = [list("abcdefg"), list("hijklmn")]
    payload = build_payload.record(rnn, x, labels={"memory": rows}, sample=1)
    assert payload.unit_words[places_of(payload, "attention")] == rows


def test_scores_become_probabilities_by_a_softmax():
    x, h = keras.Input((3,), name="x"), keras.Input((3,), name="h")
    rnn = RecurrentModel(x, x * 4.0, h, h + x, return_sequences=True)
    numbers = normal(1, 5, 3)
    payload = build_payload.record(rnn, numbers, output_labels=["a", "b", "c"])
    (guesses,) = payload.guesses
    raised = np.exp(4.0 * numbers.astype("float64"))
    chances = raised / raised.sum(-1, keepdims=True)
    assert guesses.softmax
    np.testing.assert_allclose(guesses.chances, -np.sort(-chances, axis=-1), rtol=1e-4)
    assert [guesses.texts[i] for i in guesses.which[0, :, 0]] == ["abc"[i] for i in numbers[0].argmax(-1)]


def test_the_likeliest_of_more_classes_than_are_kept_are_still_named():
    x, h = keras.Input((300,), name="x"), keras.Input((2,), name="h")
    rnn = RecurrentModel(x, x, h, h, return_sequences=True)
    numbers = np.zeros((1, 2, 300), "float32")
    numbers[0, 0, 250], numbers[0, 1, 7] = 30, 30
    payload = build_payload.record(rnn, numbers, output_labels=[f"word {i}" for i in range(300)])
    (guesses,) = payload.guesses
    assert [guesses.texts[i] for i in guesses.which[0, :, 0]] == ["word 250", "word 7"]
    assert len(guesses.texts) <= 10


def test_the_page_holds_names_of_classes_once_and_as_text(decoder):
    rnn, x, _, _, _ = decoder
    names = ["</script><script>stolen = 1</script>", *map(str, range(8))]
    sent = record(rnn, x, output_labels=names)
    assert sent["words"]["lists"] == [names]
    page = viz.inspect(rnn, x, output_labels=names)._repr_html_()
    assert page.count("<script>") == 1
    assert json.loads(json.dumps(sent)) == sent


def test_outputs_that_are_no_classes_have_no_guesses():
    assert build_payload.record(layer(), normal(1, 3, 3)).guesses == []


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"output_labels": ["a", "b", "c"]}, ValueError, r"Received: 3 texts.*Expected: output of 2.*Fix:"),
        ({"output_labels": {"y": ["a", "b"]}}, ValueError, r"Received: 2 texts for y.*output of 2.*Fix:"),
        ({"output_labels": 3}, TypeError, r"Received: output_labels=3.*one text for each class.*Fix:"),
        ({"output_labels": [["a"], ["b"]]}, TypeError, r"Received: output_labels=.*Fix:"),
        (
            {"labels": {"memory": ["a"]}},
            ValueError,
            r"Received: labels=\{'memory'.*Expected: one of: x.*Fix:",
        ),
        ({"labels": {"x": ["a"]}}, ValueError, r"labels of lengths \[1\].*a list of 3.*Fix:"),
    ],
)
def test_words_that_do_not_fit_are_refused(options, error, words):
    with pytest.raises(error, match=words):
        viz.inspect(linear(), normal(1, 3, 2), **options)
