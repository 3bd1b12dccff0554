"""What a graph that is kept depends on, beside the tensors that it is given."""

import keras

from rshop.call.timesteps import Timesteps
from rshop.step.recurrent import is_recurrent

_PLAIN = (bool, int, float, str, type(None))


def as_it_is(timesteps: Timesteps) -> list:
    """The numbers, words, functions and weights of all that runs; where one has changed, a graph is stale.

    What runs is the layer, the operations of its step, and whatever layers these have in them, to any depth.

    Example:
        >>> before = as_it_is(timesteps)
        >>> dense.activation = keras.activations.tanh
        >>> as_it_is(timesteps) == before
        False
    """
    step, inside = timesteps.step, {}
    waiting = step.graph.operations()
    while waiting:
        part = waiting.pop()
        if id(part) not in inside:
            inside[id(part)] = part
            waiting += _inside(part)
    return [
        (id(part), [(k, v) for k, v in vars(part).items() if isinstance(v, _PLAIN) or callable(v)])
        for part in [timesteps.layer, *inside.values(), *step.variables]
    ]


def _inside(part) -> list:
    values = vars(part).values()
    every = [one for value in values for one in (value if isinstance(value, (list, tuple)) else [value])]
    found = [one for one in every if isinstance(one, keras.Operation)]
    return found + (part.description.graph.operations() if is_recurrent(part) and part.is_described else [])
