"""What a language model says after a prompt: as a text, as tokens, or piece by piece."""

from collections.abc import Callable, Iterator

import keras
import numpy as np

from rshop.errors import message, told
from rshop.generation.generate import generate, stream
from rshop.generation.generated import Generated
from rshop.seq2seq.text.checks import check_tokens, not_fitted
from rshop.signatures import with_options_of

#: What stands for bytes that are no whole character yet.
_PART_OF_A_CHARACTER = "\ufffd"


class GeneratesText(keras.Model):
    """A Keras model with `coding` and `decoder` that continues texts."""

    def generate(
        self,
        prompt,
        length: int,
        *,
        strategy: str | Callable = "greedy",
        temperature: float = 1.0,
        top_k: int | None = None,
        top_p: float | None = None,
        beam_width: int = 5,
        length_penalty: float = 0.0,
        end_token: "int | str | None" = None,
        min_length: int = 0,
        forbidden=None,
        repetition_penalty: float = 1.0,
        batch: int | None = None,
        seed: int | None = None,
        jit_compile: bool = False,
    ) -> "str | list[str]":
        """The text that comes after a prompt, which the model reads first.

        Example:
            >>> model.generate("the ", 40, strategy="sample", temperature=0.7, end_token=".", seed=1)
            'sea was calm.'

        Args:
            prompt: a text, or its tokens `(time,)`, one or more.
            length: the largest number of tokens to generate.
            strategy, temperature, top_k, top_p: as in `rshop.generate`.
            beam_width, length_penalty, min_length, repetition_penalty, seed, jit_compile: as there.
            end_token: the token that ends the text, its number or as a text of one token. It is the last of
                what is returned.
            forbidden: tokens that are never chosen, a list of numbers or texts; a text is one of characters.
            batch: how many texts, all after the same prompt; None for one, which is no list.

        Returns:
            The text without the prompt; with `batch=` a list of texts.

        Raises:
            TypeError, ValueError: as `rshop.generate`; an empty prompt, or a model that was never fitted.
        """
        found = self.generate_tokens(
            prompt,
            length,
            strategy=strategy,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            beam_width=beam_width,
            length_penalty=length_penalty,
            end_token=end_token,
            min_length=min_length,
            forbidden=forbidden,
            repetition_penalty=repetition_penalty,
            batch=1 if batch is None else batch,
            seed=seed,
            jit_compile=jit_compile,
        )
        rows = zip(found.tokens, found.lengths, strict=True)
        texts = [self.coding.decode(tokens[:count]) for tokens, count in rows]
        return texts[0] if batch is None else texts

    # The `generate` above, of this class.
    @with_options_of(generate, batch=1)
    def generate_tokens(self, prompt, length: int, **options) -> Generated:
        """The same as tokens, with their scores and for beams their tree.

        Args:
            prompt, length, **options: as in `generate`; `batch` is 1 by default.
        """
        return generate(self.decoder, length, **self._asked(prompt, options))

    @with_options_of(generate, without=["batch"])
    def stream(self, prompt, length: int, **options) -> Iterator[str]:
        """The text that `generate` returns, piece by piece, as soon as each is there.

        Example:
            >>> for piece in model.stream("the ", 200, strategy="sample", seed=1):
            ...     print(piece, end="")

        Args:
            prompt, length, **options: as in `generate`, without `batch`; there is no beam search.
        """
        return self._pieces(stream(self.decoder, length, **self._asked(prompt, options)))

    def _pieces(self, tokens):
        said, text = [], ""
        for token in tokens:
            said.append(token)
            now = self.coding.decode(said)
            if not now.endswith(_PART_OF_A_CHARACTER):
                yield now[len(text) :]
                text = now
        rest = self.coding.decode(said)[len(text) :]
        if rest:
            yield rest

    def _asked(self, prompt, options) -> dict:
        if self.coding.size is None:
            raise ValueError(not_fitted(prompt))
        read = check_tokens(prompt, self.coding, least=1, name="prompt")
        if not self.built:
            self.build((None, None))
        options = {"batch": 1, **options}
        if isinstance(options.get("end_token"), str):
            options["end_token"] = self._end(options["end_token"])
        if isinstance(options.get("forbidden"), (str, list, tuple, set, frozenset)):
            options["forbidden"] = [token for one in options["forbidden"] for token in self._said(one)]
        first = np.full(options["batch"], read[0]) if isinstance(options["batch"], int) else read[:1]
        given = {"initial_readout": first, "warm_up": read[1:] if len(read) > 1 else None}
        return {**options, **given, "from_logits": True, "tokens": True}

    def _said(self, token) -> list:
        return self.coding.encode(token).tolist() if isinstance(token, str) else [token]

    def _end(self, text) -> int:
        tokens = self._said(text)
        if len(tokens) != 1:
            raise ValueError(
                message(
                    "`end_token` is one token.",
                    received=f"end_token={told(text)}, which is {len(tokens)} tokens",
                    expected="the number of a token, or a text of one",
                    fix=f"end_token={tokens[0] if tokens else 0}",
                )
            )
        return tokens[0]
