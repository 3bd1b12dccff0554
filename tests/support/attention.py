"""The six attentions in NumPy, one sample and one place at a time, and a table of layers to test.

`ATTENTIONS[name]` is `(make, oracle)`: `make(**options)` gives the layer, and for one sample
`oracle(layer, query, memory, valid, state)` gives `(context, weights, next state)`.
"""

import numpy as np

from rshop.attention import (
    AdditiveAttention,
    DotAttention,
    GeneralAttention,
    LocationAttention,
    MultiHeadAttention,
    WindowAttention,
)


def weights_of(layer):
    """`"keys/kernel"` -> array, in 64 bits."""
    return {
        w.path.split("/", 1)[1] if "/" in w.path else w.path: np.array(w, "float64") for w in layer.weights
    }


def find(weights, *names):
    """The weight whose path ends with these names."""
    (found,) = [value for path, value in weights.items() if path.split("/")[-len(names) :] == list(names)]
    return found


def softmax(scores, valid):
    """Zero on padding; all zero where all is padding."""
    weights = np.zeros(len(scores))
    if valid.any():
        powers = np.exp(scores[valid] - scores[valid].max())
        weights[valid] = powers / powers.sum()
    return weights


def mean(weights, memory):
    return sum((w * row for w, row in zip(weights, memory, strict=True) if w), np.zeros(memory.shape[1]))


def dot(layer, query, memory, valid, state):
    scores = np.array([query @ row for row in memory])
    weights = softmax(scores / (len(query) ** 0.5 if layer.scale else 1), valid)
    return mean(weights, memory), weights, None


def general(layer, query, memory, valid, state):
    kernel = find(weights_of(layer), "keys", "kernel")
    weights = softmax(np.array([row @ kernel @ query for row in memory]), valid)
    return mean(weights, memory), weights, None


def hidden(layer, query, row):
    w = weights_of(layer)
    z = query @ find(w, "query", "kernel") + row @ find(w, "keys", "kernel")
    return z + (find(w, "query", "bias") if layer.use_bias else 0)


def additive(layer, query, memory, valid, state):
    energies = find(weights_of(layer), "energies", "kernel")[:, 0]
    weights = softmax(np.array([np.tanh(hidden(layer, query, row)) @ energies for row in memory]), valid)
    return mean(weights, memory), weights, None


def location(layer, query, memory, valid, state):
    w = weights_of(layer)
    kernel = find(w, "location", "kernel")[:, 0]  # (places, filters)
    left = (layer.kernel_size - 1) // 2
    scores = []
    for place, row in enumerate(memory):
        seen = np.zeros(layer.filters)
        for k in range(layer.kernel_size):
            if 0 <= place + k - left < len(memory):
                seen += state[place + k - left] * kernel[k]
        z = hidden(layer, query, row) + seen @ find(w, "location_features", "kernel")
        scores.append(np.tanh(z) @ find(w, "energies", "kernel")[:, 0])
    weights = softmax(np.array(scores), valid)
    return mean(weights, memory), weights, weights


def window(layer, query, memory, valid, state):
    w = weights_of(layer)
    z = query @ find(w, "curves", "kernel") + find(w, "curves", "bias")
    alpha, beta, delta = np.exp(z).reshape(3, layer.components)
    kappa, places = state + delta, np.cumsum(valid)
    weights = np.array([np.sum(alpha * np.exp(-beta * (kappa - u) ** 2)) for u in places]) * valid
    if layer.normalize and valid.any():
        weights = weights / weights.sum()
    return mean(weights, memory), weights, kappa


def multi_head(layer, query, memory, valid, state):
    w, contexts, every = weights_of(layer), [], []

    def project(x, name, size, head):
        kernel = find(w, name, "kernel").reshape(len(x), layer.num_heads, size)[:, head]
        bias = find(w, name, "bias").reshape(layer.num_heads, size)[head] if layer.use_bias else 0
        return x @ kernel + bias

    for head in range(layer.num_heads):
        q = project(query, "query", layer.key_dim, head) / layer.key_dim**0.5
        weights = softmax(np.array([q @ project(r, "keys", layer.key_dim, head) for r in memory]), valid)
        values = np.array([project(r, "values", layer.value_dim, head) for r in memory])
        contexts.append(mean(weights, values))
        every.append(weights)
    context = np.concatenate(contexts) @ find(w, "projection", "kernel")
    context = context + (find(w, "projection", "bias") if layer.use_bias else 0)
    return context if valid.any() else 0 * context, np.stack(every), None


ATTENTIONS = {
    "dot": (lambda **kw: DotAttention(**kw), dot),
    "scaled dot": (lambda **kw: DotAttention(scale=True, **kw), dot),
    "general": (lambda **kw: GeneralAttention(**kw), general),
    "additive": (lambda **kw: AdditiveAttention(7, **kw), additive),
    "additive without bias": (lambda **kw: AdditiveAttention(7, use_bias=False, **kw), additive),
    "location": (lambda **kw: LocationAttention(7, filters=3, kernel_size=4, **kw), location),
    "window": (lambda **kw: WindowAttention(3, **kw), window),
    "raw window": (lambda **kw: WindowAttention(3, normalize=False, **kw), window),
    "two heads": (lambda **kw: MultiHeadAttention(2, 3, value_dim=5, units=6, **kw), multi_head),
    "one head": (lambda **kw: MultiHeadAttention(1, 4, use_bias=False, **kw), multi_head),
}


def looks(name, layer, query, memory, mask=None, state=None):
    """The oracle for a batch: `(context, weights, next state)` stacked, the last None without a state."""
    rows = []
    for b in range(len(query)):
        valid = np.ones(memory.shape[1], bool) if mask is None else np.array(mask[b], bool)
        given = None if state is None else np.array(state[b], "float64")
        shown = np.where(valid[:, None], memory[b], 0).astype("float64")
        rows.append(ATTENTIONS[name][1](layer, query[b].astype("float64"), shown, valid, given))
    return [None if part[0] is None else np.stack(part) for part in zip(*rows, strict=True)]
