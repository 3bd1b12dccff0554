"""What a graph that is kept depends on, beside the tensors that it is given."""

from rshop.call.timesteps import Timesteps


def as_it_is(timesteps: Timesteps) -> list:
    """The numbers, words, functions and weights of all that runs; where one has changed, a graph is stale.

    Example:
        >>> before = as_it_is(timesteps)
        >>> dense.activation = keras.activations.tanh
        >>> as_it_is(timesteps) == before
        False
    """
    step, plain = timesteps.step, (bool, int, float, str, type(None))
    return [
        (id(part), [(k, v) for k, v in vars(part).items() if isinstance(v, plain) or callable(v)])
        for part in [timesteps.layer, *step.graph.operations(), *step.variables]
    ]
