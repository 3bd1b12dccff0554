"""A decoder that reads its last output as an input: what scores a given sequence."""

from rshop.layers.base import RecurrentLayer
from rshop.layers.model import RecurrentModel
from rshop.step.describe.describe_step import describe_step
from rshop.structure import flat


def make_reader(decoder: RecurrentLayer, *, return_states: bool = False) -> RecurrentModel:
    """A layer with the step of a decoder, which reads its readout as an input: what a target is scored with.

    Its constants are those of the decoder, then what the decoder sees, if it reads that.

    Args:
        decoder: the decoder.
        return_states: whether the layer returns its last states too.
    """
    step = decoder.description
    masks = set(step.mask_places)
    constants = flat(step.constants)
    given = [t for i, t in enumerate(constants) if i not in masks]
    seen = flat(step.inputs) if reads_input(decoder) else []
    every = [*given, *seen, *(t for i, t in enumerate(constants) if i in masks)]
    described = describe_step(
        step.readouts,
        step.outputs,
        states=step.states,
        next_states=step.next_states,
        constants=every or None,
        state_names=step.state_names,
        lengths=step.lengths,
    )
    options = {"return_sequences": True, "return_states": return_states}
    return RecurrentModel(described, None, name="reader", **options)


def reads_input(decoder: RecurrentLayer) -> bool:
    """Whether the step of a decoder reads what it sees at each timestep."""
    step = decoder.description
    reach = step.graph.reach()
    return any(0 in reach[t] for t in step.graph.outputs)


def build_layers(*layers: RecurrentLayer):
    """Build layers whose steps are known, for any batch and length, so that a summary counts their weights.

    Args:
        *layers: recurrent layers. One that is stateful is left alone: it is built for its batch, in a call.
    """
    for rnn in layers:
        if rnn.built or rnn.stateful:
            continue
        time = () if rnn.decode else (None,)
        shapes = [(None, *time, *t.shape[1:]) for t in flat(rnn.description.inputs)]
        rnn.build(shapes[0] if len(shapes) == 1 else shapes)
