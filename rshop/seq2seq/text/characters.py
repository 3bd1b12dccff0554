"""`CharacterTokenizer`: each character of a text is a token."""

import keras
import numpy as np

from rshop.checks import check_count
from rshop.errors import message, told


@keras.saving.register_keras_serializable(package="rshop")
class CharacterTokenizer:
    """Characters (Unicode code points) as tokens, numbered in the order of their codes.

    Example:
        >>> tokenizer = CharacterTokenizer("abc")
        >>> tokenizer.encode("cab").tolist(), tokenizer.decode([2, 0, 1])
        ([2, 0, 1], 'cab')
        >>> CharacterTokenizer("abc", unknown="?").encode("cat").tolist()  # of '?abc'
        [3, 1, 0]

    Args:
        vocabulary: the characters, a text; None for those of the text that is trained on.
        unknown: a character that stands for every other one. Without it another character is an error.
        min_count: characters that stand less often in the text that is trained on are unknown, so that the
            model learns where an unknown one may be.

    Raises:
        TypeError, ValueError: no text, a vocabulary without characters, or an `unknown` of several.
    """

    def __init__(self, vocabulary: str | None = None, *, unknown: str | None = None, min_count: int = 1):
        if vocabulary is not None:
            _check_text("vocabulary", vocabulary, "the characters that are tokens, a text", "'abc'")
        if unknown is not None:
            _check_text("unknown", unknown, "the character that stands for others", "'?'", characters=1)
        self.unknown = unknown
        self.min_count = check_count("min_count", min_count, "least number of times of a character")
        if self.min_count > 1 and unknown is None:
            raise ValueError(
                message(
                    "Rare characters need a character that stands for them.",
                    received=f"min_count={min_count} with unknown=None",
                    expected="both, or neither",
                    fix="unknown='?'",
                )
            )
        self._codes = None if vocabulary is None else self._with_unknown(codes_of(vocabulary))

    @property
    def vocabulary(self) -> str | None:
        """The characters in the order of their tokens; None before a text was seen."""
        return None if self._codes is None else text_of(self._codes)

    @property
    def vocabulary_size(self) -> int | None:
        """The number of tokens; None before a text was seen."""
        return None if self._codes is None else len(self._codes)

    def adapt(self, text: str):
        """Take the characters of a text as the vocabulary."""
        codes, counts = np.unique(codes_of(text), return_counts=True)
        self._codes = self._with_unknown(codes[counts >= self.min_count])

    def encode(self, text: str) -> np.ndarray:
        """The tokens of a text, `(characters,)`.

        Raises:
            ValueError: a character that is not in the vocabulary, where none stands for it.
        """
        codes = codes_of(text)
        tokens = np.searchsorted(self._codes, codes)
        tokens = np.minimum(tokens, len(self._codes) - 1)
        strange = self._codes[tokens] != codes
        if not strange.any():
            return tokens.astype("int32")
        if self.unknown is None:
            raise ValueError(self._not_known(np.unique(codes[strange])))
        return np.where(strange, np.searchsorted(self._codes, ord(self.unknown)), tokens).astype("int32")

    def decode(self, tokens) -> str:
        """The text of tokens `(time,)`."""
        return text_of(self._codes[np.asarray(tokens, "int64")])

    def get_config(self) -> dict:
        """The options as plain JSON values, the vocabulary as it is now."""
        return {"vocabulary": self.vocabulary, "unknown": self.unknown, "min_count": self.min_count}

    @classmethod
    def from_config(cls, config: dict) -> "CharacterTokenizer":
        """The tokenizer that `get_config` described."""
        return cls(**config)

    def __repr__(self):
        return f"<CharacterTokenizer of {self.vocabulary_size or 'no'} characters>"

    def _with_unknown(self, codes):
        return np.union1d(codes, codes_of(self.unknown or "")).astype("uint32")

    def _not_known(self, codes):
        some = ", ".join(repr(chr(code)) for code in codes[:8])
        return message(
            "A text has characters that are not in the vocabulary.",
            received=f"{some}{', ...' if len(codes) > 8 else ''}",
            expected=f"the {len(self._codes)} characters of {told(self.vocabulary)}",
            fix="leave them out, or make the model with tokenizer=CharacterTokenizer(unknown='?', "
            "min_count=2), or CharacterTokenizer(vocabulary) of all characters that may come",
        )


def codes_of(text: str) -> np.ndarray:
    """The codes of the characters of a text."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "uint32")


def text_of(codes: np.ndarray) -> str:
    """The text of these characters."""
    return codes.astype("uint32").tobytes().decode("utf-32-le", "surrogatepass")


def _check_text(name, value, meaning, example, characters=None):
    right = isinstance(value, str) and bool(value) and len(value) == (characters or len(value))
    if right:
        return
    raise (ValueError if isinstance(value, str) else TypeError)(
        message(
            f"`{name}` is {meaning}.",
            received=f"{name}={told(value)}",
            expected="a text of one character" if characters else "a text of one character or more",
            fix=f"{name}={example}",
        )
    )
