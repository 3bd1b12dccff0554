"""Models with a `compile` of their own that are compiled again when they are loaded."""

import keras


class CompiledAgain(keras.Model):
    """A Keras model whose subclasses may override `compile`; a loaded one goes on training as it was.

    Keras itself leaves such a model without loss and optimizer, with a warning.
    """

    def compile_from_config(self, config):
        """Compile with what `get_compile_config` returned, with slots for the optimizer's saved state."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)
