"""The loop that takes any step: one timestep after the other, with whatever its layers do."""

from keras import ops

from rshop.backend import scan
from rshop.call.added_losses import adds_losses
from rshop.call.first_memory import first_parts
from rshop.call.timesteps import Timesteps
from rshop.step.masks import silence
from rshop.structure import flat, tree


def in_plain_loop(timesteps: Timesteps, *, unroll: bool) -> tuple[dict, list]:
    """Run the timesteps of a call in the loop that takes any step.

    Example:
        >>> memory, emitted = in_plain_loop(Timesteps.of(rnn, arguments), unroll=False)
        >>> memory["states"][0].shape, emitted[0].shape
        ((2, 10), (2, 7, 10))

    Args:
        timesteps: of the call.
        unroll: lay them out one by one, in place of a loop.

    Returns:
        The memory after the last timestep (see `Timestep`), and the outputs of all timesteps, each
        `(batch, time, ...)`, where the layer returns them.
    """
    layer, given, first, now = timesteps.layer, timesteps.given, timesteps.first, timesteps.sequences
    timestep = timesteps.knowing_constants().timestep
    if now["mask"]:
        now = {**now, "inputs": [silence(now["mask"][0], x) for x in now["inputs"]]}
    fixed = {"inputs": given.inputs} if layer.decode else {}
    # Laid out one by one, the timesteps leave their losses where Keras finds them; with changed weights not.
    parts, changes = first_parts(layer, given, first), timestep.of_sequence.weights
    if (changes or not unroll) and adds_losses(timestep.step, parts, timestep.training, timestep.masks):
        first = {**first, "losses": [ops.zeros((), "float32")]}
    memory, emitted = scan(
        lambda memory, values: timestep(memory, {**tree.pack_sequence_as(now, values), **fixed}),
        first,
        flat(now),
        timesteps.steps,
        emits=flat(timestep.step.outputs) if timestep.emit_outputs else [],
        unroll=unroll,
    )
    for loss in memory.pop("losses", []):
        layer.add_loss(loss)
    return memory, emitted
