"""A known body's loops, forwards and backwards, traced once for all calls of one kind."""

from collections.abc import Callable
from functools import partial

from rshop.backend import Compiled, Traced
from rshop.fast.loops.backward_loop import BackwardLoop
from rshop.fast.loops.forward_loop import ForwardLoop
from rshop.fast.loops.known_body import KnownBody


class CompiledLoops:
    """The loop of a known body and the one back, each of which is traced once for arguments of one kind.

    Example:
        >>> [found] = CompiledLoops(body, xla=True).forward([(inputs, 7, True)])
        >>> found.emitted[0].shape
        (2, 7, 10)

    Args:
        body: the body of both.
        xla: XLA compiles them.

    Attributes:
        forward: a `ForwardLoop`, for a list of calls.
        backward: a `BackwardLoop`, for a list of calls.
    """

    def __init__(self, body: KnownBody, xla: bool):
        self.body, self.xla = body, xla
        self.forward = Compiled(ForwardLoop(body), xla)
        self.backward = Compiled(BackwardLoop(body), xla)
        self._traced: dict[Callable, Traced] = {}

    def traced(self, function: Callable) -> Traced:
        """A function of tensors, traced once, that runs these loops.

        Args:
            function: `function(loops, *tensors)`, which reads nothing else; a function of a module.
        """
        if function not in self._traced:
            self._traced[function] = Traced(partial(function, self))
        return self._traced[function]


class KeptLoops:
    """The loops of a layer, one for each kind of call.

    Keras traces a training step twice before it runs, once more in `fit` after `train_on_batch`, and so on.
    The graphs of the loops, which take longest, are the same in each.

    Example:
        >>> loops = KeptLoops().get("training", as_it_is, lambda: CompiledLoops(body, xla=True))
    """

    def __init__(self):
        self._kept: dict[object, tuple] = {}

    def get(self, kind, as_it_is, make: Callable) -> CompiledLoops:
        """The loops for a kind of call; made anew where something has changed since.

        Args:
            kind: whatever tells one kind of call from another.
            as_it_is: what the loops depend on beside their tensors.
            make: makes the loops.
        """
        before, loops = self._kept.get(kind, (None, None))
        if loops is None or before != as_it_is:
            loops = make()
            self._kept[kind] = as_it_is, loops
        return loops
