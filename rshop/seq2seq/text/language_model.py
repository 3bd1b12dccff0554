"""`LanguageModel`: what comes next in a text, by cells of any kind."""

import copy
from collections.abc import Callable

import keras
from keras import ops

from rshop.cells import LSTMCell
from rshop.checks import check_count, check_switch
from rshop.configs import reading
from rshop.seq2seq.parts import prototype
from rshop.seq2seq.reader import build_layers, make_reader
from rshop.seq2seq.text.checks import not_fitted, not_in_training
from rshop.seq2seq.text.coding import coding_of, deserialized
from rshop.seq2seq.text.generation import GeneratesText
from rshop.seq2seq.text.step import make_speaker
from rshop.seq2seq.text.training import TrainedOnText
from rshop.structure import shape_of


@keras.saving.register_keras_serializable(package="rshop")
class LanguageModel(TrainedOnText, GeneratesText):
    """A model of a text: it reads token for token and says how likely each next one is.

    `fit(text)` is all: it learns the vocabulary, cuts the text into streams, and trains with the states
    carried from window to window. The tokenizer is a part of the model and saved with it.

    Example:
        >>> model = LanguageModel(128)
        >>> model.fit(text, length=100, epochs=20)  # a str
        >>> model.perplexity(held_out)
        5.03 (1.615 nats, 2.331 bits a token, 2.331 bits a character)
        >>> model.generate("The ", 200, strategy="sample", temperature=0.8)  # a text of 200 characters
        >>> model(tokens).shape  # logits: tokens of (batch, time)
        (batch, time, 65)

    Words in place of characters, by a layer of Keras::

        >>> words = keras.layers.TextVectorization(max_tokens=5000, standardize="lower")
        >>> model = LanguageModel(128, words)

    Args:
        units: the number of units of each cell.
        tokenizer: `"characters"`, or a `CharacterTokenizer` with options; a
            `keras.layers.TextVectorization` for words; one of the library `tokenizers`; or any object with
            `encode(text)`, `decode(tokens)` and `vocabulary_size`. One without a vocabulary (of the first two
            kinds) learns it from the text of the first `fit`.
        cell: a class of cells, ours or Keras's, or a function that makes one of the number of units.
        depth: the number of cells, one on the other.
        embedding: the size of the embeddings.
        tied: one matrix embeds the tokens and gives the logits (Press & Wolf, 2017).
        **model_kwargs: `name`, `dtype`, `trainable`.

    Call arguments:
        inputs: tokens `(batch, time)`, read with states of zeros. (`fit` hands in `[tokens, fresh]`, where
            booleans `(batch,)` say which streams do not go on from the window before.)
        training: whether dropout is on.

    Raises:
        TypeError, ValueError: an option of the wrong kind.

    Source:
        T. Mikolov et al., Recurrent neural network based language model, 2010; A. Graves, Generating
        sequences with recurrent neural networks, 2013 (arXiv:1308.0850).
    """

    def __init__(
        self,
        units: int,
        tokenizer="characters",
        *,
        cell: "type | Callable" = LSTMCell,
        depth: int = 1,
        embedding: int = 64,
        tied: bool = True,
        **model_kwargs,
    ):
        super().__init__(**model_kwargs)
        self.units = check_count("units", units, "number of units of each cell")
        self.depth = check_count("depth", depth, "number of cells")
        self.embedding = check_count("embedding", embedding, "size of the embeddings")
        check_switch("tied", tied)
        self.tied = tied
        self.coding = coding_of(tokenizer)
        self._prototype = prototype(cell, self.units, "LanguageModel")
        self.decoder = self.reader = None
        if self.coding.size is not None:
            self._make()

    @property
    def tokenizer(self):
        """What turns texts into tokens: as it was handed in, for `"characters"` a `CharacterTokenizer`."""
        return self.coding.tokenizer

    def build(self, input_shape=None):
        """Make the parts, for the number of tokens that the tokenizer has by now, and build them."""
        if self.reader is None:
            if self.coding.size is None:
                raise ValueError(not_fitted(f"tokens of shape {input_shape}"))
            self._make()
        build_layers(self.decoder, self.reader)

    def _make(self):
        self.decoder = make_speaker(
            self._prototype,
            depth=self.depth,
            tokens=self.coding.size,
            embedding=self.embedding,
            tied=self.tied,
        )
        self.reader = make_reader(self.decoder, return_states=True)

    def call(self, inputs, training=None):
        """The logits `(batch, time, tokens)`: each of the token after the one that was read."""
        if not isinstance(inputs, (list, tuple)):
            return self.reader(ops.cast(inputs, "int32"), training=training)[0]
        tokens, fresh = inputs
        carried = self.training_states if training else self.testing_states
        if carried is None:
            raise ValueError(not_in_training())
        tokens = ops.reshape(ops.cast(tokens, "int32"), (carried.streams, shape_of(tokens)[1]))
        y, *states = self.reader(tokens, initial_state=carried.start(fresh), training=training)
        carried.keep(states, fresh)
        return y

    def get_config(self):
        """The options as plain JSON values, the tokenizer with its vocabulary.

        Raises:
            TypeError: a tokenizer that cannot be written as JSON.
        """
        names = ("units", "depth", "embedding", "tied")
        return {
            **super().get_config(),
            **{name: getattr(self, name) for name in names},
            "tokenizer": self.coding.serialize(),
            "cell": copy.deepcopy(self._prototype),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """The model that `get_config` described; the config is left as it is."""
        known = keras.saving.custom_object_scope(custom_objects or {})
        with reading(config, cls.__name__, "units", "tokenizer", "cell"), known:
            config = copy.deepcopy(config)
            return cls(**{**config, "tokenizer": deserialized(config["tokenizer"], custom_objects)})
