"""Layers that make a vector of the last output of tokens: what stands between an output and a readout."""

import keras
from keras import ops

from rshop.checks import check_count, check_number, check_seed, check_switch


class TokenReadout(keras.layers.Layer):
    """The embedding of an output over tokens, `(..., tokens) -> (..., units)`; its subclasses choose tokens.

    An output is logits, or probabilities: a row that has no negative number and sums to 1 is taken as
    probabilities, so that a one-hot (the truth of teacher forcing, a token of `generate`) is that token
    exactly. The zeros that a first timestep reads are logits of equally likely tokens: `ArgmaxEmbedding` and
    `StraightThroughEmbedding` take token 0, `SoftEmbedding` the mean of all, `SampleEmbedding` and
    `GumbelSoftmaxEmbedding` draw one at random. `initial_readout=` says with which token to begin; without
    it what follows a random first token cannot be scored again.

    Example:
        A decoder that reads the embedding of its last token::

            >>> reads = {"readout": "readout_only", "readout_activation": ArgmaxEmbedding(8)}
            >>> rnn = RecurrentSequential(decode=True, output_length=7, **reads)
            >>> rnn.add(GRUCell(16)); rnn.add(keras.layers.Dense(30))
            >>> rnn(np.zeros((2, 1))).shape
            (2, 7, 30)

    Args:
        units: the size of the embedding.
        embeddings_initializer, embeddings_regularizer, embeddings_constraint: of the embeddings
            `(tokens, units)`, as in `keras.layers.Embedding`.
        **layer_kwargs: `name`, `dtype`, `trainable`.

    Raises:
        TypeError, ValueError: an option out of its range.
    """

    def __init__(
        self,
        units: int,
        *,
        embeddings_initializer="uniform",
        embeddings_regularizer=None,
        embeddings_constraint=None,
        **layer_kwargs,
    ):
        self.units = check_count("units", units, "size of the embedding")
        super().__init__(**layer_kwargs)
        self.embeddings_initializer = keras.initializers.get(embeddings_initializer)
        self.embeddings_regularizer = keras.regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = keras.constraints.get(embeddings_constraint)

    def build(self, input_shape):
        """Make the embeddings, one for each number of the output."""
        self.embeddings = self.add_weight(
            shape=(input_shape[-1], self.units),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            name="embeddings",
        )

    def call(self, y):
        """The embedding of the tokens that are chosen from `y`."""
        y = ops.cast(y, "float32")
        sums_to_one = ops.abs(ops.sum(y, axis=-1, keepdims=True) - 1.0) < 1e-3
        known = ops.logical_and(sums_to_one, ops.all(y >= 0.0, axis=-1, keepdims=True))
        return ops.matmul(ops.cast(self.shares(y, known), self.compute_dtype), self.embeddings)

    def shares(self, y, known):
        """How much of each token is in the embedding, `(..., tokens)`.

        Args:
            y: the outputs `(..., tokens)`.
            known: booleans `(..., 1)`: whether a row holds probabilities; else it holds logits.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say which tokens it embeds.")

    def compute_output_shape(self, input_shape):
        """`(..., tokens) -> (..., units)`."""
        return (*input_shape[:-1], self.units)

    def get_config(self):
        """The options as plain JSON values."""
        return {
            **super().get_config(),
            "units": self.units,
            "embeddings_initializer": keras.initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": keras.regularizers.serialize(self.embeddings_regularizer),
            "embeddings_constraint": keras.constraints.serialize(self.embeddings_constraint),
        }


@keras.saving.register_keras_serializable(package="rshop")
class ArgmaxEmbedding(TokenReadout):
    """The embedding of the likeliest token. No gradient reaches the output, only the embeddings.

    Example:
        >>> ArgmaxEmbedding(8)(np.array([[0.1, 2.0, -1.0]])).shape  # the embedding of token 1
        (1, 8)
    """

    def shares(self, y, known):
        """A one-hot of the likeliest token."""
        return _one_hot(y)


class _WithTemperature(TokenReadout):
    def __init__(self, units: int, *, temperature: float = 1.0, **options):
        self.temperature = check_number("temperature", temperature, "what logits are divided by", above=0)
        super().__init__(units, **options)

    def log_p(self, y, known):
        """Logits, divided by the temperature; log-probabilities where they are known."""
        positive = ops.where(y > 0.0, y, ops.ones_like(y))
        log_y = ops.where(y > 0.0, ops.log(positive), -1e30 * ops.ones_like(y))
        return ops.where(known, log_y, y / self.temperature)

    def get_config(self):
        """The options as plain JSON values."""
        return {**super().get_config(), "temperature": self.temperature}


@keras.saving.register_keras_serializable(package="rshop")
class SoftEmbedding(_WithTemperature):
    """The mean of all embeddings, each with the probability of its token; gradients reach everything.

    Example:
        >>> SoftEmbedding(8, temperature=0.5)(np.array([[0.1, 2.0, -1.0]])).shape
        (1, 8)

    Args:
        units: the size of the embedding.
        temperature: what logits are divided by before the softmax.
        **options: those of `TokenReadout`.
    """

    def shares(self, y, known):
        """The probabilities."""
        return ops.where(known, y, ops.softmax(y / self.temperature, axis=-1))


@keras.saving.register_keras_serializable(package="rshop")
class StraightThroughEmbedding(_WithTemperature):
    """The embedding of the likeliest token, with the gradient of `SoftEmbedding`.

    Example:
        >>> StraightThroughEmbedding(8)(np.array([[0.1, 2.0, -1.0]])).shape
        (1, 8)

    Args:
        units: the size of the embedding.
        temperature: of the softmax whose gradient is taken.
        **options: those of `TokenReadout`.

    Source:
        Y. Bengio et al., Estimating or propagating gradients through stochastic neurons, 2013.
    """

    def shares(self, y, known):
        """A one-hot of the likeliest token; its gradient is that of the probabilities."""
        return _straight_through(ops.where(known, y, ops.softmax(y / self.temperature, axis=-1)))


class _Drawing(_WithTemperature):
    def __init__(self, units: int, *, temperature: float = 1.0, seed: int | None = None, **options):
        check_seed(seed)
        super().__init__(units, temperature=temperature, **options)
        self.seed = seed
        self.draws = keras.random.SeedGenerator(seed)

    def noisy(self, y, known):
        """Log-probabilities with Gumbel noise: the largest is a sample of the distribution."""
        u = keras.random.uniform(ops.shape(y), minval=1e-7, maxval=1.0, seed=self.draws)
        return self.log_p(y, known) - ops.log(-ops.log(u))

    def get_config(self):
        """The options as plain JSON values."""
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable(package="rshop")
class SampleEmbedding(_Drawing):
    """The embedding of a token drawn from the output, anew at each call. No gradient reaches the output.

    Example:
        >>> SampleEmbedding(8, seed=0)(np.array([[0.1, 2.0, -1.0]])).shape
        (1, 8)

    Args:
        units: the size of the embedding.
        temperature: what logits are divided by.
        seed: of the draws, an int.
        **options: those of `TokenReadout`.
    """

    def shares(self, y, known):
        """A one-hot of the token that is drawn."""
        return _one_hot(self.noisy(y, known))


@keras.saving.register_keras_serializable(package="rshop")
class GumbelSoftmaxEmbedding(_Drawing):
    """The mean of all embeddings by a random distribution near to a sample; gradients reach everything.

    The colder, the nearer to a one-hot. The noise is drawn anew at each call.

    Example:
        >>> GumbelSoftmaxEmbedding(8, temperature=0.5, seed=0)(np.array([[0.1, 2.0, -1.0]])).shape
        (1, 8)

    Args:
        units: the size of the embedding.
        temperature: of the softmax over the noisy log-probabilities.
        hard: embed the largest alone, with the gradient of the softmax (straight-through).
        seed: of the draws, an int.
        **options: those of `TokenReadout`.

    Source:
        E. Jang, S. Gu and B. Poole, Categorical reparameterization with Gumbel-softmax, 2017.
    """

    def __init__(self, units: int, *, temperature: float = 1.0, hard: bool = False, **options):
        check_switch("hard", hard)
        super().__init__(units, temperature=temperature, **options)
        self.hard = hard

    def log_p(self, y, known):
        """Logits as they are: the temperature is that of the noisy softmax."""
        positive = ops.where(y > 0.0, y, ops.ones_like(y))
        return ops.where(known, ops.where(y > 0.0, ops.log(positive), -1e30 * ops.ones_like(y)), y)

    def shares(self, y, known):
        """The softmax of the noisy log-probabilities."""
        soft = ops.softmax(self.noisy(y, known) / self.temperature, axis=-1)
        return _straight_through(soft) if self.hard else soft

    def get_config(self):
        """The options as plain JSON values."""
        return {**super().get_config(), "hard": self.hard}


def _one_hot(values):
    return ops.one_hot(ops.argmax(values, axis=-1), values.shape[-1], dtype="float32")


def _straight_through(share):
    return share + ops.stop_gradient(_one_hot(share) - share)
