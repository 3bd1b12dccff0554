"""A callback that lets go of the teacher's hand: the probability of forcing follows a schedule."""

from collections.abc import Callable

import keras

from rshop.errors import message, told


class ForcingSchedule(keras.callbacks.Callback):
    """A variable `teacher_force` that follows a schedule, epoch by epoch or batch by batch.

    A schedule handed to the layer itself counts batches; here it can count epochs, and one variable can serve
    several layers. The probability of each epoch stands in the history as `teacher_force`.

    Example:
        >>> p = keras.Variable(1.0)
        >>> rnn = RecurrentModel(x_t, y_t, h_tm1, h_t, readout_input=r_t, teacher_force=p)
        >>> model.fit(x, y, epochs=10, callbacks=[ForcingSchedule(p, Linear(steps=8))])

    Args:
        variable: the `keras.Variable` of one number that the layers have as `teacher_force`.
        schedule: a function of the epoch or batch, counted from 0, such as `Linear(steps=8)`.
        per: `"epoch"` or `"batch"`.

    Raises:
        TypeError: no variable, or a schedule that cannot be called.
        ValueError: another `per`; while training, a probability outside [0, 1].

    Source:
        S. Bengio, O. Vinyals, N. Jaitly and N. Shazeer, Scheduled sampling for sequence prediction with
        recurrent neural networks, 2015 (arXiv:1506.03099).
    """

    def __init__(self, variable: keras.Variable, schedule: Callable, *, per: str = "epoch"):
        super().__init__()
        if not isinstance(variable, keras.Variable) or variable.shape != ():
            raise TypeError(
                message(
                    "The probability of teacher forcing is held by a variable, which the layers read.",
                    received=f"variable={told(variable)}",
                    expected="a keras.Variable of one number",
                    fix="p = keras.Variable(1.0), a layer with teacher_force=p, ForcingSchedule(p, ...)",
                )
            )
        if not callable(schedule) or isinstance(schedule, type):
            raise TypeError(
                message(
                    "A schedule is a function of the epoch or batch.",
                    received=f"schedule={told(schedule)}",
                    expected="a function of a number, or one of Linear, Exponential, InverseSigmoid",
                    fix="ForcingSchedule(p, Linear(steps=8))",
                )
            )
        if per not in ("epoch", "batch"):
            raise ValueError(
                message(
                    "The schedule counts epochs or batches.",
                    received=f"per={told(per)}",
                    expected="'epoch' or 'batch'",
                    fix="per='epoch'",
                )
            )
        self.variable, self.schedule, self.per = variable, schedule, per
        self.batches = 0

    def on_epoch_begin(self, epoch, logs=None):
        """Set the probability of this epoch."""
        if self.per == "epoch":
            self._set(epoch)

    def on_train_batch_begin(self, batch, logs=None):
        """Set the probability of this batch."""
        if self.per == "batch":
            self._set(self.batches)
            self.batches += 1

    def on_epoch_end(self, epoch, logs=None):
        """Write the probability into the history."""
        if logs is not None:
            logs["teacher_force"] = float(keras.ops.convert_to_numpy(self.variable))

    def _set(self, step):
        p = float(self.schedule(step))
        if not 0 <= p <= 1:
            raise ValueError(
                message(
                    f"The schedule gives no probability at {self.per} {step}.",
                    received=f"{p}",
                    expected="a number from 0 to 1",
                    fix="clip it in the schedule, or use Linear(steps=8)",
                )
            )
        self.variable.assign(p)
