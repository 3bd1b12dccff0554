"""Generation as a user of rshop writes it."""

from keras import Input, layers

from rshop import LSTMCell, RecurrentModel, generate
from rshop.attention import DotAttention

from .tasks import END, Found, Start, Task


class Rshop:
    """`rshop.generate`, and with `jit_compile=True`.

    Example:
        >>> Rshop(TASKS["greedy"], start(TASKS["greedy"])).run().tokens.shape
        (1, 1000)
    """

    def __init__(self, task: Task, given: Start, jit: bool = False):
        self.length, self._given = task.length, given
        unread, last = Input((1,)), Input((), dtype="int32", name="last")
        h, c = Input((task.units,), name="h"), Input((task.units,), name="c")
        embed, cell = layers.Embedding(task.tokens, task.embedding), LSTMCell(task.units)
        logits = layers.Dense(task.tokens)
        y, *after = cell([embed(last), h, c])
        parts, how = [embed, cell, logits], {"decode": True, "output_length": task.length}
        if task.places:
            memory = Input((task.places, task.units), name="memory")
            context, _ = DotAttention()(y, memory)
            join = layers.Dense(task.units, activation="tanh", use_bias=False)
            y = join(layers.Concatenate()([context, y]))
            parts, how = [*parts, join], {**how, "constants": memory}
        self._rnn = RecurrentModel(unread, logits(y), [h, c], after, readout_input=last, **how)
        made = [weight for part in parts for weight in part.trainable_weights]
        for variable, value in zip(made, given.weights, strict=True):
            variable.assign(value)
        self._options = {"initial_state": given.states, "initial_readout": given.first, "from_logits": True}
        self._options |= {"jit_compile": jit, "constants": given.memory}
        if task.width > 1:
            self._options |= {"strategy": "beam", "beam_width": task.width, "end_token": END}

    def run(self) -> Found:
        """Generate once."""
        found = generate(self._rnn, self.length, **self._options)
        return Found(found.tokens, found.scores[:, None] if found.beams is None else found.beam_scores)
