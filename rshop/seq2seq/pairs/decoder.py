"""The decoder, which reads what it said last, and its twin for known targets, which reads them as inputs."""

import keras
from keras import layers

from rshop.cells.wrappers.attention_cell import AttentionCell
from rshop.layers.base import RecurrentLayer
from rshop.layers.model import RecurrentModel
from rshop.layers.stack_graph import chain, stack_state_names
from rshop.seq2seq.parts import cell_from
from rshop.step.describe.describe_step import describe_step

#: What an attention carries from timestep to timestep: nothing that an encoder could hand over.
_OF_ATTENTION = ("context", "alignment", "kappa")


def make_decoder(
    prototype: dict,
    *,
    depth: int,
    tokens,
    embedding,
    features,
    mode: str,
    attention,
    memory_size: int,
    summary_size: int,
    teacher_force,
) -> RecurrentModel:
    """A layer that decodes: token (or vector) for token, the last one fed back.

    Args:
        prototype: the config of a cell.
        depth: the number of cells; the first one has the attention.
        tokens, embedding: as in `make_encoder`; without `tokens` it returns vectors of `features` numbers.
        mode: `"attention"`, `"peek"` or `"state"`.
        attention: a layer of `rshop.attention`.
        memory_size, summary_size: the features of the memory, and of what `"peek"` sees at each timestep.
        teacher_force: as in `RecurrentModel`.
    """
    if tokens:
        last = keras.Input((), dtype="int32", name="last_token")
        seen = layers.Embedding(tokens, embedding, name="embedding")(last)
    else:
        last = seen = keras.Input((features,), name="last_output")
    summary = keras.Input((summary_size,), name="summary")
    if mode == "peek":
        seen = layers.Concatenate(name="seen")([seen, summary])
    cells = [cell_from(prototype, f"cell_{i}") for i in range(depth)]
    if mode == "attention":
        cells[0] = AttentionCell(cells[0], attention, "both", "old", name="attention_cell")
    taken = {last.name, summary.name, "embedding", "seen", "logits", *(cell.name for cell in cells)}
    made = chain(cells, seen, taken, constant_shapes=[(None, None, memory_size)])
    y = layers.Dense(tokens or features, name="logits" if tokens else "output")(made.y)
    step = describe_step(
        summary,
        y,
        states=made.states,
        next_states=made.next_states,
        readouts=last,
        constants=made.constants.tensors or None,
        state_names=stack_state_names(cells, state_sync=False),
        lengths=made.constants.lengths,
        unused_inputs=True,
    )
    options = {"teacher_force": teacher_force, "decode": True, "output_length": 1}
    return RecurrentModel(step, None, name="decoder", **options)


def states_to_bridge(decoder: RecurrentLayer) -> dict[str, keras.KerasTensor]:
    """The states that an encoder can hand over, by name: vectors that are no part of an attention."""
    step = decoder.description
    pairs = zip(step.state_names, step.states, strict=True)
    return {
        name: t
        for name, t in pairs
        if name.rpartition("/")[2] not in _OF_ATTENTION and len(t.shape) == 2 and t.shape[-1] is not None
    }
