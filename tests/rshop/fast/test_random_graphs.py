"""Random step graphs, drawn as data and built twice: as a Keras graph and as NumPy.

A drawn program is a dict; its values are numbered, the leaves first (inputs, constants, states,
readout), then one value for each op. An op names the values it reads, so both builders are a loop.
"""

import keras
import numpy as np
import pytest
from keras import ops

from rshop import RecurrentModel
from tests.support.oracles import scan, sigmoid
from tests.support.steps import run

GRAPHS = 26
BATCH, TIME = 3, 4

FUNCTIONS = {
    # kind: (keras, NumPy)
    "tanh": (ops.tanh, np.tanh),
    "sigmoid": (keras.layers.Activation("sigmoid"), sigmoid),
    "half": (lambda a: 0.5 * a, lambda a: 0.5 * a),
    "one minus": (lambda a: 1.0 - a, lambda a: 1.0 - a),
    "add": (lambda a, b: keras.layers.Add()([a, b]), np.add),
    "plus": (lambda a, b: a + b, np.add),
    "subtract": (ops.subtract, np.subtract),
    "multiply": (lambda a, b: keras.layers.Multiply()([a, b]), np.multiply),
    "maximum": (ops.maximum, np.maximum),
    "concatenate": (
        lambda *a: keras.layers.Concatenate()(list(a)),
        lambda *a: np.concatenate(a),
    ),
}
UNARY = ["tanh", "sigmoid", "half", "one minus"]
BINARY = ["add", "plus", "subtract", "multiply", "maximum"]


def draw(seed):
    """A program: sizes of the leaves, ops, which values leave the step, and how the layer runs."""
    rng = np.random.default_rng(seed)
    program = {
        "seed": seed,
        "inputs": [int(rng.integers(1, 4)) for _ in range(rng.integers(1, 4))],
        "ids": bool(rng.random() < 0.25),
        "constants": [int(rng.integers(1, 4)) for _ in range(rng.integers(0, 2))],
        "states": [int(rng.integers(1, 4)) for _ in range(rng.integers(0, 4))],
        "readout": bool(rng.random() < 0.65),
        "output": int(rng.integers(1, 4)),
        "layers": [],
        "ops": [],
        "structure": str(rng.choice(["list", "dict"])),
        "second_output": bool(rng.random() < 0.3),
        "options": draw_options(rng),
    }
    sizes = [*program["inputs"], *program["constants"], *program["states"]]
    sizes += [program["output"]] if program["readout"] else []
    leaves, read = len(sizes), set()

    def append(kind, arguments, size, layer=None):
        program["ops"].append((kind, [int(a) for a in arguments], layer))
        read.update(arguments)
        sizes.append(size)
        return len(sizes) - 1

    def dense(argument, size, activation):
        layers = program["layers"]
        alike = [k for k, spec in enumerate(layers) if spec == (sizes[argument], size, activation)]
        if not alike or rng.random() < 0.4:
            layers.append((sizes[argument], size, activation))
            alike = [len(layers) - 1]
        return append("layer", [argument], size, int(rng.choice(alike)))

    for _ in range(rng.integers(2, 10)):
        a = int(rng.integers(len(sizes)))
        partners = [b for b in range(len(sizes)) if sizes[b] == sizes[a]]
        kind = rng.choice(["dense", "unary", "binary", "concatenate"], p=[0.35, 0.2, 0.3, 0.15])
        if kind == "dense":
            dense(a, int(rng.integers(1, 4)), str(rng.choice(["tanh", "linear", "mlp"])))
        elif kind == "unary":
            append(str(rng.choice(UNARY)), [a], sizes[a])
        elif kind == "binary":
            append(str(rng.choice(BINARY)), [a, int(rng.choice(partners))], sizes[a])
        else:
            b = int(rng.integers(len(sizes)))
            append("concatenate", [a, b], sizes[a] + sizes[b])

    middle = range(leaves, len(sizes))
    program["finals"] = []
    first_state = len(program["inputs"]) + len(program["constants"])
    for k, size in enumerate(program["states"]):
        others = range(first_state, first_state + len(program["states"]))
        swaps = [s for s in others if s != first_state + k and sizes[s] == size]
        if swaps and rng.random() < 0.4:
            program["finals"].append(int(rng.choice(swaps)))
        else:
            program["finals"].append(dense(int(rng.choice(middle)), size, "tanh"))
    # Whatever is not read yet is read here: every leaf reaches the output.
    unread = [k for k in range(len(sizes)) if k not in read and k not in program["finals"]]
    unread += [k for k in range(leaves) if k not in read and k not in unread]
    if not unread:
        unread = [len(sizes) - 1]
    total = unread[0]
    if len(unread) > 1:
        total = append("concatenate", unread, sum(sizes[k] for k in unread))
    program["outputs"] = [dense(total, program["output"], "tanh")]
    if program["second_output"]:
        program["outputs"].append(int(rng.choice(middle)))
    program["leaves"] = leaves
    return program


