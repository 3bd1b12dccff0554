"""Values of a sequence: what a step has computed once, before the first timestep, and reads at each of them.

A step says what these are by two kinds of layers in its graph, at any depth. The loop asks for their values
once a call (`Step.of_sequence`) and hands them to every timestep, as it does with constants. A step that
runs outside of a call, such as a cell called by hand, computes them as it meets them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import keras


class OncePerSequence(keras.layers.Layer):
    """A layer of a step that computes its result once a sequence, from what it reads at the first timestep.

    Write `call`. A state that it reads is the first state of the call: what was given, else what the layer
    starts with; never what a stateful layer has carried over. The results are `(batch, ...)`.

    Example:
        >>> class FirstValue(OncePerSequence):
        ...     def call(self, h):
        ...         return h
        >>> rnn = RecurrentModel(x_t, h_t, h_tm1, ops.where(reset_t, FirstValue()(h_tm1), h_t))
    """

    def __init__(self, **options):
        # What it reads keeps its dtype: a first state is the state itself.
        super().__init__(autocast=False, **options)


class WeightsOfSequence(keras.layers.Layer):
    """A layer of a step that hands on what it reads, and changes the weights that multiply it for a sequence.

    Write `changed`. Throughout a sequence the step computes with other tensors in place of the kernels that
    what has passed this layer enters, without another product on the way.

    Example:
        >>> class Halved(WeightsOfSequence):
        ...     def changed(self, weights, training):
        ...         return [0.5 * weight for weight in weights]
        >>> h_t = ops.tanh(Dense(10)(x_t) + Dense(10)(Halved()(h_tm1)))
    """

    def __init__(self, **options):
        super().__init__(autocast=False, **options)

    def changed(self, weights: list, training: bool | None) -> list | None:
        """The tensors in place of these weights, in their order; None leaves the weights as they are."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it changes weights.")

    def call(self, x):
        """`x` as it is."""
        return x

    def compute_output_spec(self, x):
        """The symbolic result."""
        return keras.KerasTensor(x.shape, dtype=x.dtype)


@dataclass(frozen=True)
class OfSequence:
    """What a step has computed once for a sequence.

    Attributes:
        values: for the name of each `OncePerSequence` of the step its outputs, in running order.
        of_constants: likewise for what reads constants alone, such as the projection of a memory.
        weights: pairs of a weight and the tensor in its place.
    """

    values: dict[str, list] = field(default_factory=dict)
    of_constants: dict[str, list] = field(default_factory=dict)
    weights: list[tuple] = field(default_factory=list)

    @property
    def in_order(self) -> list:
        """The results of the `OncePerSequence` layers in running order."""
        return [value for outputs in self.values.values() for value in outputs]

    @property
    def known(self) -> dict[str, list]:
        """The outputs, by name, of all nodes that are not computed again."""
        return {**self.of_constants, **self.values}

    @property
    def is_empty(self) -> bool:
        """Whether the step computes everything at each timestep."""
        return not (self.values or self.of_constants or self.weights)


@contextmanager
def replaced(pairs: list[tuple], variables: list) -> Iterator[None]:
    """Within the block, weights have the values of these tensors; what else is assigned stays assigned.

    Example:
        >>> with replaced([(dense.kernel, 0.0 * dense.kernel)], dense.variables):
        ...     dense(x)  # the bias alone

    Args:
        pairs: weights with the tensors in their place.
        variables: all variables that the block may read or assign.
    """
    if not pairs:
        yield
        return
    others = {id(v): v for v in variables if id(v) not in {id(weight) for weight, _ in pairs}}
    with keras.StatelessScope(state_mapping=pairs, collect_losses=True) as scope:
        # A scope does not look into the one around it.
        around = scope.original_scope
        known = {} if around is None else {key: around.get_current_value(v) for key, v in others.items()}
        before = {key: value for key, value in known.items() if value is not None}
        scope.state_mapping.update(before)
        yield
    for key, variable in others.items():
        after = scope.get_current_value(variable)
        if after is not before.get(key):
            variable.assign(after)
    if around is not None and around.collect_losses:
        for loss in scope.losses:
            around.add_loss(loss)
