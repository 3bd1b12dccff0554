"""How a language model turns texts into tokens and back: characters, or any tokenizer that is handed in."""

import copy
import importlib

import keras
import numpy as np

from rshop.errors import message, told
from rshop.seq2seq.text.characters import CharacterTokenizer


class Coding:
    """A tokenizer with `encode` and `decode`, whatever its way of saying how many tokens it has.

    Example:
        >>> coding = coding_of("characters")
        >>> coding.adapt("banana")
        >>> coding.encode("ban").tolist(), coding.decode([1, 0, 2]), coding.size
        ([1, 0, 2], 'ban', 3)

    Args:
        tokenizer: the tokenizer.
    """

    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    @property
    def size(self) -> int | None:
        """The number of tokens; None where the tokenizer has to see a text first."""
        return size_of(self.tokenizer)

    def adapt(self, text: str):
        """Let the tokenizer learn its vocabulary."""
        self.tokenizer.adapt(text)

    def encode(self, text: str) -> np.ndarray:
        """The tokens of a text, whole numbers `(tokens,)`.

        Raises:
            TypeError, ValueError: what the tokenizer returns is no list of tokens.
        """
        return self._checked(self._encoded(text))

    def decode(self, tokens) -> str:
        """The text of tokens `(time,)`."""
        return self.tokenizer.decode([int(token) for token in tokens])

    def serialize(self) -> dict:
        """The tokenizer as plain JSON values.

        Raises:
            TypeError: it has no `get_config`.
        """
        if not hasattr(self.tokenizer, "get_config"):
            raise TypeError(
                message(
                    "This tokenizer cannot be saved with the model.",
                    received=f"tokenizer={told(self.tokenizer)}",
                    expected="a tokenizer with get_config and from_config, or one of the library tokenizers",
                    fix="write both, and decorate the class with keras.saving.register_keras_serializable(); "
                    "of a transformers tokenizer hand in tokenizer.backend_tokenizer",
                )
            )
        return keras.saving.serialize_keras_object(self.tokenizer)

    def _encoded(self, text):
        return self.tokenizer.encode(text)

    def _checked(self, tokens) -> np.ndarray:
        given = getattr(tokens, "ids", tokens)
        array = np.asarray(given)
        array = array.astype("int64") if not array.size else array
        fits = array.ndim == 1 and array.dtype.kind in "iu"
        if fits and array.size and not 0 <= array.min() <= array.max() < self.size:
            fits = False
        if not fits:
            raise (ValueError if array.dtype.kind in "iu" else TypeError)(
                message(
                    "`encode` of the tokenizer does not return tokens.",
                    received=told(given),
                    expected=f"a list of whole numbers from 0 to {self.size - 1}",
                    fix="return the numbers of the tokens, all below the size of the vocabulary",
                )
            )
        return array.astype("int32")


class _FromTokenizers(Coding):
    """One of the library `tokenizers`: the special tokens of its template are left out."""

    def _encoded(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False)

    def serialize(self):
        return {"tokenizers": self.tokenizer.to_str()}


class _FromLayer(Coding):
    """A `TextVectorization` layer. Words are written with a space between them."""

    @property
    def size(self):
        size = self.tokenizer.vocabulary_size()
        return size if size > 2 else None  # padding and the unknown token are there from the start

    def adapt(self, text):
        self.tokenizer.adapt([text])

    def _encoded(self, text):
        return keras.ops.convert_to_numpy(self.tokenizer([text]))[0]

    def encode(self, text):
        """The tokens of a text; padding is left out."""
        tokens = super().encode(text)
        return tokens[tokens != 0]

    def decode(self, tokens):
        words = self.tokenizer.get_vocabulary()
        between = "" if self.tokenizer.get_config()["split"] == "character" else " "
        return between.join(words[int(token)] for token in tokens)

    def serialize(self):
        config = keras.saving.serialize_keras_object(self.tokenizer)
        config = copy.deepcopy(config)
        if self.size:
            words = self.tokenizer.get_vocabulary(include_special_tokens=False)
            config["config"]["vocabulary"] = [str(word) for word in words]
        return config


def coding_of(tokenizer) -> Coding:
    """What encodes and decodes with a tokenizer.

    Args:
        tokenizer: `"characters"`, a `CharacterTokenizer`, a `keras.layers.TextVectorization`, one of the
            library `tokenizers`, or an object with `encode`, `decode` and the size of its vocabulary.

    Raises:
        TypeError, ValueError: something else.
    """
    if isinstance(tokenizer, str) and tokenizer == "characters":
        return Coding(CharacterTokenizer())
    if isinstance(tokenizer, keras.layers.TextVectorization):
        return _FromLayer(_checked_layer(tokenizer))
    codes = all(callable(getattr(tokenizer, name, None)) for name in ("encode", "decode"))
    if not codes or isinstance(tokenizer, type):
        raise (ValueError if isinstance(tokenizer, str) else TypeError)(
            message(
                "`tokenizer` says what the tokens of a text are.",
                received=f"tokenizer={told(tokenizer)}",
                expected="'characters', a TextVectorization, or an object with encode and decode",
                fix="tokenizer='characters'",
            )
        )
    if hasattr(tokenizer, "to_str") and hasattr(tokenizer, "get_vocab_size"):
        return _FromTokenizers(tokenizer)
    if not isinstance(tokenizer, CharacterTokenizer) and size_of(tokenizer) is None:
        raise TypeError(
            message(
                "The tokenizer does not say how many tokens it has.",
                received=f"tokenizer={told(tokenizer)}",
                expected="an attribute vocabulary_size or vocab_size, or len(tokenizer)",
                fix="tokenizer.vocabulary_size = 1000, say",
            )
        )
    return Coding(tokenizer)


def deserialized(config, custom_objects=None):
    """The tokenizer that `Coding.serialize` described.

    Raises:
        ImportError: one of the library `tokenizers`, which is not installed here.
    """
    if not isinstance(config, dict) or "tokenizers" not in config:
        return keras.saving.deserialize_keras_object(config, custom_objects)
    try:
        library = importlib.import_module("tokenizers")  # only who has made such a model needs it
    except ImportError as error:
        raise ImportError(
            message(
                "The model was saved with a tokenizer of the library tokenizers.",
                received=str(error),
                expected="this library beside Keras",
                fix="python -m pip install tokenizers",
            )
        ) from error
    return library.Tokenizer.from_str(config["tokenizers"])


def size_of(tokenizer) -> int | None:
    """The number of tokens of a tokenizer, None where it does not say."""
    for name in ("vocabulary_size", "get_vocab_size", "vocab_size", "__len__"):
        found = getattr(tokenizer, name, None)
        found = found() if callable(found) else found
        if isinstance(found, (int, np.integer)) and found > 0:
            return int(found)
    return None


def _checked_layer(layer):
    config = layer.get_config()
    wanted = {"output_mode": "int", "ragged": False, "ngrams": None, "output_sequence_length": None}
    wrong = [name for name, value in wanted.items() if config.get(name) != value]
    if wrong or not layer.vocabulary_size():
        raise ValueError(
            message(
                "This TextVectorization does not give the tokens of a text one by one.",
                received=", ".join(f"{name}={config[name]!r}" for name in wrong),
                expected=", ".join(f"{name}={wanted[name]!r}" for name in wrong),
                fix="leave these options out",
            )
        )
    return layer