def draw_options(rng):
    return {
        "masked": bool(rng.random() < 0.6),
        "zero_output_for_mask": bool(rng.random() < 0.4),
        "go_backwards": bool(rng.random() < 0.3),
        "unroll": bool(rng.random() < 0.3),
        "forced": bool(rng.random() < 0.6),
        "decode": bool(rng.random() < 0.15),
        "return_sequences": bool(rng.random() < 0.75),
        "given_states": bool(rng.random() < 0.6),
    }


def evaluate(program, values, layers, which):
    """Append the value of every op to `values`; `which` is 0 for Keras and 1 for NumPy."""
    for kind, arguments, layer in program["ops"]:
        function = layers[layer] if kind == "layer" else FUNCTIONS[kind][which]
        values.append(function(*[values[a] for a in arguments]))
    outputs = [values[k] for k in program["outputs"]]
    return outputs, [values[k] for k in program["finals"]]


def structured(program, values):
    """One value alone; several as a list or as a dict, as the program says."""
    if len(values) == 1:
        return values[0]
    if program["structure"] == "list":
        return list(values)
    return {f"key_{k}": value for k, value in enumerate(values)}


def keras_layers(program):
    def one(size_in, size_out, activation):
        if activation == "mlp":
            inner = [keras.layers.Dense(3, "tanh"), keras.layers.Dense(size_out)]
            return keras.Sequential([keras.Input((size_in,)), *inner])
        layer = keras.layers.Dense(size_out, activation, bias_initializer="random_normal")
        layer.build((None, size_in))
        return layer

    return [one(*spec) for spec in program["layers"]]


def keras_step(program, layers, embedding):
    """The arguments of `RecurrentModel` that make the step."""
    inputs = [keras.Input((size,)) for size in program["inputs"]]
    values = list(inputs)
    if program["ids"]:
        inputs[0] = keras.Input((), dtype="int32")
        values[0] = embedding(inputs[0])
    constants = [keras.Input((size,)) for size in program["constants"]]
    states = [keras.Input((size,)) for size in program["states"]]
    readouts = [keras.Input((program["output"],))] if program["readout"] else []
    values += [*constants, *states, *readouts]
    outputs, finals = evaluate(program, values, layers, 0)
    kwargs = {"input": structured(program, inputs), "output": structured(program, outputs)}
    if states:
        kwargs.update(initial_states=states, final_states=finals)
    if constants:
        kwargs["constants"] = constants
    if readouts:
        kwargs["readout_input"] = readouts[0]
    return kwargs


def numpy_step(program, layers, embedding):
    """The same step as a python step of `oracles.scan`."""

    def dense(weights, activation):
        if activation == "mlp":
            w, b, v, c = weights
            return lambda a: np.tanh(a @ w + b) @ v + c
        w, b = weights
        act = np.tanh if activation == "tanh" else (lambda a: a)
        return lambda a: act(a @ w + b)

    functions = [
        dense([w.astype("float64") for w in layer.get_weights()], spec[2])
        for layer, spec in zip(layers, program["layers"], strict=True)
    ]
    table = embedding.get_weights()[0].astype("float64")

    def step(*leaves):
        values = list(leaves)
        if program["ids"]:
            values[0] = table[values[0]]
        outputs, finals = evaluate(program, values, functions, 1)
        return (*outputs, *finals)

    return step


def draw_arrays(program):
    """The call: x, and what goes by keyword, as flat lists."""
    rng = np.random.default_rng([program["seed"], 1])
    options = program["options"]
    lead = (BATCH,) if options["decode"] else (BATCH, TIME)

    def uniform(*shape):
        return rng.uniform(-1, 1, shape).astype("float32")

    x = [uniform(*lead, size) for size in program["inputs"]]
    if program["ids"]:
        x[0] = rng.integers(0, 4, lead).astype("int32")
    mask = rng.random((BATCH, TIME)) < 0.6
    mask[0] = True
    mask[-1] &= options["return_sequences"]
    return {
        "x": x,
        "constants": [uniform(BATCH, size) for size in program["constants"]],
        "states": [uniform(BATCH, size) for size in program["states"]],
        "readouts": [uniform(BATCH, program["output"])] if program["readout"] else [],
        "truths": [uniform(BATCH, TIME, program["output"])] if program["readout"] else [],
        "mask": mask if options["masked"] and not options["decode"] else None,
    }


