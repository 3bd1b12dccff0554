"""Switches, for measuring and teaching: each optimisation of the loop can be turned off."""

from contextlib import contextmanager
from dataclasses import dataclass, fields, replace

from rshop.checks import check_switch
from rshop.errors import message


@dataclass(frozen=True)
class Switches:
    """Which optimisations are on. The results are the same with and without each of them.

    Attributes:
        late_gradients: the gradient of a weight is one product over all timesteps, after the loop.
        xla: XLA compiles the loop, and nothing else of the model.
        tiered: a small loop trains a few times before XLA compiles it, so that neither the first step nor
            a short run waits for the compiler. It counts the runs in a variable, which `tf.vectorized_map`
            and the freezing of a training graph do not support: turn it off there.
        blocks: the backward pass of a long loop runs in blocks of time, so that few gradients of its sums
            wait in memory.
        hoist: what depends on the input alone runs before the loop, for all timesteps at once;
            what feeds nothing back runs after it.
        split: the batch is split among the processor's cores, each of which runs the loop for its
            samples.
        cudnn: on a GPU, cuDNN runs a layer of one LSTM or GRU cell that it has a kernel for.
    """

    late_gradients: bool = True
    xla: bool = True
    tiered: bool = True
    blocks: bool = True
    hoist: bool = True
    split: bool = True
    cudnn: bool = True

    @property
    def any(self) -> bool:
        """Whether the fast loop runs at all; without any of its optimisations the plain loop runs."""
        return self.late_gradients or self.xla or self.hoist or self.split


_current = Switches()


def current() -> Switches:
    """The switches as they are set now."""
    return _current


@contextmanager
def switched(**given: bool):
    """Turn optimisations on or off for the models that are compiled and first run inside.

    Example:
        >>> with switched(late_gradients=False, xla=False, hoist=False, split=False, cudnn=False):
        ...     slow = model.predict(x)  # the plain loop, the same numbers

    A model that ran before keeps the graph that it was traced to: call `model.compile` again.

    Args:
        **given: `late_gradients`, `xla`, `tiered`, `blocks`, `hoist`, `split`, `cudnn`; see `Switches`.

    Raises:
        TypeError: no such switch, or neither True nor False.
    """
    global _current
    names = [field.name for field in fields(Switches)]
    for name, value in given.items():
        if name not in names:
            raise TypeError(
                message(
                    "This is no switch.",
                    received=f"{name}={value!r}",
                    expected=f"one of {', '.join(names)}",
                    fix="switched(xla=False)",
                )
            )
        check_switch(name, value, among=names)
    before, _current = _current, replace(_current, **given)
    try:
        yield _current
    finally:
        _current = before
