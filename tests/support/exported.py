"""Every recurrent layer of the tests' tables with a call of it, for what is written out of a layer."""

import keras
import numpy as np
from keras import Input, layers, ops

from rshop import GRUCell, LSTMCell, RecurrentModel, attention
from rshop.cells import AttentionCell
from rshop.step.graph import Graph
from rshop.tracing.check_layer import is_both_ways, only_layer
from tests.support import cells, steps
from tests.support.models import MODELS, example
from tests.support.sequentials import stack
from tests.support.steps_at_random import random_rnn
from tests.support.wrapped import WRAPPERS

RANDOM_STEPS = range(40)


def arrays(value):
    """The same structure with NumPy arrays for tensors; None stays."""
    as_array = lambda a: None if a is None else np.asarray(ops.convert_to_numpy(a))  # noqa: E731
    return keras.tree.map_structure(as_array, value)


def of_model(name):
    """The layer of one of `MODELS`, and the arguments that reach it there."""
    model, inputs = example(name)
    layer = model.layers[1] if name == "one_layer_used_twice" else only_layer(model)
    graph = Graph(model)
    node = next(n for n in graph.nodes if n.operation is layer)
    found = keras.Model(graph.inputs, node.inputs)(inputs)
    values = iter(arrays(keras.tree.flatten(found)))
    args, kwargs = keras.tree.map_structure(
        lambda a: next(values) if isinstance(a, keras.KerasTensor) else a, (node.args, node.kwargs)
    )
    call = {
        k: v for k, v in kwargs.items() if v is not None and k not in ("training", "ground_truth", "mask")
    }
    if name == "masked_ids_embedded_inside_and_outside":
        call["mask"] = [inputs[0] != 0, None]
    return layer, args[0], call


def of_step(step, readouts=(), **options):
    layer = step.layer(return_sequences=True, **options)
    rng = np.random.default_rng(3)
    size = [t.shape for t in keras.tree.flatten(layer.description.inputs)][0]
    x = rng.normal(size=(2, *(() if options.get("decode") else (4,)), *[n or 5 for n in size[1:]]))
    return layer, x.astype("float32"), {}


def _randomized(made):
    layer, x, call = made
    rng = np.random.default_rng(5)
    layer(x, **call)
    for weight in layer.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    return layer, x, call


def of_seed(seed):
    options = [{}, {"go_backwards": True}, {"zero_output_for_mask": True}, {"teacher_force": 0.5}][seed % 4]
    rnn, inputs, _, constants, readouts = random_rnn(seed, **options)
    rng = np.random.default_rng(seed)
    draw = lambda *shape: rng.normal(size=shape).astype("float32")  # noqa: E731
    x = [draw(2, 5, 3) for _ in range(inputs)]
    call = {"constants": [draw(2, 3)]} if constants else {}
    call |= {"initial_readout": draw(2, 3)} if readouts and seed % 2 else {}
    return rnn, x, call


def attending(kind, masked_input=False):
    """A step that attends over a memory, which may have a mask."""
    m, h = Input((5, 3), name="memory"), Input((3,), name="h")
    query = layers.Reshape((1, 3))(h)
    seen = kind([query, m]) if kind is not None else layers.GlobalAveragePooling1D()(m)
    x = Input((3,), name="x")
    n = layers.Dense(3, activation="tanh")(layers.Concatenate()([x, h, layers.Flatten()(seen)]))
    rnn = RecurrentModel(x, n, h, n, constants=m, return_sequences=True)
    rng = np.random.default_rng(2)
    draw = lambda *shape: rng.normal(size=shape).astype("float32")  # noqa: E731
    mask = np.array([[True, True, False, False, False], [True] * 5])
    return rnn, draw(2, 4, 3), {"constants": draw(2, 5, 3), "constants_mask": mask}


def pooled_decoder():
    layer = steps.pooled().layer(decode=True, output_length=4)
    x = np.random.default_rng(2).normal(size=(2, 5, 2)).astype("float32")
    return layer, x, {"mask": np.array([[True, True, False, False, False], [True] * 5])}


