"""The source of a readout (the model's own output, or the truth), and the timesteps that are masked."""

from numbers import Real

from rshop.errors import message, told
from viz.style.labels import Label


class Forcing:
    """Which arrows lead into a readout in training and in inference.

    Example:
        >>> Forcing(model, training=None).truth  # a layer with teacher_force=True
        True

    Attributes:
        truth: whether the truth of the previous timestep enters.
        own: whether the previous output enters.
        label: of a truth's box.
        notes: lines about it under the picture.
    """

    def __init__(self, model, training):
        force = model.option("teacher_force")
        number = isinstance(force, (bool, Real))
        on = not number or force > 0
        self.truth = bool(model.fed) and on and training is not False
        self.own = bool(model.fed) and not (self.truth and number and force == 1)
        chance = f"with p = {float(force):g}" if number else "with a probability"
        self.label = Label("truth", detail=chance if self.own else "")
        self.notes = []
        if self.truth and not self.own:
            self.notes = ["In training the truth enters; otherwise the previous output (training=False)."]


def masked_times(mask, steps: int) -> frozenset[int]:
    """The timesteps that a mask hides: none without a mask.

    Example:
        >>> masked_times([True, False, True], 3)
        frozenset({1})

    Raises:
        ValueError: a mask that is not one bool for each timestep.
    """
    if mask is None:
        return frozenset()
    try:
        values = list(mask)
        fits = len(values) == steps and all(value in (0, 1) for value in values)
    except Exception:  # noqa: BLE001  (a tensor without values raises errors of its own)
        fits = False
    if not fits:
        raise ValueError(
            message(
                "A mask says for each timestep of the drawing whether it is valid.",
                received=f"mask={told(mask)} with steps={steps}",
                expected=f"{steps} values, True or False",
                fix=f"mask={[True] * min(steps, 3) + [False]}, steps={min(steps, 3) + 1}",
            )
        )
    return frozenset(t for t, value in enumerate(values) if not value)
