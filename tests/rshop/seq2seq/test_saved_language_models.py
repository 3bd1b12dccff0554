"""Language models saved, loaded and resumed: a training that was interrupted ends as one that was not."""

import keras
import numpy as np
import pytest
from keras import layers

from rshop import GRUCell, SimpleRNNCell
from rshop.seq2seq import CharacterTokenizer, LanguageModel
from tests.support.fresh import differences, write
from tests.support.language import TEXT, TOKENS, made


class Interruption(keras.callbacks.Callback):
    """Ends a training as a power cut would."""

    def __init__(self, batches):
        super().__init__()
        self.left = batches

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


class Count(keras.callbacks.Callback):
    """How many batches there were."""

    batches = 0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1


def new(seed):
    """A model with its own weights drawn, and with an optimizer that has a memory."""
    model = LanguageModel(6, CharacterTokenizer(TEXT), cell=SimpleRNNCell, embedding=5)
    rng = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape) * 0.5)
    model.compile(keras.optimizers.Adam(0.02))
    return model


def test_a_training_that_is_resumed_ends_as_one_that_was_not_interrupted(tmp_path):
    """Five windows an epoch, for three epochs; a backup of every second window is in the middle of one."""
    how = {"length": 13, "batch_size": 3, "epochs": 3, "verbose": 0}
    whole = new(0)
    whole.fit(TEXT, **how)
    for save_freq, interrupted, done in (("epoch", 8, 5), (2, 9, 8)):

        def backup(save_freq=save_freq):
            return keras.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=save_freq)

        cut, resumed, counted = new(0), new(1), Count()
        with pytest.raises(KeyboardInterrupt):
            cut.fit(TEXT, callbacks=[backup(), Interruption(interrupted)], **how)
        resumed.fit(TEXT, callbacks=[backup(), counted], **how)
        assert counted.batches == 15 - done
        assert int(resumed.optimizer.iterations) == int(whole.optimizer.iterations) == 15
        for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
            np.testing.assert_allclose(b, a, atol=1e-6)


def test_a_backup_of_other_streams_is_refused(tmp_path):
    model = new(0)
    how = {"length": 13, "epochs": 3, "verbose": 0}
    backup = keras.callbacks.BackupAndRestore(tmp_path, save_freq=2)
    with pytest.raises(KeyboardInterrupt):
        model.fit(TEXT, batch_size=3, callbacks=[backup, Interruption(3)], **how)
    with pytest.raises(ValueError, match="belongs to another training.*batch_size"):
        model.fit(TEXT, batch_size=2, callbacks=[keras.callbacks.BackupAndRestore(tmp_path)], **how)


def test_saved_models_are_loaded_alone_in_a_fresh_process(tmp_path):
    names = []
    for kind in ("tied", "of Keras"):
        model = made(kind, name=kind.replace(" ", "_"))
        write(tmp_path, model.name, model, [TOKENS[None, :30]], [np.array(model(TOKENS[None, :30]))])
        names.append(model.name)
    layer = layers.TextVectorization(standardize=None)
    layer.adapt([TEXT])
    model = LanguageModel(6, layer, cell=GRUCell, depth=2, name="words")
    write(tmp_path, "words", model, [np.array([[2, 3, 4]])], [np.array(model(np.array([[2, 3, 4]])))])
    assert differences(tmp_path) == dict.fromkeys([*names, "words"], 0.0)
    again = keras.models.load_model(tmp_path / "words.keras")
    assert again.tokenizer.get_vocabulary() == layer.get_vocabulary()
    assert again.generate("the cat", 6) == model.generate("the cat", 6)
    again = keras.models.load_model(tmp_path / "tied.keras")
    assert again.tokenizer.vocabulary == "".join(sorted(set(TEXT)))
    assert again.generate("the cat", 6) == made().generate("the cat", 6)


def test_a_loaded_model_goes_on_training_where_it_was(tmp_path):
    model = made()
    how = {"length": 32, "batch_size": 3, "verbose": 0}
    model.compile(keras.optimizers.Adam(0.01))
    model.fit(TEXT, epochs=2, **how)
    model.save(tmp_path / "half.keras")
    again = keras.models.load_model(tmp_path / "half.keras")
    np.testing.assert_allclose(again.perplexity(TEXT), model.perplexity(TEXT), rtol=1e-6)
    losses = [m.fit(TEXT, epochs=3, **how).history["loss"] for m in (model, again)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)
    copied = keras.models.clone_model(model)
    copied.set_weights(model.get_weights())
    np.testing.assert_allclose(copied.perplexity(TEXT), model.perplexity(TEXT), rtol=1e-6)
