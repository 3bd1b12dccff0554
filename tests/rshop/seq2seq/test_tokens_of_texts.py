"""What the tokens of a `LanguageModel` may be: characters, words, those of a tokenizer."""

import keras
import numpy as np
import pytest
from keras import layers

from rshop.seq2seq import CharacterTokenizer, LanguageModel
from tests.support.language import TEXT, logits_of, made, surprise


def words():
    """A layer that takes words as tokens."""
    return layers.TextVectorization(standardize=None, split="whitespace")


class Pairs:
    """A tokenizer of a user's own: two letters at a time, of a small alphabet."""

    letters = sorted(set(TEXT))
    vocab_size = len(letters) ** 2

    def encode(self, text):
        places = [self.letters.index(letter) for letter in text]
        return [a * len(self.letters) + b for a, b in zip(places[::2], places[1::2], strict=True)]

    def decode(self, tokens):
        n = len(self.letters)
        return "".join(self.letters[token // n] + self.letters[token % n] for token in tokens)


def test_tokens_may_be_words():
    model = LanguageModel(6, words(), embedding=5)
    model.fit(TEXT, 5, batch_size=2, verbose=0)
    vocabulary = model.tokenizer.get_vocabulary()
    assert set(vocabulary) == {"", "[UNK]", *TEXT.split()}
    assert model.reader.compute_output_shape((1, 3))[0] == (1, 3, len(vocabulary))
    said = model.generate("the cat", 4, forbidden=[0, 1]).split(" ")
    assert len(said) == 4 and set(said) <= set(TEXT.split())
    assert " ".join(model.stream("the cat", 4, forbidden=[0, 1])).split() == said
    tokens = [vocabulary.index(word) for word in TEXT.split()]
    found = model.perplexity(TEXT)
    nats = surprise(logits_of(model, tokens[:-1]), tokens[1:])
    np.testing.assert_allclose(found.nats, nats.mean(), rtol=1e-5)
    np.testing.assert_allclose(found.bits_per_character, nats.sum() / np.log(2) / (len(TEXT) - 3), rtol=1e-5)
    assert model.perplexity("the dog sat").tokens == 2  # a word that is not known is a token too


def test_tokens_may_be_those_of_a_tokenizer_of_your_own():
    model = LanguageModel(6, Pairs(), embedding=5)
    model.fit(TEXT, 5, batch_size=2, verbose=0)
    found = model.perplexity(TEXT)
    assert found.tokens == len(TEXT) // 2 - 1 and found.characters == len(TEXT) - 2
    assert len(model.generate("the ", 3)) == 6
    with pytest.raises(TypeError, match="cannot be saved.*register_keras_serializable"):
        model.get_config()


def test_tokens_of_the_library_tokenizers(tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel()
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(special_tokens=["[END]"], vocab_size=60)
    tokenizer.train_from_iterator([TEXT], trainer)
    ending = {"single": "$A [END]", "special_tokens": [("[END]", 0)]}
    tokenizer.post_processor = tokenizers.processors.TemplateProcessing(**ending)
    model = LanguageModel(6, tokenizer, embedding=5)
    model.fit(TEXT, 5, batch_size=2, verbose=0)
    ids = tokenizer.encode(TEXT, add_special_tokens=False).ids
    assert model.perplexity(TEXT).tokens == len(ids) - 1
    said = tokenizer.decode(model.generate_tokens("the cat", 5).tokens[0].tolist())
    assert model.generate("the cat", 5) == said == "".join(model.stream("the cat", 5))
    model.save(tmp_path / "bpe.keras")
    again = keras.models.load_model(tmp_path / "bpe.keras")
    assert again.generate("the cat", 5) == model.generate("the cat", 5)


def test_a_character_that_is_not_known_is_an_error_or_a_token():
    model = made()
    with pytest.raises(ValueError, match="Received: 'd', 'z'.*unknown="):
        model.perplexity("the dazed")
    tokenizer = CharacterTokenizer(unknown="?", min_count=5)
    model = LanguageModel(4, tokenizer, embedding=4)
    model.fit(TEXT + "xyz", 5, batch_size=2, verbose=0)
    often = {letter for letter in TEXT if TEXT.count(letter) >= 5}
    assert model.tokenizer.vocabulary == "".join(sorted({"?", *often})) and "m" not in often
    assert tokenizer.decode(tokenizer.encode("the xylem")) == "the ???e?"
    assert np.isfinite(model.perplexity("zyx"))


def test_a_stream_holds_back_what_may_be_part_of_a_character_and_loses_nothing():
    model = made(tokenizer=CharacterTokenizer("ab", unknown="\ufffd"))
    pieces = list(model.stream("a", 30, strategy="sample", seed=0))
    assert "".join(pieces) == model.generate("a", 30, strategy="sample", seed=0)
    assert "\ufffd" in "".join(pieces) and not any(piece.endswith("\ufffd") for piece in pieces[:-1])


def test_characters_have_the_numbers_of_their_codes():
    tokenizer = CharacterTokenizer("é😀ba\udc80")
    assert tokenizer.vocabulary == "abé\udc80😀" and tokenizer.vocabulary_size == 5
    assert tokenizer.encode("😀a\udc80é").tolist() == [4, 0, 3, 2]
    assert tokenizer.decode([4, 0, 3, 2]) == "😀a\udc80é"
    again = CharacterTokenizer.from_config(tokenizer.get_config())
    assert again.vocabulary == tokenizer.vocabulary