def ids_masked_inside():
    """Token ids as a constant; an embedding in the step makes a mask of them, which an LSTM reads."""
    ids, x, h = Input((5,), dtype="int32", name="ids"), Input((3,), name="x"), Input((3,), name="h")
    read = layers.LSTM(3)(layers.Embedding(6, 3, mask_zero=True)(ids))
    n = ops.tanh(x + h + read)
    rnn = RecurrentModel(x, n, h, n, constants=ids, return_sequences=True)
    x = np.random.default_rng(2).normal(size=(2, 4, 3)).astype("float32")
    return rnn, x, {"constants": np.array([[3, 1, 2, 0, 0], [1, 5, 5, 2, 1]], "int32")}


def each_timestep(mask=False):
    """`TimeDistributed` in a step, over a memory that an inner loop then reads."""
    m, h = Input((5, 3), name="memory"), Input((4,), name="h")
    read = layers.GRU(4)(layers.TimeDistributed(layers.Dense(2, activation="relu"))(m))
    rnn = RecurrentModel(m, read + h, h, 0.5 * h + read, decode=True, output_length=3)
    x = np.random.default_rng(2).normal(size=(2, 5, 3)).astype("float32")
    return rnn, x, {"mask": np.array([[True, True, False, False, False], [True] * 5])} if mask else {}


def wrapped(layer, shape=(6,), mask=False):
    """A layer of Keras in a step."""
    x = Input(shape, name="x")
    y = layer(x)
    h = Input(y.shape[1:], name="h")
    n = ops.tanh(y) + 0.5 * h
    rnn = RecurrentModel(x, n, h, n, return_sequences=True)
    return rnn, np.random.default_rng(2).normal(size=(2, 4, *shape)).astype("float32"), {}


def function(call, shape=(6,)):
    """A function of one tensor in a step."""
    x, h = Input(shape, name="x"), Input(shape, name="h")
    n = ops.tanh(h) + x
    rnn = RecurrentModel(x, call(n), h, n, return_sequences=True)
    return rnn, np.random.default_rng(2).normal(size=(2, 4, *shape)).astype("float32"), {}


