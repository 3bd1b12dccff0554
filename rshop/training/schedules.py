"""How the probability of teacher forcing falls during training (Bengio et al., 2015)."""

import keras
from keras import ops

from rshop.checks import check_number


class _Schedule:
    # A function of the number of training calls, or of the epoch: from 1 downwards, and never below `least`.

    def __init__(self, least: float):
        self.least = check_number("least", least, "lowest probability", least=0, most=1)

    def __call__(self, step):
        """The probability at a step, which counts from 0: a float for a number, a tensor for a tensor."""
        if isinstance(step, (int, float)):
            return float(ops.convert_to_numpy(self._at(step)))
        return self._at(step)

    def _at(self, step):
        p = self.probability(ops.cast(step, "float32"))
        return ops.clip(p, self.least, 1.0)

    def get_config(self):
        """The options as plain JSON values."""
        return {"least": self.least}

    @classmethod
    def from_config(cls, config):
        """The schedule with these options."""
        return cls(**config)


@keras.saving.register_keras_serializable(package="rshop")
class Linear(_Schedule):
    """A probability of teacher forcing that falls along a straight line: `1 - step / steps`.

    Example:
        >>> [Linear(steps=4)(step) for step in range(6)]
        [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]

        As a layer's own schedule it counts training batches; with `ForcingSchedule` epochs or batches.

        >>> rnn = RecurrentModel(x_t, y_t, h_tm1, h_t, readout_input=r_t, teacher_force=Linear(steps=1000))

    Args:
        steps: the number of steps after which nothing is forced, above 0.
        least: the probability at which it stops falling.

    Raises:
        TypeError, ValueError: `steps` not above 0, or `least` outside [0, 1].

    Source:
        S. Bengio, O. Vinyals, N. Jaitly and N. Shazeer, Scheduled sampling for sequence prediction with
        recurrent neural networks, 2015 (arXiv:1506.03099).
    """

    def __init__(self, steps: float, least: float = 0.0):
        super().__init__(least)
        self.steps = check_number("steps", steps, "number of steps until nothing is forced", above=0)

    def probability(self, step):
        """`1 - step / steps` for a float tensor."""
        return 1.0 - step / self.steps

    def get_config(self):
        """The options as plain JSON values."""
        return {**super().get_config(), "steps": self.steps}


@keras.saving.register_keras_serializable(package="rshop")
class Exponential(_Schedule):
    """A probability of teacher forcing that falls by the same factor at each step: `factor ** step`.

    Example:
        >>> [Exponential(0.5)(step) for step in range(4)]
        [1.0, 0.5, 0.25, 0.125]

    Args:
        factor: above 0, at most 1.
        least: the probability at which it stops falling.

    Raises:
        TypeError, ValueError: `factor` outside (0, 1], or `least` outside [0, 1].

    Source:
        S. Bengio, O. Vinyals, N. Jaitly and N. Shazeer, Scheduled sampling for sequence prediction with
        recurrent neural networks, 2015 (arXiv:1506.03099).
    """

    def __init__(self, factor: float, least: float = 0.0):
        super().__init__(least)
        self.factor = check_number("factor", factor, "factor from step to step", above=0, most=1)

    def probability(self, step):
        """`factor ** step` for a float tensor."""
        return ops.power(self.factor, step)

    def get_config(self):
        """The options as plain JSON values."""
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(package="rshop")
class InverseSigmoid(_Schedule):
    """A probability of teacher forcing that stays near 1, falls, and flattens out: `k / (k + exp(step / k))`.

    It is one half at the step `k * log(k)`.

    Example:
        >>> [round(InverseSigmoid(5.0)(step), 2) for step in (0, 8, 20)]
        [0.83, 0.5, 0.08]

    Args:
        k: the larger, the later and the slower it falls; at least 1.
        least: the probability at which it stops falling.

    Raises:
        TypeError, ValueError: `k` below 1, or `least` outside [0, 1].

    Source:
        S. Bengio, O. Vinyals, N. Jaitly and N. Shazeer, Scheduled sampling for sequence prediction with
        recurrent neural networks, 2015 (arXiv:1506.03099).
    """

    def __init__(self, k: float, least: float = 0.0):
        super().__init__(least)
        self.k = check_number("k", k, "constant of the schedule", least=1)

    def probability(self, step):
        """`k / (k + exp(step / k))` for a float tensor."""
        # Written so that no large number is computed.
        return 1.0 / (1.0 + ops.exp(ops.minimum(step / self.k, 80.0)) / self.k)

    def get_config(self):
        """The options as plain JSON values."""
        return {**super().get_config(), "k": self.k}
