"""Whether layers add losses within a timestep, which the loop then sums."""

import keras

from rshop.fast.plan.lower import unknown
from rshop.step.step import Step


def adds_losses(step: Step, parts: list[list], training, masks=None) -> bool:
    """Whether a layer of the step adds a loss, found by running the step once without side effects.

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
