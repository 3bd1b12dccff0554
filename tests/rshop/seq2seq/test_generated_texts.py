"""What a `LanguageModel` says after a prompt, against its own logits."""

import inspect

import keras
import numpy as np
import pytest

from rshop.seq2seq import LanguageModel
from tests.support.language import KINDS, TEXT, logits_of, made, surprise


@pytest.mark.parametrize("kind", KINDS)
def test_greedy_text_is_the_likeliest_token_again_and_again(kind):
    model = made(kind)
    tokens = model.tokenizer.encode("the c").tolist()
    for _ in range(7):
        tokens.append(int(logits_of(model, tokens)[-1].argmax()))
    expected = model.tokenizer.decode(tokens[5:])
    assert model.generate("the c", 7) == expected
    assert "".join(model.stream("the c", 7)) == expected
    assert model.generate(np.array(tokens[:5]), 7) == expected
    scores = surprise(logits_of(model, tokens[:-1]), tokens[1:])
    np.testing.assert_allclose(model.generate_tokens("the c", 7).scores, [-scores[4:].sum()], rtol=1e-5)


def test_a_text_ends_and_is_drawn_as_asked():
    model = made()
    drawn = {"strategy": "sample", "seed": 5}
    texts = model.generate("t", 30, batch=20, **drawn)
    assert len(texts) == 20 and len(set(texts)) > 10 and all(len(text) == 30 for text in texts)
    assert model.generate("t", 30, batch=1, **drawn) == [model.generate("t", 30, **drawn)]
    assert "".join(model.stream("t", 30, **drawn)) == model.generate("t", 30, **drawn)
    ended = model.generate("t", 30, batch=20, end_token="a", **drawn)
    assert all(text.index("a") == len(text) - 1 for text in ended if "a" in text) and "a" in "".join(ended)
    assert any(len(text) < 30 for text in ended)
    for forbidden in ("at", ["a", "t"], [*model.tokenizer.encode("at").tolist()]):
        without = "".join(model.generate("t", 30, batch=20, forbidden=forbidden, **drawn))
        assert not {"a", "t"} & set(without) and "e" in without
    how = {"strategy": "beam", "beam_width": 3}
    beams = model.generate_tokens("the c", 4, **how)
    assert beams.tree.width == 3
    assert model.generate("the c", 4, **how) == model.tokenizer.decode(beams.tokens[0])


def test_prompts_of_other_lengths_trace_nothing_anew():
    model, traced = made(), []

    def likeliest(y):
        traced.append(1)
        return keras.ops.argmax(y, axis=-1)

    for prompt in ("t", "th", TEXT[:9]):
        model.generate(prompt, 5, strategy=likeliest)
    before = len(traced)
    for n in range(2, 31):
        assert model.generate(TEXT[:n], 3 + n % 3, strategy=likeliest) == model.generate(TEXT[:n], 3 + n % 3)
    assert len(traced) == before


def test_tokens_and_pieces_have_the_options_of_generate_in_their_signatures():
    options = inspect.signature(LanguageModel.generate).parameters
    tokens = inspect.signature(LanguageModel.generate_tokens).parameters
    pieces = inspect.signature(LanguageModel.stream).parameters
    assert list(tokens) == list(options) and tokens["batch"].default == 1
    assert list(pieces) == [name for name in options if name != "batch"]


@pytest.mark.parametrize("call, option", [("generate_tokens", "warm_up"), ("stream", "batch")])
def test_another_option_is_refused_by_its_name(call, option):
    model = LanguageModel(4)
    with pytest.raises(
        TypeError, match=f"no option '{option}'.*Received: {option}=2.*Expected: strategy, .*Fix"
    ):
        getattr(model, call)("a", 3, **{option: 2})
