"""A bar for a whole training: what is done, the loss, and the time that is left."""

import sys
import time
from collections.abc import Callable

import keras

from rshop.checks import check_count, check_switch
from rshop.errors import message, told


class ProgressBar(keras.callbacks.Callback):
    """One line for a whole `fit`: the epoch, the share that is done, the seconds left, loss and metrics.

    Keras's own bar starts again at each epoch and tells the seconds of that epoch alone. In a terminal and in
    a notebook the line is rewritten; in a file, such as the log of a job, a line is added at each tenth.

    Example:
        >>> model.fit(x, y, epochs=20, verbose=0, callbacks=[ProgressBar()])
        epoch 7/20 [######--------------]  33 %, 1 min 12 s left, loss 0.1234, val_loss 0.2012

    Args:
        width: the number of signs of the bar.
        rewrite: whether the line is rewritten; None decides by where it is written to.
        stream: where it is written to, by default the standard output.
        clock: a function that returns seconds.

    Raises:
        TypeError, ValueError: a width below 1, or a stream without `write`.
    """

    def __init__(
        self,
        width: int = 20,
        *,
        rewrite: bool | None = None,
        stream=None,
        clock: Callable[[], float] = time.monotonic,
    ):
        super().__init__()
        self.width = check_count("width", width, "number of signs of the bar")
        check_switch("rewrite", rewrite, or_none=True)
        if stream is not None and not callable(getattr(stream, "write", None)):
            raise TypeError(
                message(
                    "The bar is written to a stream.",
                    received=f"stream={told(stream)}",
                    expected="an object with `write`, such as sys.stdout",
                    fix="leave it out",
                )
            )
        if not callable(clock):
            raise TypeError(
                message(
                    "The clock is a function that returns seconds.",
                    received=f"clock={told(clock)}",
                    expected="a function without arguments",
                    fix="leave it out",
                )
            )
        self.rewrite, self.stream, self.clock = rewrite, stream, clock

    def on_train_begin(self, logs=None):
        """Start the clock."""
        self._out = self.stream or sys.stdout
        self._rewrites = _is_live(self._out) if self.rewrite is None else self.rewrite
        self._start, self._first, self._tenth = self.clock(), None, 0
        self._epoch, self._logs, self._length, self._shown = 0, {}, 0, -1.0

    def on_epoch_begin(self, epoch, logs=None):
        """Remember the epoch; a training that is resumed begins later than at 0."""
        self._first = epoch if self._first is None else self._first
        self._epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        """Show what is done, at most ten times a second."""
        self._logs |= logs or {}
        if self.params.get("steps") and self.clock() - self._shown > 0.1:
            self._show((batch + 1) / self.params["steps"])

    def on_epoch_end(self, epoch, logs=None):
        """Show the epoch with its validation."""
        self._logs |= logs or {}
        self._show(1.0)

    def on_train_end(self, logs=None):
        """Leave the last line."""
        if self._rewrites:
            self._out.write("\n")
            self._out.flush()

    def _show(self, share_of_epoch):
        self._shown, first = self.clock(), self._first
        whole = max(self.params.get("epochs", 1) - first, 1)
        done = min((self._epoch - first + share_of_epoch) / whole, 1.0)
        if not self._rewrites and int(10 * done + 1e-9) <= self._tenth:
            return
        self._tenth = int(10 * done + 1e-9)
        taken = self.clock() - self._start
        filled = int(self.width * done + 1e-9)
        parts = [
            f"epoch {self._epoch + 1}/{self.params.get('epochs', 1)} "
            f"[{'#' * filled}{'-' * (self.width - filled)}] {100 * done:3.0f} %",
            f"{in_words(taken)} in all" if done == 1 else f"{in_words(taken / done - taken)} left",
            *(f"{name} {float(value):.4g}" for name, value in self._logs.items()),
        ]
        line = ", ".join(parts)
        if self._rewrites:
            self._out.write("\r" + line.ljust(self._length))
        else:
            self._out.write(line + "\n")
        self._length = len(line)
        self._out.flush()


def in_words(seconds: float) -> str:
    """A time in its two largest units.

    Example:
        >>> in_words(72), in_words(3.2), in_words(7300)
        ('1 min 12 s', '3 s', '2 h 1 min')
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def _is_live(stream) -> bool:
    # A notebook's stream is no terminal, but rewrites lines all the same.
    is_terminal = bool(getattr(stream, "isatty", lambda: False)())
    return is_terminal or type(stream).__module__.startswith("ipykernel")
