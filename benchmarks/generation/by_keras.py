"""Generation by hand with Keras: a Python loop over `predict`, and `tf.while_loop` in one graph."""

import keras
import numpy as np
import tensorflow as tf
from keras import Input, layers

from .tasks import END, Found, Start, Task

#: `predict` takes tens of milliseconds a token: so many are timed, and the time is scaled to all.
PREDICTED = 20


class PredictLoop:
    """A model of one timestep, its states handed in and out, and `predict` for each token; greedy alone.

    Example:
        >>> PredictLoop(TASKS["greedy"], start(TASKS["greedy"])).run().tokens.shape
        (1, 20)
    """

    def __init__(self, task: Task, given: Start):
        self.length, self._given = min(task.length, PREDICTED), given
        last, h, c = Input((1,), dtype="int32"), Input((task.units,)), Input((task.units,))
        lstm = layers.LSTM(task.units, return_state=True)
        y, *after = lstm(layers.Embedding(task.tokens, task.embedding)(last), initial_state=[h, c])
        self._model = keras.Model([last, h, c], [layers.Dense(task.tokens)(y), *after])
        self._model.set_weights(given.weights)

    def run(self) -> Found:
        """Generate once."""
        tokens, score, said = self._given.first, 0.0, []
        h, c = self._given.states
        for _ in range(self.length):
            logits, h, c = self._model.predict([tokens[:, None], h, c], verbose=0)
            tokens = logits.argmax(axis=-1).astype("int32")
            best = logits.max(axis=-1)
            score = score - np.log(np.exp(logits - best[:, None]).sum(axis=-1))
            said.append(tokens)
        return Found(np.stack(said, axis=1), score[:, None])


class WhileLoop:
    """One graph with `tf.while_loop` around cells of Keras: greedy, or a beam search.

    Example:
        >>> WhileLoop(TASKS["beam"], start(TASKS["beam"])).run().scores.shape
        (32, 5)

    Args:
        task, given: what is generated, and from what.
        jit: let XLA compile it.
    """

    def __init__(self, task: Task, given: Start, jit: bool = False):
        self.length, self._task = task.length, task
        self._embed = layers.Embedding(task.tokens, task.embedding)
        self._cell, self._logits = layers.LSTMCell(task.units), layers.Dense(task.tokens)
        self._join = layers.Dense(task.units, activation="tanh", use_bias=False)
        self._embed.build((None,))
        self._cell.build((None, task.embedding))
        self._logits.build((None, task.units))
        self._join.build((None, 2 * task.units))
        parts = (self._embed, self._cell, self._logits, *([self._join] if task.places else []))
        made = [weight for part in parts for weight in part.trainable_weights]
        for variable, value in zip(made, given.weights, strict=True):
            variable.assign(value)
        self._given = [tf.constant(value) for value in (given.first, *given.states)]
        # The beams of a sample read one memory, `(batch, places, units)`.
        self._memory = None if given.memory is None else tf.constant(given.memory)
        search = self._greedy if task.width == 1 else self._beams
        self._run = tf.function(search, jit_compile=jit)

    def run(self) -> Found:
        """Generate once."""
        tokens, scores = self._run(*self._given)
        return Found(tokens.numpy(), scores.numpy())

    def _step(self, tokens, h, c):
        y, (h, c) = self._cell(self._embed(tokens), [h, c])
        if self._memory is not None:
            query = tf.reshape(y, (len(self._memory), -1, self._task.units))
            weights = tf.nn.softmax(tf.matmul(query, self._memory, transpose_b=True))
            context = tf.reshape(tf.matmul(weights, self._memory), y.shape)
            y = self._join(tf.concat([context, y], axis=-1))
        return self._logits(y), h, c

    def _greedy(self, first, h, c):
        said = tf.TensorArray("int32", self.length, element_shape=first.shape)

        def body(t, tokens, h, c, score, said):
            logits, h, c = self._step(tokens, h, c)
            tokens = tf.argmax(logits, axis=-1, output_type="int32")
            score -= tf.reduce_logsumexp(logits - tf.reduce_max(logits, axis=-1, keepdims=True), axis=-1)
            return t + 1, tokens, h, c, score, said.write(t, tokens)

        start = (0, first, h, c, tf.zeros(first.shape), said)
        *_, score, said = tf.while_loop(lambda t, *_: t < self.length, body, start)
        return tf.transpose(said.stack()), score[:, None]

    def _beams(self, first, h, c):
        batch, width, vocabulary = first.shape[0], self._task.width, self._task.tokens
        impossible = tf.constant(-np.inf, "float64")
        # An ended sequence has one continuation, at no cost: its end once more.
        stay = tf.where(tf.range(vocabulary) == END, tf.zeros((), "float64"), impossible)
        only = tf.where(tf.range(width) == 0, tf.zeros((), "float64"), impossible)
        tokens, h, c = (tf.repeat(value, width, axis=0) for value in (first, h, c))
        places = tf.range(self.length)
        offset = tf.range(batch)[:, None] * width

        def body(t, tokens, h, c, score, ended, said):
            logits, h, c = self._step(tokens, h, c)
            log_p = tf.reshape(tf.nn.log_softmax(logits), (batch, width, vocabulary))
            # Sums in 64 bits, as rshop's: near ties fall alike.
            log_p = tf.where(ended[..., None], stay, tf.cast(log_p, "float64"))
            total = tf.reshape(score[..., None] + log_p, (batch, width * vocabulary))
            score, place = tf.math.top_k(total, width)
            token = place % vocabulary
            parent = tf.reshape(place // vocabulary + offset, (-1,))
            ended = tf.reshape(tf.gather(tf.reshape(ended, (-1,)), parent), (batch, width))
            ended = tf.logical_or(ended, token == END)
            tokens = tf.reshape(token, (-1,))
            said = tf.where(places == t, tokens[:, None], tf.gather(said, parent))
            return t + 1, tokens, tf.gather(h, parent), tf.gather(c, parent), score, ended, said

        def go_on(t, tokens, h, c, score, ended, said):
            return tf.logical_and(t < self.length, tf.logical_not(tf.reduce_all(ended)))

        start = (
            *(0, tokens, h, c, tf.tile(only[None], (batch, 1)), tf.zeros((batch, width), "bool")),
            tf.fill((batch * width, self.length), END),
        )
        *_, score, _, said = tf.while_loop(go_on, body, start)
        return tf.reshape(said, (batch, width, self.length))[:, 0], score
