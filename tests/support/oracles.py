"""What a recurrent layer must compute, in NumPy that is too slow and too plain to be wrong.

A *python step* takes the flat list `(*inputs, *constants, *states, *readouts)` of one sample at one
timestep and returns `(*outputs, *next_states)`: the order of `rnn.step`, without the batch axis.
`scan` runs it over time.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class Scanned:
    """outputs: list of (batch, time, ...); last: list of (batch, ...); states: list of (batch,
    ...).
    """

    outputs: list
    last: list
    states: list

    @property
    def y(self):
        """The only output, (batch, time, ...)."""
        (y,) = self.outputs
        return y


def scan(
    step,
    inputs,
    *,
    states=(),
    readouts=(),
    constants=(),
    truths=None,
    forced=None,
    mask=None,
    go_backwards=False,
    zero_output_for_mask=False,
    output_length=None,
):
    """Run a python step over time: sample by sample, on the valid timesteps of each sample only.

    inputs: list of (batch, time, ...), or of (batch, ...) with `output_length` (decode).
    states, readouts, constants: lists of (batch, ...); readouts are the initial ones.
    truths: list of (batch, time, ...) in processing order, or None for free running.
    forced: (batch, time) booleans, where the readout is the truth; None: everywhere.
    mask: (batch, time) booleans in the order of the inputs; several are and-ed by the caller.
    """
    inputs = [number(x) for x in inputs]
    if output_length is not None:
        inputs = [np.stack([x] * output_length, axis=1) for x in inputs]
    batch, time = inputs[0].shape[:2]
    mask = np.ones((batch, time), bool) if mask is None else np.array(mask, bool)
    if go_backwards:
        inputs = [x[:, ::-1] for x in inputs]
        mask = mask[:, ::-1]
    sequences, lasts, finals = [], [], []
    for b in range(batch):
        valid = [t for t in range(time) if mask[b, t]]
        outputs, final = run_compacted(
            step,
            [[x[b, t] for x in inputs] for t in valid],
            constants=[number(c)[b] for c in constants],
            states=[number(s)[b] for s in states],
            readouts=[number(r)[b] for r in readouts],
            truths=None if truths is None else [[number(g)[b, t] for g in truths] for t in valid],
            forced=[True if forced is None else forced[b][t] for t in valid],
        )
        nothing = [np.zeros_like(o) for o in outputs_of_zeros(step, inputs, constants, states, readouts)]
        spread, held = [], nothing
        for t in range(time):
            if mask[b, t]:
                held = outputs.pop(0)
                spread.append(held)
            else:
                spread.append(nothing if zero_output_for_mask else held)
        sequences.append(spread)
        lasts.append(held)
        finals.append(final)
    many = len(sequences[0][0])
    return Scanned(
        outputs=[np.array([[frame[k] for frame in row] for row in sequences]) for k in range(many)],
        last=[np.array([row[k] for row in lasts]) for k in range(many)],
        states=[np.array([row[k] for row in finals]) for k in range(len(states))],
    )


def run_compacted(step, frames, *, constants, states, readouts, truths, forced):
    """One sample without a masked timestep: the list of its outputs, and its final states."""
    outputs = []
    for t, frame in enumerate(frames):
        if t == 0:
            fed = readouts
        elif truths is not None and forced[t]:
            fed = truths[t - 1][: len(readouts)]
        else:
            fed = [feed(o, r) for o, r in zip(outputs[t - 1], readouts, strict=False)]
        result = step(*frame, *constants, *states, *fed)
        split = len(result) - len(states)
        outputs.append(list(result[:split]))
        states = list(result[split:])
    return outputs, states


def feed(output, readout):
    """The previous output as the step reads it: an integer readout of one rank less is its
    argmax.
    """
    if np.issubdtype(readout.dtype, np.integer) and output.ndim == readout.ndim + 1:
        return np.argmax(output, axis=-1)
    return output


def outputs_of_zeros(step, inputs, constants, states, readouts):
    """The outputs of one step on zeros: a row that is masked everywhere has only their shapes."""
    one = [np.zeros_like(x[0, 0]) for x in inputs]
    one += [np.zeros_like(number(a)[0]) for a in [*constants, *states, *readouts]]
    result = step(*one)
    return result[: len(result) - len(states)]


def number(array):
    """A float64 array, or the integers as they are."""
    array = np.asarray(array)
    return array if np.issubdtype(array.dtype, np.integer) else array.astype("float64")


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def linear(x):
    return x


def simple_rnn(kernel, recurrent_kernel, bias=0.0, *, activation=np.tanh):
    """h_t = activation(x_t W + h_{t-1} U + b). Elman 1990."""

    def step(x, h):
        h = activation(x @ kernel + h @ recurrent_kernel + bias)
        return h, h

    return step


def lstm(kernel, recurrent_kernel, bias=0.0, *, activation=np.tanh, recurrent_activation=sigmoid):
    """Hochreiter and Schmidhuber 1997 with forget gates (Gers 2000); columns i, f, c, o. States
    h, c.
    """

    def step(x, h, c):
        i, f, g, o = np.split(x @ kernel + h @ recurrent_kernel + bias, 4)
        c = recurrent_activation(f) * c + recurrent_activation(i) * activation(g)
        h = recurrent_activation(o) * activation(c)
        return h, h, c

    return step


def gru(
    kernel,
    recurrent_kernel,
    bias=None,
    *,
    reset_after=True,
    activation=np.tanh,
    recurrent_activation=sigmoid,
):
    """Cho 2014; columns z, r, candidate. reset_after (as in cuDNN) has two rows of bias, input
    and recurrent.
    """
    units = recurrent_kernel.shape[0]
    bias_x, bias_h = np.zeros(3 * units), np.zeros(3 * units)
    if bias is not None:
        bias_x, bias_h = bias if reset_after else (bias, bias_h)

    def step(x, h):
        x_z, x_r, x_g = np.split(x @ kernel + bias_x, 3)
        u_z, u_r, u_g = np.split(recurrent_kernel, 3, axis=1)
        b_z, b_r, b_g = np.split(bias_h, 3)
        z = recurrent_activation(x_z + h @ u_z + b_z)
        r = recurrent_activation(x_r + h @ u_r + b_r)
        g = activation(x_g + (r * (h @ u_g + b_g) if reset_after else (r * h) @ u_g))
        h = z * h + (1.0 - z) * g
        return h, h

    return step


def directional_derivative(function, arrays, directions, eps=1e-5):
    """d/ds function(arrays + s directions) at s = 0, by a central difference in float64."""
    ahead = function([number(a) + eps * d for a, d in zip(arrays, directions, strict=True)])
    behind = function([number(a) - eps * d for a, d in zip(arrays, directions, strict=True)])
    return (ahead - behind) / (2 * eps)
