"""Functions in NumPy that a written-out step calls. Their source is copied into its text as it is here.

Each stands for the function of `keras.ops` with this name, and gives the same numbers.
"""

import numpy as np


def sigmoid(z):
    """Between 0 and 1: 1 / (1 + exp(-z))."""
    return 0.5 * (1 + np.tanh(0.5 * z))


def relu(z, negative_slope=0.0, max_value=None, threshold=0.0):
    """z where it is at least the threshold, and a small slope below."""
    y = np.where(z >= threshold, z, negative_slope * (z - threshold))
    return y if max_value is None else np.minimum(y, max_value)


def leaky_relu(z, negative_slope):
    """z where it is positive, and a small slope below."""
    return np.where(z > 0, z, negative_slope * z)


def relu6(z):
    """z, at least 0 and at most 6."""
    return np.clip(z, 0, 6)


def elu(z, alpha):
    """z where it is positive, alpha (exp(z) - 1) below."""
    return np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))


def celu(z, alpha):
    """z where it is positive, alpha (exp(z / alpha) - 1) below."""
    return np.maximum(z, 0) + alpha * np.expm1(np.minimum(z, 0) / alpha)


def selu(z):
    """A scaled elu that keeps mean and variance (Klambauer et al., 2017)."""
    return 1.0507009873554805 * elu(z, 1.6732632423543772)


def silu(z):
    """z sigmoid(z)."""
    return z * sigmoid(z)


def softplus(z):
    """log(1 + exp(z))."""
    return np.logaddexp(z, np.zeros_like(z))


def log_sigmoid(z):
    """log(sigmoid(z))."""
    return -softplus(-z)


def softsign(z):
    """z / (1 + |z|)."""
    return z / (1 + np.abs(z))


def mish(z):
    """z tanh(softplus(z))."""
    return z * np.tanh(softplus(z))


def hard_sigmoid(z):
    """A sigmoid of straight lines: 0 below -3, 1 above 3."""
    return np.clip(z / 6 + 0.5, 0, 1)


def hard_silu(z):
    """z hard_sigmoid(z)."""
    return z * hard_sigmoid(z)


def hard_tanh(z):
    """z, at least -1 and at most 1."""
    return np.clip(z, -1, 1)


def hard_shrink(z, threshold):
    """z, 0 within the threshold."""
    return np.where(np.abs(z) > threshold, z, np.zeros_like(z))


def soft_shrink(z, threshold):
    """z moved towards 0 by the threshold."""
    return np.sign(z) * np.maximum(np.abs(z) - threshold, 0)


def tanh_shrink(z):
    """z - tanh(z)."""
    return z - np.tanh(z)


def erf(z):
    """The error function, to 2e-7 (Abramowitz and Stegun, 1964, 7.1.26)."""
    t = 1 / (1 + 0.3275911 * np.abs(z))
    series = 1.421413741 + t * (-1.453152027 + t * 1.061405429)
    series = t * (0.254829592 + t * (-0.284496736 + t * series))
    return np.sign(z) * (1 - series * np.exp(-z * z))


def gelu(z, approximate):
    """z times the probability that a normal number is below z."""
    if approximate:
        return 0.5 * z * (1 + np.tanh(0.7978845608028654 * (z + 0.044715 * z**3)))
    return 0.5 * z * (1 + erf(z / 1.4142135623730951))


