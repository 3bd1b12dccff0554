"""Payloads of the inspector as the browser gets them, and how it reads them."""

import base64

import keras
import numpy as np

from rshop import LSTMCell, RecurrentModel
from viz.inspector.payload import build_payload
from viz.inspector.payload.encoding import encoded


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def layer(kind=LSTMCell, units=4, features=3, **options):
    return kind(units, input_dim=features).get_layer(return_sequences=True, **options)


def accumulator(**options):
    x, h = keras.Input((3,), name="x"), keras.Input((3,), name="h_tm1")
    n = x + 0.5 * h
    return RecurrentModel(x, n, h, n, return_sequences=True, name="accumulator", **options)


def record(rnn, x, **options):
    """The payload as the browser gets it."""
    return encoded(build_payload.record(rnn, x, **options))


def numbers(payload, name, role, sample=0):
    """The frames of a value as the browser reads them, `(frames, units)`."""
    value = next(v for v in payload["values"] if (v["name"], v["role"]) == (name, role))
    data = np.frombuffer(base64.b64decode(payload["data"]), "<f4")
    size = value["rows"] * value["columns"]
    start = value["start"] + sample * value["frames"] * size
    return data[start : start + value["frames"] * size].reshape(-1, size)[value["lag"] :]


def law(payload, name, role="inner"):
    return next(v["law"] for v in payload["values"] if (v["name"], v["role"]) == (name, role))
