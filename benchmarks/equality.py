"""Equal results first: from the same weights, the same outputs and the same weights after one step."""

import numpy as np

from .keras_system import TIMED_RATE

OUTPUTS = 1e-4
WEIGHTS = 1e-3
# One step of this size moves each weight by far more than the rounding of its first value.
RATE = 1000.0


def outcome(system, weights: list[np.ndarray]) -> dict:
    """What a system makes of these weights; it is left with them, at the rate of the timing.

    Example:
        >>> outcome(system, weights)["outputs"].shape
        (16, 50, 32)

    Returns:
        `outputs`, and `changes`: by how much one step of SGD moved each weight, divided by its rate.
    """
    system.load(weights)
    outputs = np.array(system.predict())
    system.set_rate(RATE)
    system.train()
    changes = [(after - before) / RATE for after, before in zip(system.weights(), weights, strict=True)]
    system.load(weights)
    system.set_rate(TIMED_RATE)
    return {"outputs": outputs, "changes": changes}


def difference(found: dict, expected: dict, draws: bool = False) -> str | None:
    """In what a system differs from the reference, None where it does not.

    Where training `draws` random numbers, outputs alone are compared.

    Example:
        >>> difference(found, expected)
        'outputs differ by 2.0e-02 (at most 1.0e-04)'
    """
    if found["outputs"].shape != expected["outputs"].shape:
        return f"outputs of shape {found['outputs'].shape}, expected {expected['outputs'].shape}"
    gap = _largest(found["outputs"] - expected["outputs"])
    if not gap <= OUTPUTS:
        return f"outputs differ by {gap:.1e} (at most {OUTPUTS:.1e})"
    if draws:
        return None
    for place, (change, wanted) in enumerate(zip(found["changes"], expected["changes"], strict=True)):
        gap = _largest(change - wanted) / _largest(wanted)
        if not gap <= WEIGHTS:
            return f"weight {place} differs after one step by {gap:.1e} of its change (at most {WEIGHTS:.1e})"
    return None


def _largest(values):
    return float(np.max(np.abs(values)))
