"""`to_numpy`: a recurrent layer as a Python text that needs NumPy alone."""

import inspect
import re

from rshop.errors import message
from rshop.export import helpers
from rshop.export.function_text import FunctionText
from rshop.export.loop_text import BothWaysText, LoopText, call_text
from rshop.export.source import Source
from rshop.expressions.loops import BothWays, Loop, both_ways, loop_of
from rshop.expressions.reader import Reader
from rshop.expressions.terms import everything
from rshop.structure import flat, tree
from rshop.tracing.check_layer import check_layer, is_both_ways, is_recurrent, only_layer


def to_numpy(rnn) -> Source:
    """The step and the loop of a recurrent layer as a Python text that needs NumPy alone, with its weights.

    Example:
        An LSTM, run without Keras::

            >>> rnn = LSTMCell(4, input_dim=3).get_layer(return_sequences=True)
            >>> source = to_numpy(rnn)
            >>> outputs, states = source.run(np.ones((2, 7, 3)))
            >>> np.abs(outputs - rnn(np.ones((2, 7, 3)))).max() < 1e-5
            True

    The text computes what the layer does in inference: noise and dropout are off, and no truth is fed. A
    stateful layer begins with its initial states; hand the last states to the next call.

    Args:
        rnn: a recurrent layer of this project whose sizes are known, a `keras.layers.Bidirectional` around
            one, or a Keras model that has exactly one.

    Returns:
        A `Source`: `str(source)` defines `run(weights, x, *, mask=None, initial_state=None, constants=None,
        ...) -> (outputs, states)`.

    Raises:
        TypeError: not a recurrent layer of this project.
        ValueError: a layer that is not built, or a part that cannot be written out; names it.
    """
    layer = only_layer(rnn)
    if not (is_both_ways(layer) and is_recurrent(layer)):
        check_layer(layer, "Only recurrent layers of rshop can be written out.")
    _check_built(layer)
    reader = Reader()
    loop = both_ways(reader, layer) if is_both_ways(layer) else loop_of(reader, layer)
    texts = [_text(what) for what in everything(loop, lambda what: what)]
    text = "\n\n".join([_head(layer, loop), *_needed("\n".join(texts)), *texts])
    used = set(re.findall(r'weights\["(.+?)"\]', text))
    return Source(text, {key: a for key, a in reader.arrays.values.items() if key in used})


def _text(what) -> str:
    if isinstance(what, Loop):
        return LoopText(what).text()
    return BothWaysText(what).text() if isinstance(what, BothWays) else FunctionText(what, call_text).text()


def _head(layer, loop) -> str:
    name = re.sub(r"[^\w ]+", "_", layer.name)
    return f'''"""The recurrent network {name!r} in NumPy.

    weights = np.load("NAME.npz")
    outputs, states = run(weights, x)
"""

import numpy as np
'''


def _needed(text: str) -> list[str]:
    """The sources of the functions of `helpers` that a text calls, and of those that these call."""
    found: list[str] = []
    sources = {n: inspect.getsource(f) for n, f in vars(helpers).items() if inspect.isfunction(f)}

    def need(text):
        for name, source in sources.items():
            if name not in found and re.search(rf"(?<![\w.]){name}\(", text):
                found.append(name)
                need(source)

    need(text)
    return [sources[name] for name in sources if name in found]


def _check_built(layer):
    # A layer that knows its sizes is built now, as `trace` does it.
    if not is_both_ways(layer) and not layer.built and layer.is_described:
        time = () if layer.decode else (None,)
        shapes = [(t.shape[0], *time, *t.shape[1:]) for t in flat(layer.description.inputs)]
        layer.build(tree.pack_sequence_as(layer.description.inputs, shapes))
    if not layer.built or (is_both_ways(layer) and not layer.forward_layer.built):
        raise ValueError(
            message(
                f"The layer {layer.name!r} has no weights yet.",
                received="a layer that was neither built nor called",
                expected="a layer that was called once, or built",
                fix="call it: rnn(x)",
            )
        )
