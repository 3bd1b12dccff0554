"""Small step graphs, each with the same step in NumPy, and the ways to run the layer around one."""

from collections.abc import Callable
from dataclasses import dataclass, field

import keras
import numpy as np
from keras import ops

from rshop import RecurrentModel
from tests.support.oracles import scan

CALLS = []


@keras.saving.register_keras_serializable("tests")
class CallLog(keras.layers.Layer):
    """The identity; every time its `call` runs in Python, `CALLS` grows by its name."""

    def call(self, x):
        CALLS.append(self.name)
        return x


@keras.saving.register_keras_serializable("tests")
class Gain(keras.layers.Layer):
    """Multiplies by one trainable weight that starts at 1: something to train, and nothing
    changes.
    """

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, shape):
        self.gain = self.add_weight(shape=(), initializer="ones", name="gain")

    def call(self, x):
        return x * self.gain


@keras.saving.register_keras_serializable("tests")
class MaskProbe(keras.layers.Layer):
    """Returns the mask that arrives with its input, 1 and 0; -1 everywhere without one."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def compute_mask(self, x, mask=None):
        return None

    def call(self, x, mask=None):
        here = ops.zeros_like(x[:, :, 0])
        return here - 1.0 if mask is None else here + ops.cast(mask, x.dtype)


@dataclass
class Step:
    """A step as `RecurrentModel` takes it, and `oracle(weights)`: the same step in NumPy."""

    kwargs: dict
    oracle: Callable
    layers: list = field(default_factory=list)

    def layer(self, **options):
        layer = RecurrentModel(**self.kwargs, **options)
        layer.time_is_known = bool(options.get("unroll") or options.get("decode"))
        return layer

    @property
    def weights(self):
        return [w for layer in self.layers for w in layer.get_weights()]

    @property
    def python(self):
        return self.oracle([w.astype("float64") for w in self.weights])

    def scan(self, x, **options):
        """`oracles.scan` of this step over one input, with the weights that it has now."""
        return scan(self.python, x if isinstance(x, list) else [x], **options)


def plain(step, **kwargs):
    """A Step without weights."""
    return Step(kwargs, lambda weights: step)


def accumulator(shape=(1,)):
    """n = h + x, y = n."""
    x, h = keras.Input(shape), keras.Input(shape, name="h")
    n = h + x
    return plain(lambda x, h: (x + h, x + h), input=x, output=n, initial_states=[h], final_states=[n])


def decay(shape=(1,)):
    """n = x + h / 2, y = n."""
    x, h = keras.Input(shape), keras.Input(shape, name="h")
    n = x + 0.5 * h
    return plain(lambda x, h: (x + h / 2, x + h / 2), input=x, output=n, initial_states=[h], final_states=[n])


def counter():
    """y = 10 x, h += 1: the output is not the state."""
    x, h = keras.Input((1,)), keras.Input((1,), name="h")
    return plain(
        lambda x, h: (10 * x, h + 1),
        input=x,
        output=10.0 * x,
        initial_states=[h],
        final_states=[h + 1.0],
    )


def pure_readout(shape=(1,)):
    """y = readout (and 0 x, since an input that reaches nothing is an error)."""
    x, r = keras.Input(shape), keras.Input(shape, name="r")
    return plain(lambda x, r: (r + 0 * x,), input=x, output=r + 0.0 * x, readout_input=r)


def counting_readout(shape=(1,)):
    """y = readout + 1 (and 0 x)."""
    x, r = keras.Input(shape), keras.Input(shape, name="r")
    return plain(lambda x, r: (r + 1 + 0 * x,), input=x, output=r + 1.0 + 0.0 * x, readout_input=r)


def ten_plus_readout(shape=(1,)):
    """y = 10 x + readout."""
    x, r = keras.Input(shape), keras.Input(shape, name="r")
    return plain(lambda x, r: (10 * x + r,), input=x, output=10.0 * x + r, readout_input=r)


def summing_readout(shape=(1,)):
    """h += readout, y = readout (and 0 x): what was fed shows in the state too."""
    x, h = keras.Input(shape), keras.Input(shape, name="h")
    r = keras.Input(shape, name="r")
    n = h + r
    return plain(
        lambda x, h, r: (r + 0 * x, h + r),
        input=x,
        output=r + 0.0 * x,
        initial_states=[h],
        final_states=[n],
        readout_input=r,
    )


def logged_readout():
    """y = readout (and 0 x) through a layer that notes every Python call in `CALLS`."""
    x, r = keras.Input((1,)), keras.Input((1,), name="r")
    gain, log = Gain(), CallLog(name="logged")
    return plain(lambda x, r: (r + 0 * x,), input=x, output=gain(log(r)) + 0.0 * x, readout_input=r)


def two_readouts(as_dict=False):
    """a = readout_a + x, b = 2 readout_b: two outputs, each fed back to its own readout."""
    x = keras.Input((1,))
    r, s = keras.Input((1,), name="r"), keras.Input((2,), name="s")
    outputs, readouts = [r + x, 2.0 * s], [r, s]
    if as_dict:
        outputs, readouts = {"a": r + x, "b": 2.0 * s}, {"a": r, "b": s}
    return plain(lambda x, r, s: (r + x, 2 * s), input=x, output=outputs, readout_input=readouts)


def dense(features=3, units=4, readout=None):
    """h = tanh(x W + b + h U [+ r V]), y = h P: weights, an output of another size than the
    state.
    """
    x, h = keras.Input((features,)), keras.Input((units,), name="h")
    outputs = readout or 2
    into = keras.layers.Dense(units, bias_initializer="random_normal")
    across = keras.layers.Dense(units, use_bias=False)
    out = keras.layers.Dense(outputs, use_bias=False)
    back = keras.layers.Dense(units, use_bias=False)
    total, inputs = into(x) + across(h), {}
    if readout:
        r = keras.Input((readout,), name="r")
        total, inputs = total + back(r), {"readout_input": r}
    n = keras.layers.Activation("tanh")(total)

    def oracle(weights):
        w, b, u, p, *v = weights

        def step(x, h, *r):
            h = np.tanh(x @ w + b + h @ u + (r[0] @ v[0] if r else 0))
            return h @ p, h

        return step

    kwargs = {"input": x, "output": out(n), "initial_states": [h], "final_states": [n], **inputs}
    return Step(kwargs, oracle, [into, across, out, *([back] if readout else [])])


def pooled(features=2, readout=True):
    """y = mean over the valid rows of a whole memory (time, features) [+ readout]: a step for
    decode.
    """
    x, r = keras.Input((None, features)), keras.Input((features,), name="r")
    mean = keras.layers.GlobalAveragePooling1D()(x)
    if not readout:
        return plain(lambda x: (x.mean(0),), input=x, output=mean)
    return plain(lambda x, r: (x.mean(0) + r,), input=x, output=mean + r, readout_input=r)


def tokens(vocabulary=5, units=6):
    """Logits of the next token from the embedded last one: y = tanh(E[r] + x W) P, r an integer
    id.
    """
    x, r = keras.Input((2,)), keras.Input((), dtype="int32", name="r")
    embed = keras.layers.Embedding(vocabulary, units, embeddings_initializer="glorot_normal")
    into = keras.layers.Dense(units, use_bias=False)
    out = keras.layers.Dense(vocabulary, use_bias=False)
    y = out(keras.layers.Activation("tanh")(embed(r) + into(x)))

    def oracle(weights):
        e, w, p = weights
        return lambda x, r: (np.tanh(e[r] + x @ w) @ p,)

    return Step({"input": x, "output": y, "readout_input": r}, oracle, [embed, into, out])


def row(*numbers):
    """(1, time, 1) float32: one sample of one feature."""
    return np.array(numbers, "float32").reshape(1, -1, 1)


def uniform(rng, *shape):
    return rng.uniform(-1, 1, shape).astype("float32")


def numpy(values):
    return keras.tree.map_structure(ops.convert_to_numpy, values)


def functional(layer, x, **call):
    """A Keras model around `layer` with an Input for every array; time stays open unless it has
    to be known.
    """
    known = getattr(layer, "time_is_known", False)
    is_sequence = {"x", "ground_truth", "mask"}

    def symbol(name, array):
        shape = list(array.shape[1:])
        if name in is_sequence and not known:
            shape[0] = None
        return keras.Input(shape, dtype=array.dtype.name)

    arguments = {"x": x, **call}
    symbols = {
        name: keras.tree.map_structure(lambda a, name=name: symbol(name, np.asarray(a)), value)
        for name, value in arguments.items()
    }
    inputs = keras.tree.flatten(symbols)
    y = layer(symbols.pop("x"), **symbols)
    model = keras.Model(inputs, y)
    model.returns_one_in_a_list = isinstance(y, list) and len(y) == 1
    return model, [np.asarray(a) for a in keras.tree.flatten(arguments)]


def predict(model, arrays):
    """`model.predict` on one batch, in the structure the layer has: Keras takes `[y]` apart."""
    y = model.predict(arrays, batch_size=len(arrays[0]), verbose=0)
    return [y] if model.returns_one_in_a_list else y


def run(how, layer, x, *, training=False, **call):
    """What `layer` returns, as NumPy: 'eager' (a direct call), 'graph', 'xla', 'predict' or
    'predict_xla'.
    """
    if how == "eager":
        return numpy(layer(x, training=training, **call))
    model, arrays = functional(layer, x, **call)
    if how.startswith("predict"):
        assert not training, "predict is inference"
        model.compile(jit_compile=how == "predict_xla")
        return predict(model, arrays)
    called = CalledWith(model, training)
    called.compile(jit_compile=how == "xla")
    y = called.predict_on_batch(arrays)
    return [y] if model.returns_one_in_a_list else y


class CalledWith(keras.Model):
    """A model whose every call has this `training`: what `predict_on_batch` runs in a graph."""

    def __init__(self, model, training):
        super().__init__()
        self.inner, self.inner_training = model, training

    def call(self, inputs):
        return self.inner(inputs, training=self.inner_training)


def fit_losses(model, arrays, targets, *, epochs=1, jit_compile=False, rate=0.0, callbacks=()):
    """The mean squared error of each epoch of one batch, at a learning rate that (as a rule)
    changes nothing.
    """
    optimizer = keras.optimizers.SGD(rate)
    model.compile(optimizer=optimizer, loss="mse", jit_compile=jit_compile)
    history = model.fit(
        arrays,
        targets,
        epochs=epochs,
        batch_size=len(targets),
        verbose=0,
        shuffle=False,
        callbacks=list(callbacks),
    )
    return history.history["loss"]