def softmax(z, axis=-1):
    """Positive numbers that sum to 1 along an axis."""
    e = np.exp(z - np.max(z, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def logsumexp(z, axis=None, keepdims=False):
    """log(sum(exp(z)))."""
    top = np.max(z, axis=axis, keepdims=True)
    y = np.log(np.sum(np.exp(z - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis=axis)


def log_softmax(z, axis=-1):
    """The logarithm of softmax."""
    return z - logsumexp(z, axis=axis, keepdims=True)


def one_hot(ids, num_classes, axis, dtype):
    """1 at the place of each id, 0 elsewhere."""
    y = np.equal(np.expand_dims(ids, -1), np.arange(num_classes)).astype(dtype)
    return y if axis in (-1, np.ndim(ids)) else np.moveaxis(y, -1, axis)


def layer_norm(x, gamma, beta, axis, epsilon):
    """Mean 0 and variance 1 along axes, then scaled and shifted (Ba et al., 2016)."""
    y = (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + epsilon)
    shape = [n if i in [a % x.ndim for a in axis] else 1 for i, n in enumerate(x.shape)]
    y = y if gamma is None else y * gamma.reshape(shape)
    return y if beta is None else y + beta.reshape(shape)


def rms_norm(x, gamma, axis, epsilon):
    """Mean square 1 along an axis, then scaled (Zhang and Sennrich, 2019)."""
    y = x / np.sqrt(np.mean(x * x, axis=axis, keepdims=True) + epsilon)
    return y if gamma is None else y * gamma


def batch_norm(x, mean, variance, beta, gamma, axis, epsilon):
    """The recorded mean and variance taken out, then scaled and shifted (Ioffe and Szegedy, 2015)."""
    shape = [x.shape[axis] if i == axis % x.ndim else 1 for i in range(x.ndim)]
    y = (x - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + epsilon)
    y = y if gamma is None else y * gamma.reshape(shape)
    return y if beta is None else y + beta.reshape(shape)


def normalize(x, axis, order, epsilon):
    """Divided by its norm along an axis."""
    if order == 2:
        return x / np.sqrt(np.maximum(np.sum(x * x, axis=axis, keepdims=True), epsilon))
    return x / np.maximum(np.linalg.norm(x, order, axis, keepdims=True), epsilon)


def dot_product_attention(query, key, value, bias, mask, scale, is_causal):
    """softmax(query key' scale) value, for (batch, time, heads, units) (Vaswani et al., 2017)."""
    scores = np.einsum("bqhd,bkhd->bhqk", query, key)
    scores = scores * (1 / np.sqrt(key.shape[-1]) if scale is None else scale)
    scores = scores if bias is None else scores + bias
    if mask is not None:
        scores = np.where(mask, scores, -1e9)
    if is_causal:
        scores = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -1e9)
    return np.einsum("bhqk,bkhd->bqhd", softmax(scores), value).astype(value.dtype)


def windows(x, size, strides, padding, dilation, fill):
    """The windows of an image (batch, *space, channels): (batch, *places, channels, *size)."""
    space = range(1, x.ndim - 1)
    wide = [(n - 1) * d + 1 for n, d in zip(size, dilation)]
    if padding == "same":
        need = [
            max((-(-x.shape[i] // s) - 1) * s + w - x.shape[i], 0) for i, s, w in zip(space, strides, wide)
        ]
        x = np.pad(x, [(0, 0), *((n // 2, n - n // 2) for n in need), (0, 0)], constant_values=fill)
    y = np.lib.stride_tricks.sliding_window_view(x, wide, axis=tuple(space))
    steps = tuple(slice(None, None, s) for s in strides)
    return y[(slice(None), *steps, slice(None), *(slice(None, None, d) for d in dilation))]


def conv(x, kernel, strides, padding, dilation):
    """The kernel (*size, channels, filters) at every place of an image."""
    n = kernel.ndim - 2
    y = windows(x, kernel.shape[:n], strides, padding, dilation, 0)
    groups = x.shape[-1] // kernel.shape[-2]
    axes = list(range(n + 2, 2 * n + 2))
    parts = []
    for part, filters in zip(np.split(y, groups, n + 1), np.split(kernel, groups, -1)):
        parts.append(np.tensordot(part, filters, [[*axes, n + 1], list(range(n + 1))]))
    return np.concatenate(parts, axis=-1)


def max_pool(x, size, strides, padding):
    """The largest number of each window."""
    y = windows(x, size, strides, padding, [1] * len(size), -np.inf)
    return y.max(axis=tuple(range(-len(size), 0)))


def average_pool(x, size, strides, padding):
    """The mean of each window, of what lies in the image."""
    y, axes = windows(x, size, strides, padding, [1] * len(size), 0), tuple(range(-len(size), 0))
    inside = windows(np.ones_like(x), size, strides, padding, [1] * len(size), 0)
    return y.sum(axis=axes) / inside.sum(axis=axes)


def joint(mask):
    """One mask (batch, time) out of one, or of a list of several: true where all of them are."""
    masks = mask if isinstance(mask, (list, tuple)) else [mask]
    masks = [np.asarray(m, bool) for m in masks if m is not None]
    return np.logical_and.reduce(masks) if masks else None


def hold(valid, new, old):
    """What is new where the timestep is valid, and what was there before (0 at first) where it is masked."""
    after = []
    for now, before in zip(new, old):
        before = np.zeros_like(now) if before is None else before
        after.append(np.where(valid.reshape(-1, *[1] * (now.ndim - 1)), now, before))
    return after


def first_values(given, names, defaults, batch):
    """What is given, by position or by name, else the default, for each sample of the batch."""
    if not isinstance(given, dict):
        values = given if isinstance(given, (list, tuple)) else [given] * (given is not None)
        if len(values) not in (0, len(names)):
            raise ValueError(f"{len(values)} first values for {names}")
        given = dict(zip(names, values))
    if not set(given) <= set(names):
        raise ValueError(f"first values for {list(given)}; there are {names}")
    firsts = []
    for name, default in zip(names, defaults):
        value = default if given.get(name) is None else given[name]
        value = np.asarray(value, default.dtype)
        firsts.append(np.broadcast_to(value, (batch, *default.shape)))
    return firsts