def build(seed):
    """Everything of one graph: program, layer, arrays, call, and the expected result in NumPy."""
    program = draw(seed)
    options = dict(program["options"])
    keras.utils.set_random_seed(seed)
    layers = keras_layers(program)
    embedding = keras.layers.Embedding(4, program["inputs"][0], embeddings_initializer="glorot_normal")
    embedding.build(())
    arrays = draw_arrays(program)
    forced = options["forced"] and program["readout"]
    decode = {"decode": True, "output_length": TIME} if options["decode"] else {}
    backwards = options["go_backwards"] and not decode
    layer = RecurrentModel(
        **keras_step(program, layers, embedding),
        **decode,
        teacher_force=bool(forced),
        return_states=True,
        return_sequences=options["return_sequences"],
        go_backwards=backwards,
        unroll=options["unroll"],
        zero_output_for_mask=options["zero_output_for_mask"],
    )
    layer.time_is_known = options["unroll"] or options["decode"]
    call = {"constants": arrays["constants"], "mask": arrays["mask"]}
    call = {name: value for name, value in call.items() if value is not None and len(value)}
    given = options["given_states"]
    if given and program["states"]:
        call["initial_state"] = arrays["states"]
    if given and program["readout"]:
        call["initial_readout"] = arrays["readouts"][0]
    if forced:
        call["ground_truth"] = arrays["truths"][0]
    start = {k: [a * given for a in arrays[k]] for k in ("states", "readouts")}
    step = numpy_step(program, layers, embedding)

    def expected(training):
        return scan(
            step,
            arrays["x"],
            constants=arrays["constants"],
            truths=arrays["truths"] if forced and training else None,
            mask=arrays["mask"],
            go_backwards=backwards,
            zero_output_for_mask=options["zero_output_for_mask"],
            output_length=TIME if decode else None,
            **start,
        )

    return program, layer, structured(program, arrays["x"]), call, step, expected, arrays


def assert_equal_to_numpy(program, got, expected):
    """Outputs in their structure, then every state."""
    y, *states = got
    sequences = program["options"]["return_sequences"] or program["options"]["decode"]
    outputs = expected.outputs if sequences else expected.last
    wanted = structured(program, outputs)
    if isinstance(wanted, dict):
        assert list(y) == list(wanted)
    flat = keras.tree.flatten(y), keras.tree.flatten(wanted)
    for a, b in [*zip(*flat, strict=True), *zip(states, expected.states, strict=True)]:
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=str(program))


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_a_random_graph_equals_numpy(seed):
    """Laws 1 to 21: whatever graph, the layer is the NumPy loop, in inference and in training."""
    program, layer, x, call, _, expected, _ = build(seed)
    for training in (False, True):
        got = layer(x, training=training, **call)
        assert_equal_to_numpy(program, got, expected(training))


PREDICTED = [("predict", seed) for seed in range(0, GRAPHS, 5)]
PREDICTED += [("predict_xla", seed) for seed in range(0, GRAPHS, 10)]


@pytest.mark.parametrize("how, seed", PREDICTED)
def test_a_random_graph_in_predict(how, seed):
    """Laws 1 to 21: the same in a functional model, its time axis open."""
    program, layer, x, call, _, expected, _ = build(seed)
    assert_equal_to_numpy(program, run(how, layer, x, **call), expected(False))


@pytest.mark.parametrize("seed", range(2, GRAPHS, 6))
def test_a_random_graph_trains_on_what_numpy_says(seed):
    """Laws 1 to 21: in a graph with training=True, what `fit` differentiates."""
    program, layer, x, call, _, expected, _ = build(seed)
    got = run("graph", layer, x, training=True, **call)
    assert_equal_to_numpy(program, got, expected(True))


@pytest.mark.parametrize("seed", range(GRAPHS))
def test_the_step_of_a_random_graph(seed):
    """`rnn.step` is the model of one timestep: flat lists in, flat lists out, NumPy's numbers."""
    program, layer, _, _, step, _, arrays = build(seed)
    first = [a if program["options"]["decode"] else a[:, 0] for a in arrays["x"]]
    flat = [*first, *arrays["constants"], *arrays["states"], *arrays["readouts"]]
    got = keras.tree.flatten(layer.step(flat))
    by_sample = [step(*[a[b].astype(_wide(a)) for a in flat]) for b in range(BATCH)]
    wanted = [np.stack(rows) for rows in zip(*by_sample, strict=True)]
    assert len(layer.step.inputs) == len(flat)
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5, err_msg=str(program))


def _wide(array):
    return array.dtype if np.issubdtype(array.dtype, np.integer) else "float64"


def test_the_draws_cover_what_they_are_for():
    """The seeds in use hold every option both ways, shared layers, swaps and several of
    everything.
    """
    programs = [draw(seed) for seed in range(GRAPHS)]
    for name in programs[0]["options"]:
        assert {p["options"][name] for p in programs} == {False, True}, name
    for name in ("ids", "readout", "second_output"):
        assert {p[name] for p in programs} == {False, True}, name
    assert {len(p["states"]) for p in programs} == {0, 1, 2, 3}
    assert {len(p["inputs"]) for p in programs} == {1, 2, 3}
    assert {len(p["constants"]) for p in programs} == {0, 1}
    assert {kind for p in programs for kind, *_ in p["ops"]} == {*FUNCTIONS, "layer"}
    shared = [[layer for _, _, layer in p["ops"] if layer is not None] for p in programs]
    assert any(len(set(used)) < len(used) for used in shared)
    assert any(k < p["leaves"] for p in programs for k in p["finals"]), "a state that is another one's past"
    assert any(p["readout"] and p["options"]["forced"] and p["options"]["masked"] for p in programs)
