"""The models that are drawn in tests and lessons, and what a drawing must hold as geometry."""

import keras
import numpy as np
from keras import layers, ops

from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential

DRAWN = {}


def drawn(build):
    DRAWN[build.__name__] = build
    return build


def stack(*cells, features=None, **options):
    rnn = RecurrentSequential(return_sequences=True, **options)
    for cell in cells:
        rnn.add(cell)
    rnn.describe((None, features))
    return rnn


def vector(name, size):
    return keras.Input((size,), name=name)


@drawn
def simple_rnn():
    x, h = vector("x", 5), vector("h_tm1", 10)
    n = ops.tanh(layers.Dense(10)(x) + layers.Dense(10, use_bias=False)(h))
    return RecurrentModel(x, n, h, n)


@drawn
def lstm():
    return LSTMCell(10, input_dim=5).get_layer(return_sequences=True)


@drawn
def forced_stack():
    return stack(LSTMCell(5), LSTMCell(5), features=5, readout="add", teacher_force=True)


@drawn
def sampled_stack():
    return stack(LSTMCell(8), layers.Dense(5), features=5, readout="concat", teacher_force=0.5)


@drawn
def decoder():
    v, m = vector("sentence", 3), keras.Input((7, 4), name="memory")
    h, r = vector("h", 4), vector("word", 6)
    seen = layers.Attention(name="look")([layers.Reshape((1, 4))(h), m])
    n = layers.GRUCell(4)(layers.Concatenate()([v, layers.Flatten()(seen), r]), [h])[0]
    word = layers.Dense(6, "softmax", name="vocabulary")(n)
    return RecurrentModel(v, word, h, n, r, constants=m, decode=True, output_length=6)


@drawn
def synced_stack():
    return stack(LSTMCell(5), LSTMCell(5), features=5, state_sync=True)


@drawn
def nested():
    inner = RecurrentSequential()
    inner.add(GRUCell(4))
    inner.add(GRUCell(4))
    return stack(layers.Dense(4), inner, LSTMCell(3), features=5)


@drawn
def several():
    a, b = vector("audio", 3), vector("video", 2)
    h, past = vector("h", 4), vector("past", 2)
    n = layers.Dense(4, "tanh", name="mix")(layers.Concatenate()([a, b, h, past]))
    says = {"word": layers.Dense(5, name="speak")(n), "move": layers.Dense(2, name="act")(n)}
    return RecurrentModel({"audio": a, "video": b}, says, [h, past], [n, b])


@drawn
def two_speeds():
    x, h, s = vector("x", 4), vector("h", 4), vector("slow", 4)
    g = layers.Dense(4, "sigmoid", name="leak")(layers.Concatenate()([x, h]))
    n = g * h + (1.0 - g) * layers.Dense(4, "tanh", name="candidate")(x + s)
    k = 0.9 * s + 0.1 * n
    return RecurrentModel(x, layers.Dense(2, name="head")(n + k), [h, s], [n, k], name="two_speeds")


def rectangle(box):
    (x, y), (width, height) = box.at, box.size
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def overlapping(scene):
    """Pairs of boxes that lie on each other."""
    boxes = [(box.id, *rectangle(box)) for box in scene.boxes]
    return [
        (a, b)
        for i, (a, l1, b1, r1, t1) in enumerate(boxes)
        for b, l2, b2, r2, t2 in boxes[i + 1 :]
        if l1 < r2 and l2 < r1 and b1 < t2 and b2 < t1
    ]


def points_on(route, steps=12):
    """Points along the Bézier pieces of a route."""
    for k in range(0, len(route) - 1, 3):
        a, b, c, d = route[k : k + 4]
        for i in range(1, steps):
            t = i / steps
            w = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            yield tuple(sum(wi * p[j] for wi, p in zip(w, (a, b, c, d), strict=True)) for j in (0, 1))


def run_through(scene, roles=("data", "input", "constant", "state", "readout")):
    """(arrow, box) for arrows that cross a box which is neither their start nor their end."""
    boxes = scene.boxes
    left, bottom, right, top = np.array([rectangle(box) for box in boxes]).T
    found = []
    for edge in scene.edges:
        if edge.role in roles:
            x, y = np.array(list(points_on(edge.route)))[:, :, None].transpose(1, 0, 2)
            crossed = ((left < x) & (x < right) & (bottom < y) & (y < top)).any(0)
            ids = {box.id for box, is_crossed in zip(boxes, crossed, strict=True) if is_crossed}
            found += [(edge.source, edge.target, id) for id in sorted(ids - {edge.source, edge.target})]
    return found


def strangers(scene):
    """(frame, box) for boxes that lie in a frame to which they do not belong, or out of their own."""
    parents = {group.id: group.parent for group in scene.groups}
    found = []
    for group in scene.groups:
        left, bottom, right, top = group.bounds
        for box in scene.boxes:
            around, place = [], box.group
            while place is not None:
                around.append(place)
                place = parents[place]
            a, b, c, d = rectangle(box)
            inside = left <= a and c <= right and bottom <= b and d <= top
            apart = c <= left or right <= a or d <= bottom or top <= b
            if inside != (group.id in around) or not (inside or apart):
                found.append((group.id, box.id))
    return found
