"""Losses that layers add within a timestep (`add_loss`, `activity_regularizer`), summed over time."""

import keras
from keras import ops

from rshop.errors import message
from rshop.step.step import Step


def with_loss(step: Step, run) -> tuple:
    """The result of running the step, and the sum of the losses that its layers added, a scalar.

    Without this a loss would stay inside the body of the loop, where the model cannot reach it.

    Args:
        step: the checked step.
        run: a function without arguments that runs the step.

    Raises:
        ValueError: a layer changes a variable that does not belong to the step.
    """
    with keras.StatelessScope(collect_losses=True) as scope:
        results = run()
    if set(scope.state_mapping) - {id(v) for v in step.variables}:
        raise ValueError(
            message(
                "A layer of the step adds a loss, and another draws from a seed that is not its own.",
                received="keras.random called without a seed generator of the layer",
                expected="layers that hold what they change",
                fix="self.seed_generator = keras.random.SeedGenerator() in the layer's __init__, and "
                "seed=self.seed_generator in its call",
            )
        )
    for variable in step.variables:
        value = scope.get_current_value(variable)
        if value is not None:
            variable.assign(value)
    return results, sum(ops.sum(ops.cast(loss, "float32")) for loss in scope.losses)