class Scaled(layers.Layer):
    """A user's own layer, whose call is made of operations: a weight, a row of one, and a mask."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), name="scale", initializer="uniform")
        self.rows = self.add_weight(shape=(2, shape[-1]), name="rows", initializer="uniform")

    def call(self, x, training=None):
        first, second = ops.unstack(ops.convert_to_tensor(self.rows))
        x = x * self.scale + first
        return ops.where(x > 0, x, second * ops.exp(x))


def shared_model():
    """A nested model that is used twice, with names that Python keeps for itself."""
    a, b = Input((3,), name="lambda"), Input((3,), name="weights")
    inner = keras.Model([a, b], [ops.tanh(layers.Dense(3, name="class")(a) * b), a - b], name="sigmoid")
    x, h = Input((3,), name="np"), Input((3,), name="step")
    u, v = inner([x, h])
    u, v = inner([v, u])
    rnn = RecurrentModel(x, layers.Dense(2, name="run")(u), h, v, return_sequences=True)
    return rnn, np.random.default_rng(2).normal(size=(2, 4, 3)).astype("float32"), {}


ACTIVATIONS = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
]
LAYERS = {
    "conv1d": lambda: wrapped(layers.Conv1D(2, 3, strides=2, padding="same"), (6, 2)),
    "conv1d_causal": lambda: wrapped(layers.Conv1D(2, 2, dilation_rate=2, padding="causal"), (6, 2)),
    "conv2d_groups": lambda: wrapped(layers.Conv2D(4, (2, 3), groups=2, activation="relu"), (5, 6, 4)),
    "max_pool": lambda: wrapped(layers.MaxPooling2D(2, padding="same"), (5, 5, 2)),
    "average_pool": lambda: wrapped(layers.AveragePooling1D(3, strides=2, padding="same"), (6, 2)),
    "layer_norm": lambda: wrapped(layers.LayerNormalization()),
    "layer_norm_of_two_axes": lambda: wrapped(layers.LayerNormalization(axis=(1, 2)), (3, 4)),
    "rms_norm": lambda: wrapped(layers.RMSNormalization()),
    "batch_norm": lambda: wrapped(layers.BatchNormalization()),
    "unit_norm": lambda: wrapped(layers.UnitNormalization()),
    "heads": lambda: wrapped(_heads(), (4, 3)),
    "einsum_dense": lambda: wrapped(layers.EinsumDense("abc,cd->abd", (4, 5), bias_axes="d"), (4, 3)),
    "prelu": lambda: wrapped(layers.PReLU(alpha_initializer="uniform")),
    "permute": lambda: wrapped(layers.Permute((2, 1)), (3, 4)),
    "repeat": lambda: wrapped(layers.RepeatVector(3)),
    "own": lambda: wrapped(Scaled()),
    "bidirectional": lambda: wrapped(layers.Bidirectional(layers.LSTM(3, return_sequences=True)), (5, 2)),
    "bidirectional_sum": lambda: wrapped(layers.Bidirectional(layers.GRU(3), merge_mode="ave"), (5, 2)),
    "stacked": lambda: wrapped(
        layers.RNN([layers.LSTMCell(3), layers.GRUCell(2, reset_after=False)], go_backwards=True), (5, 2)
    ),
    "loop_in_a_step": lambda: wrapped(
        stack(LSTMCell, GRUCell, readout="concat", go_backwards=True, state_initializer="ones"), (5, 2)
    ),
    "dense_of_many": lambda: wrapped(layers.Dense(2, activation="softmax"), (4, 3)),
    "masking": lambda: wrapped(keras.Sequential([layers.Masking(), layers.GRU(2)]), (5, 2)),
    "additive_attention": lambda: attending(layers.AdditiveAttention()),
    "attention": lambda: attending(layers.Attention(use_scale=True)),
    "attention_concat": lambda: attending(layers.Attention(score_mode="concat")),
    "memory_pooled": lambda: attending(None),
    "decoder_of_a_masked_input": pooled_decoder,
    "ids_masked_inside": ids_masked_inside,
    "each_timestep": each_timestep,
    "each_timestep_masked": lambda: each_timestep(True),
    "shared_model": shared_model,
    **{f"activation_{name}": lambda name=name: wrapped(layers.Activation(name)) for name in ACTIVATIONS},
}
FUNCTIONS = {
    "slices": lambda n: ops.concatenate([n[:, ::2], n[:, -3:], n[..., None][:, 0]], axis=-1),
    "where": lambda n: ops.where(ops.logical_and(n > 0.1, n <= 0.9), n**2, -n / 3),
    "reduced": lambda n: (
        ops.mean(n, -1, keepdims=True) + ops.logsumexp(n, -1, keepdims=True) - ops.max(n, 1, keepdims=True)
    ),
    "shaped": lambda n: ops.transpose(ops.reshape(n, (-1, 2, 3)), (0, 2, 1)),
    "einsum": lambda n: ops.einsum("bi,bj->bij", n, ops.flip(n, axis=1)),
    "picked": lambda n: ops.take(n, ops.array([0, 2, 2]), axis=1) * np.array([1.0, 0.0, -2.0], "float32"),
    "one_hot": lambda n: ops.one_hot(ops.argmax(n, axis=-1), 6) * n,
    "precedence": lambda n: -((n - (n - 1)) ** 2) * (2 - n) / (n * (n + 4.5) ** 2 / -2.0) - -n,
    "split": lambda n: sum(ops.split(n, [1, 3], axis=-1)[1:2], ops.split(n, 3, axis=-1)[0]),
    "integers": lambda n: (
        0.5 * ops.cast(ops.cast(n * 3, "int32") // 2, "float32") + ops.argmax(n, -1)[:, None]
    ),
    "norm": lambda n: (
        ops.sqrt(ops.sum(ops.square(n), axis=1, keepdims=True)) * ops.sign(n) + ops.clip(n, -0.1, 0.2)
    ),
    "stacked": lambda n: ops.squeeze(ops.stack([n, ops.roll(n, 1, axis=1)], axis=1)[:, :1], axis=1),
}


def _heads():
    x = Input((4, 3))
    return keras.Model(x, layers.MultiHeadAttention(2, 3)(x, x))


#: Places of the memory of the attentions; of the first sample two are padding.
PLACES = np.array([[1, 1, 0, 1, 1, 0], [1, 1, 1, 1, 1, 1]], bool)
ATTENTIONS = {
    "dot": lambda: attention.DotAttention(),
    "general": lambda: attention.GeneralAttention(),
    "additive": lambda: attention.AdditiveAttention(5),
    "heads": lambda: attention.MultiHeadAttention(2, 3),
    "location": lambda: attention.LocationAttention(5, filters=2, kernel_size=3),
    "window": lambda: attention.WindowAttention(3),
}


def of_attention(kind, masked, **how):
    """A cell that looks into a memory, which may have padding."""
    rnn = AttentionCell(LSTMCell(4), ATTENTIONS[kind](), **how).get_layer(return_sequences=True)
    x, memory = cells.draws(2, 4, 3), cells.draws(2, 6, 4, seed=1)
    return rnn, x, {"constants": memory, **({"constants_mask": PLACES} if masked else {})}


def of_wrapper(name):
    """A wrapped LSTM cell, as it computes in inference."""
    return WRAPPERS[name](LSTMCell(3)).get_layer(return_sequences=True), cells.draws(2, 4, 3), {}


def table():
    """name -> a function that makes `(layer, x, call)`."""
    made = {name: lambda name=name: of_model(name) for name in MODELS}
    for name in ("accumulator", "decay", "counter", "pure_readout", "counting_readout", "ten_plus_readout"):
        made[f"step_{name}"] = lambda name=name: of_step(getattr(steps, name)())
    made["step_logged"] = lambda: of_step(steps.logged_readout())
    made["step_summing"] = lambda: of_step(steps.summing_readout())
    made["step_two_readouts"] = lambda: of_step(steps.two_readouts())
    made["step_two_readouts_by_key"] = lambda: of_step(steps.two_readouts(True))
    made["step_dense"] = lambda: of_step(steps.dense(readout=3))
    made["step_tokens"] = lambda: of_step(steps.tokens())
    made["cell_accumulator"] = lambda: (cells.accumulator(3), np.ones((2, 4, 3), "float32"), {})
    made["cell_simple_step"] = lambda: (
        RecurrentModel(**cells.simple_step(readout=False)[0]), cells.draws(2, 6, 5), {}
    )  # fmt: skip
    made |= {f"random_{seed}": lambda seed=seed: of_seed(seed) for seed in RANDOM_STEPS}
    made |= {f"layer_{name}": make for name, make in LAYERS.items()}
    for kind in ATTENTIONS:
        made[f"attention_{kind}"] = lambda kind=kind: of_attention(kind, masked=False)
        made[f"attention_{kind}_padded"] = lambda kind=kind: of_attention(kind, masked=True, feed="both")
    # A reset reads the first state of the call: it is refused.
    made |= {f"wrapped_{name}": lambda name=name: of_wrapper(name) for name in WRAPPERS if name != "reset"}
    made |= {f"function_{name}": lambda call=call: function(call) for name, call in FUNCTIONS.items()}
    return {name: lambda make=make: _randomized(make()) for name, make in made.items()}


def variants(layer, x, call):
    """The call, and where it can have them: with a mask over time and first states of its own."""
    if is_both_ways(layer):
        return [call, {"mask": np.array([[True, False, True, False], [True] * 4])}]
    rng = np.random.default_rng(11)
    steps_given = keras.tree.flatten(x)[0].shape[1]
    places = PLACES.shape[1]  # a state as long as the memory
    shapes = [[places if n is None else n for n in t.shape[1:]] for t in layer.description.states]
    types = [t.dtype for t in layer.description.states]
    states = [rng.normal(size=(2, *s)).astype(dtype) for s, dtype in zip(shapes, types, strict=True)]
    more = {}
    if states and "initial_state" not in call:
        more["initial_state"] = states
    if not layer.decode and "mask" not in call:
        more["mask"] = rng.random((2, steps_given)) < 0.6
    return [call, {**call, **more}] if more else [call]
