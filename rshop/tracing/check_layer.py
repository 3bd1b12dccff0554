"""What a `keras.layers.Bidirectional` is told where one recurrent layer is needed."""

import keras

from rshop.errors import message


def is_both_ways(rnn) -> bool:
    """Whether this is Keras's wrapper around two recurrent layers."""
    return isinstance(rnn, keras.layers.Bidirectional)


def refuse_both_ways(rnn):
    """Raise a `ValueError` for a `Bidirectional`, which has no step of its own but two."""
    if is_both_ways(rnn):
        raise ValueError(
            message(
                "A Bidirectional is two recurrent layers, each with a step and a run of its own.",
                received=repr(rnn),
                expected="one of the two",
                fix="give layer.forward_layer or layer.backward_layer (viz.draw_unrolled draws both)",
            )
        )
