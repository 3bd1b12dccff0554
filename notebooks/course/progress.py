"""A sign of life while a network trains."""


def progress(every: int = 10):
    """A Keras callback that prints one rounded line every few epochs.

    Example:
        >>> model.fit(x, y, epochs=40, verbose=0, callbacks=[course.progress(every=20)])
        epoch 20 of 40: loss 0.031
        epoch 40 of 40: loss 0.021

    Args:
        every: how many epochs lie between two lines.
    """
    import keras  # not above: `import course` comes before `setup()` loads Keras quietly

    class Progress(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            done, last = epoch + 1, self.params["epochs"]
            if done % every == 0 or done == last:
                print(f"epoch {done} of {last}: loss {logs['loss']:.3f}", flush=True)

    return Progress()
