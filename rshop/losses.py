"""Losses that layers add within a timestep (`add_loss`, `activity_regularizer`), summed over time."""

import keras
from keras import ops

from .errors import message
from .fast.lower import unknown
from .step import Step


def adds_losses(step: Step, parts: list[list], training, masks=None) -> bool:
    """Whether a layer of the step adds a loss: found out by running the step once, which changes nothing.

    Example:
        >>> adds_losses(step, [[x_t], [], [h], []], training=True)
        True

    Args:
        step: the checked step.
        parts: its inputs, constants, states and readouts at one timestep.
        training, masks: as in a call of the step.
    """
    if not unknown(step.graph, training):
        return False  # no layer that could
    with keras.StatelessScope(collect_losses=True) as scope:
        step(*parts, training=training, masks=masks)
    return bool(scope.losses)


def with_loss(step: Step, run) -> tuple:
    """What a run of the step returns, and the sum of the losses that its layers added, a scalar.

    Without this a loss would stay behind in the body of the loop, out of reach for the model.

    Args:
        step: the checked step.
        run: runs it.

    Raises:
        ValueError: a layer changes something that is not its own.
    """
    with keras.StatelessScope(collect_losses=True) as scope:
        results = run()
    own = [v for operation in step.graph.operations() for v in getattr(operation, "variables", [])]
    if set(scope.state_mapping) - {id(v) for v in own}:
        raise ValueError(
            message(
                "A layer of the step adds a loss, and another draws from a seed that is not its own.",
                received="keras.random called without a seed generator of the layer",
                expected="layers that hold what they change",
                fix="self.seed_generator = keras.random.SeedGenerator() in the layer's __init__, and "
                "seed=self.seed_generator in its call",
            )
        )
    for variable in {id(v): v for v in own}.values():
        value = scope.get_current_value(variable)
        if value is not None:
            variable.assign(value)
    return results, sum(ops.sum(ops.cast(loss, "float32")) for loss in scope.losses)
