"""Long calls outside of `fit`, `predict` and `tf.function`: the loop is traced once, and its graph kept.

Operation by operation, in Python, 500 timesteps take seconds. What comes before the loop, such as first
states, random draws and checks, runs at each call.
"""

from dataclasses import dataclass, replace

import keras
from keras import ops

from rshop.backend import TwoWays, is_eager
from rshop.call.arguments import Arguments
from rshop.call.as_it_is import as_it_is
from rshop.call.plain_loop import in_plain_loop
from rshop.call.timesteps import Timesteps
from rshop.fast.plan.known_operations import is_dropout
from rshop.fast.plan.lower import unknown
from rshop.step.of_sequence import OfSequence, replaced
from rshop.step.timestep import Timestep
from rshop.structure import shape_of

# Measured on a CPU: to trace the loop takes as long as some forty timesteps run one by one, and a second call
# of the same kind takes no more than a few of them.
LONG = 32


def pays(timesteps: Timesteps) -> bool:
    """Whether the loop of a call is worth a graph of its own.

    It is where the call is long, and where each operation is known to compute the same there: what a user's
    own layer does in Python, such as printing, it does at every timestep.

    Example:
        >>> pays(Timesteps.of(rnn, arguments))  # with x of shape (2, 500, 3), outside of any graph
        True
    """
    steps = timesteps.steps
    if not is_eager() or not isinstance(steps, int) or steps < LONG or timesteps.layer.unroll or _in_scope():
        return False
    graph, training = timesteps.step.graph, timesteps.timestep.training
    return not unknown(graph, training) and not any(is_dropout(o, training) for o in graph.operations())


def _in_scope() -> bool:
    # Within a scope variables have other values than their own.
    with keras.StatelessScope() as scope:
        return scope.original_scope is not None


class TracedCalls:
    """The graphs of a layer's long calls, one for each kind of call.

    A second length or size of batch is traced with that size left open, so that there are two traces,
    whatever comes.

    Example:
        >>> memory, emitted = TracedCalls().run(timesteps)
        >>> emitted[0].shape
        (2, 500, 10)
    """

    def __init__(self):
        self._kept: dict[tuple, tuple] = {}

    def run(self, timesteps: Timesteps) -> tuple[dict, list]:
        """The memory after the last timestep, and the outputs of all timesteps, as from `in_plain_loop`."""
        loop = _Loop.of(timesteps)
        now = as_it_is(timesteps)
        before, run = self._kept.get(loop, (None, None))
        if before != now:
            run = TwoWays(loop)
            self._kept[loop] = now, run
        return run(_tensors(timesteps))


@dataclass(frozen=True)
class _Loop:
    """What there is to say of a call but its tensors.

    Attributes:
        layer: the layer.
        training, emit_outputs: as in `Timestep`.
        masked: for each tensor that the step reads whether it has a Keras mask, or None.
    """

    layer: object
    training: bool | None
    emit_outputs: bool
    masked: tuple | None

    @classmethod
    def of(cls, timesteps):
        layer, timestep = timesteps.layer, timesteps.timestep
        masked = timestep.masks and tuple(mask is not None for mask in timestep.masks)
        return cls(layer, timestep.training, timestep.emit_outputs, masked)

    def __call__(self, tensors: dict, as_it_comes: bool):
        """Run the loop on these `_tensors`: in a graph, or with each operation as it comes."""
        layer, sequences = self.layer, tensors["sequences"]
        inputs = tensors["inputs"] if layer.decode else sequences["inputs"]
        masks, step = iter(tensors["masks"]), layer.description
        timestep = Timestep(
            step,
            tensors["constants"],
            training=self.training,
            masks=self.masked and [next(masks) if is_masked else None for is_masked in self.masked],
            zero_masked=layer.zero_output_for_mask,
            emit_outputs=self.emit_outputs,
            of_sequence=OfSequence(tensors["values"]),
        )
        batch, steps = (shape_of(x)[0] or ops.shape(x)[0] for x in (inputs[0], tensors["clock"]))
        given = replace(NOTHING, inputs=inputs, constants=tensors["constants"])
        timesteps = Timesteps(layer, given, tensors["first"], sequences, timestep, steps, batch)
        with replaced(list(zip(step.variables, tensors["weights"], strict=True)), step.variables):
            return in_plain_loop(timesteps, unroll=as_it_comes)


NOTHING = Arguments([], [], [], [], [], None, None, None, None)


def _tensors(timesteps) -> dict:
    # In place of weights that a sequence changes stand the changed ones.
    timestep, layer = timesteps.timestep, timesteps.layer
    changed = {id(weight): tensor for weight, tensor in timestep.of_sequence.weights}
    return {
        "first": timesteps.first,
        "sequences": timesteps.sequences,
        # As many zeros as timesteps: a decoder has no other tensor to tell them.
        "clock": ops.zeros((timesteps.steps,), "bool"),
        "inputs": timesteps.given.inputs if layer.decode else [],
        "constants": timestep.constants,
        "masks": [mask for mask in timestep.masks or [] if mask is not None],
        "values": timestep.of_sequence.values,
        "weights": [changed.get(id(v), v) for v in timesteps.step.variables],
    }
