"""Training on a text, window by window with the states carried, and how well a text is known."""

import warnings

import keras
import numpy as np
from keras import ops

from rshop.backend import Compiled
from rshop.checks import check_count, check_rate
from rshop.seq2seq.compiled import CompiledAgain
from rshop.seq2seq.text.checks import check_one_device, check_tokens, not_fitted, too_short
from rshop.seq2seq.text.perplexity import TextPerplexity
from rshop.seq2seq.text.states import CarriedStates, GoOnInEpoch, carried_by
from rshop.seq2seq.text.windows import TextWindows
from rshop.training.measures import Perplexity


class TrainedOnText(CompiledAgain):
    """A Keras model of tokens whose `fit` takes a text.

    A subclass has `coding`, `reader`, which returns the states too, and `decoder`, whose step it has.
    """

    #: What is carried from window to window, in `fit` and in `evaluate`.
    training_states: CarriedStates | None = None
    testing_states: CarriedStates | None = None
    _scored = None

    def compile(self, optimizer="adam", loss=None, *, metrics=None, weighted_metrics=None, **options):
        """As in `keras.Model`, with a loss and metrics where none are given; `fit` compiles what is not.

        They are the cross entropy of the logits, in nats, and the perplexity.

        Args:
            optimizer, loss, **options: as in `keras.Model.compile`.
            metrics, weighted_metrics: metrics, in one list or two: what a window lacks at the end of the text
                has no weight in any of them.
        """
        if loss is None:
            loss = keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, reduction="mean_with_sample_weight"
            )
        given = [*(metrics or []), *(weighted_metrics or [])]
        if metrics is None and weighted_metrics is None:
            given = [Perplexity()]
        super().compile(optimizer, loss, weighted_metrics=given or None, **options)

    def fit(
        self,
        text,
        length: int = 100,
        *,
        batch_size: int = 32,
        epochs: int = 1,
        validation_data=None,
        validation_split: float = 0.0,
        verbose="auto",
        callbacks=None,
        initial_epoch: int = 0,
        validation_freq: int = 1,
    ):
        """Train on a text; returns Keras's `History`.

        The text is cut into `batch_size` streams that are read side by side, `length` tokens at a time. Each
        window begins with the states that the one before ended with, and the gradient ends there (truncated
        backpropagation). Each epoch begins with states of zeros. A training that
        `keras.callbacks.BackupAndRestore` resumes goes on as if it had not been interrupted, in the middle of
        an epoch too.

        Args:
            text: a text, or its tokens `(time,)`. A tokenizer without a vocabulary learns it from the text of
                the first `fit`.
            length: the number of tokens of a window.
            batch_size: the number of streams; fewer where these would be shorter than a window.
            validation_data: another text.
            validation_split: the share of the text, at its end, that is kept for validation.
            epochs, verbose, callbacks, initial_epoch, validation_freq: as in `keras.Model.fit`.

        Raises:
            TypeError, ValueError: no text, one of less than two tokens, or with characters that are not in
                the vocabulary; a model of several devices.
        """
        check_one_device(self)
        sizes = _checked_sizes(length, batch_size)
        check_rate("validation_split", validation_split, "share of the text that is kept")
        if self.coding.size is None and isinstance(text, str) and text:
            self.coding.adapt(text)
        tokens, kept = self._parts(self._tokens(text), validation_data, validation_split)
        self._prepare()
        windows = TextWindows(tokens, **sizes)
        before = self.training_states
        self.training_states = carried_by(windows, self.decoder.description.states, before)
        self.make_train_function(force=self.training_states is not before)
        own = GoOnInEpoch(windows, self.training_states)
        how = {"epochs": epochs, "verbose": verbose, "initial_epoch": initial_epoch, "shuffle": False}
        if kept is not None:
            how |= {"validation_data": self._tested(kept, sizes), "validation_freq": validation_freq}
        with warnings.catch_warnings():
            # An epoch that is resumed in its middle has fewer windows than the others.
            warnings.filterwarnings("ignore", message="Your input ran out of data")
            return super().fit(windows, callbacks=_with(callbacks, own), **how)

    def evaluate(self, text=None, length: int = 100, *, batch_size: int = 32, **options):
        """As in `keras.Model`: loss and metrics of a text, in windows as `fit` reads them.

        Args:
            text, length, batch_size: as in `fit`.
            **options: those of `keras.Model.evaluate`.
        """
        if "x" in options:  # `fit` evaluates its validation data, of which it made windows
            return super().evaluate(batch_size=None, **options)
        check_one_device(self)
        sizes, tokens = _checked_sizes(length, batch_size), self._tokens(text)
        self._prepare()
        return super().evaluate(self._tested(tokens, sizes), **options)

    def perplexity(self, text) -> TextPerplexity:
        """How well the model knows a text, read as one stream from beginning to end.

        Example:
            >>> found = model.perplexity(text)
            >>> float(found), found.nats, found.bits, found.bits_per_character

        Args:
            text: a text, or its tokens `(time,)`, two or more: all but the first are predicted.

        Returns:
            A `TextPerplexity`, which is a float.

        Raises:
            TypeError, ValueError: as in `fit`, or a model that was never fitted.
        """
        tokens = self._tokens(text)
        if not self.built:
            self.build((None, None))
        nats = sum(float(part.sum()) for part in self._surprises(tokens))
        characters = None
        if isinstance(text, str):
            characters = len(text) - len(self.coding.decode(tokens[:1]))
        return TextPerplexity(nats, len(tokens) - 1, characters)

    def _surprises(self, tokens):
        # Windows of one length, so that one graph runs all of them.
        length = min(1024, max(1, 2**22 // self.coding.size), len(tokens) - 1)
        if self._scored is None:
            self._scored = Compiled(self._surprise, xla=False)
        states = [ops.zeros((1, *t.shape[1:]), t.dtype) for t in self.decoder.description.states]
        for start in range(0, len(tokens) - 1, length):
            window = tokens[start : start + length + 1]
            here = len(window) - 1
            window = ops.convert_to_tensor(np.pad(window, (0, length - here))[None])
            (found,) = self._scored([(window, states)])
            nats, states = found
            yield ops.convert_to_numpy(nats)[0, :here]

    def _surprise(self, window, states):
        y, *states = self.reader(window[:, :-1], initial_state=states, training=False)
        logs = ops.log_softmax(ops.cast(y, "float64"), axis=-1)
        return -ops.take_along_axis(logs, window[:, 1:, None], axis=-1)[..., 0], states

    def _tokens(self, text):
        if self.coding.size is None:
            raise ValueError(not_fitted(text))
        return check_tokens(text, self.coding)

    def _parts(self, tokens, validation_data, share) -> tuple:
        if validation_data is not None:
            return tokens, self._tokens(validation_data)
        kept = int(round(len(tokens) * share))
        if not kept:
            return tokens, None
        if min(kept, len(tokens) - kept) < 2:
            raise ValueError(too_short(tokens[-kept:]))
        return tokens[:-kept], tokens[-kept:]

    def _prepare(self):
        if not self.built:
            self.build((None, None))
        if not self.compiled:
            self.compile()

    def _tested(self, tokens, sizes):
        windows, before = TextWindows(tokens, **sizes), self.testing_states
        self.testing_states = carried_by(windows, self.decoder.description.states, before)
        self.make_test_function(force=self.testing_states is not before)
        return windows

    def save_own_variables(self, store):
        """Write what is carried in the middle of an epoch; the weights are those of the parts."""
        if self.training_states is not None:
            self.training_states.write_to(store)

    def load_own_variables(self, store):
        """Take up what is carried, while `fit` runs."""
        if self.training_states is not None:
            self.training_states.read_from(store)


def _checked_sizes(length, batch_size) -> dict:
    return {
        "length": check_count("length", length, "number of tokens of a window"),
        "streams": check_count("batch_size", batch_size, "number of streams"),
    }


def _with(callbacks, own):
    if isinstance(callbacks, keras.callbacks.CallbackList):
        callbacks.append(own)
        return callbacks
    return [*(callbacks if isinstance(callbacks, (list, tuple)) else [callbacks] if callbacks else []), own]
