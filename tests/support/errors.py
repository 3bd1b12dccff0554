"""Small layers with names that no message contains by chance, and what an error has to say.

Features are 3, an input is called `frame`, a state `carry`, a readout `echo`, a constant `memo`.
"""

import numpy as np
import pytest
from keras import Input, layers

from rshop import RecurrentModel, RecurrentSequential


def check(do, words, errors=(ValueError, TypeError)):
    """`do` raises an error that has every word, and tells what came, what was due and the fix."""
    with pytest.raises(errors) as caught:
        do()
    message = str(caught.value)
    missing = [word for word in (*words, "Received:", "Expected:", "Fix:") if word not in message]
    assert not missing, f"{missing} not in the message:\n{message}"


def named(cases):
    """Parametrise over `{what is done: (do, words)}`."""
    rows = [pytest.param(*row, id=what.replace(" ", "-")) for what, row in cases.items()]
    return pytest.mark.parametrize("do, words", rows)


def ones(*shape):
    return np.ones(shape, "float32")


def frame(size=3):
    return Input((size,), name="frame")


def carry(size=3):
    return Input((size,), name="carry")


def echo(size=3):
    return Input((size,), name="echo")


def memo(size=3):
    return Input((size,), name="memo")


def counter(**options):
    """`carry = frame + carry`, which is the output too."""
    x, h = frame(), carry()
    n = layers.Add()([x, h])
    return RecurrentModel(x, n, h, n, **options)


def echoing(**options):
    """The output `frame + echo`, read out to `echo`."""
    x, r = frame(), echo()
    return RecurrentModel(x, layers.Add()([x, r]), readout_input=r, **options)


def seeing(**options):
    """The output `frame + memo`, a constant."""
    x, c = frame(), memo()
    return RecurrentModel(x, layers.Add()([x, c]), constants=c, **options)


def pair(**options):
    """Two inputs of 3 and 2 features by name: `frame`, `other`."""
    x, z = frame(), Input((2,), name="other")
    y = layers.Concatenate()([x, z])
    return RecurrentModel({"frame": x, "other": z}, y, **options)


def stack(*cells, **options):
    rnn = RecurrentSequential(**options)
    for cell in cells:
        rnn.add(cell)
    return rnn
