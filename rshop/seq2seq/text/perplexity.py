"""How well a language model knows a text: its perplexity, and the cross entropy in bits and nats."""

import math


class TextPerplexity(float):
    """The perplexity of a text, a number, with what it was computed from.

    It is the exponent of the mean of `-log p(token)`: as many tokens as the model was wavering between.

    Example:
        >>> found = TextPerplexity(nats=20 * math.log(8), tokens=20, characters=60)
        >>> round(float(found), 6), round(found.bits, 6), round(found.bits_per_character, 6)
        (8.0, 3.0, 1.0)

    Args:
        nats: the sum of `-log p(token)`.
        tokens: how many tokens were predicted: all but the first.
        characters: how many characters they are; None where they are not known.
    """

    def __new__(cls, nats: float, tokens: int, characters: int | None):
        mean = nats / tokens
        made = super().__new__(cls, math.exp(mean) if mean < 700 else math.inf)
        made.nats, made.tokens, made.characters = mean, tokens, characters
        return made

    def __getnewargs__(self):
        return self.nats * self.tokens, self.tokens, self.characters

    @property
    def bits(self) -> float:
        """The cross entropy of a token in bits; `nats` has it in nats."""
        return self.nats / math.log(2)

    @property
    def nats_per_character(self) -> float | None:
        """The cross entropy of a character in nats: comparable whatever the tokens are."""
        return self.nats * self.tokens / self.characters if self.characters else None

    @property
    def bits_per_character(self) -> float | None:
        """The cross entropy of a character in bits."""
        return self.nats_per_character / math.log(2) if self.characters else None

    def __repr__(self):
        per_character = f", {self.bits_per_character:.3f} bits a character" if self.characters else ""
        return f"{float(self):.4g} ({self.nats:.3f} nats, {self.bits:.3f} bits a token{per_character})"

    __str__ = __repr__
