"""The programs of the original Recurrent Shop: README, docs and tests, with the name changed.

Each runs as a script would (`exec`, star imports in every order that Python permits) and is then
held to numbers: NumPy equations or Keras' own layers. Laws 3, 8, 16 to 19, 22 to 25.
"""

import itertools
import warnings

import keras
import numpy as np
import pytest
from keras import layers

import rshop
from tests.support.cells import (
    assert_close,
    draws,
    gru_np,
    lstm_np,
    numpy_of,
    randomize,
    run_np,
    simple_np,
    softmax,
    stack_np,
)

KERAS_LAYERS, KERAS_MODELS, SHOP = (
    "from keras.layers import *",
    "from keras.models import *",
    "from rshop import *",
)
ORDERS = [list(order) for order in itertools.permutations((KERAS_LAYERS, KERAS_MODELS, SHOP))]
#: `from keras.layers import *` after ours binds Keras' own LSTMCell, which has no `cell([x,
#: *states])`.
OURS_LAST = [order for order in ORDERS if order.index(SHOP) > order.index(KERAS_LAYERS)]


def ids(order):
    return "-".join(line.split()[1] for line in order)


def in_every_order(*orders):
    return pytest.mark.parametrize("order", orders or ORDERS, ids=ids)


def run_program(order, program):
    """Execute a program after its star imports and return its names.

    Keras warns when one of its own cells is given `input_dim=`; with our cell there is no warning
    to silence.
    """
    names = {"np": np, "__name__": "__main__"}
    with warnings.catch_warnings():
        if order.index(KERAS_LAYERS) > order.index(SHOP):
            warnings.filterwarnings("ignore", message="Do not pass an `input_shape`/`input_dim` argument")
        exec("\n".join([*order, program]), names)
    return names


def equation_of(layer):
    """The NumPy equation of a built layer of a stack, its weights and its number of states."""
    weights = [np.asarray(w, "float64") for w in layer.get_weights()]
    name = type(layer).__name__
    if name == "Dense":
        return (lambda x_t, states, w: (x_t @ w[0] + w[1], [])), weights, 0
    for kind, equation, n in (
        ("LSTM", lstm_np, 2),
        ("GRU", gru_np, 1),
        ("SimpleRNN", simple_np, 1),
    ):
        if name.startswith(kind):
            return equation, weights, n
    raise ValueError(f"No equation. Received: layer={layer}")


def stack_numbers(stack, x, **states):
    """Outputs of the NumPy loop over layers of a stack, from zeros or `states=`."""
    cells = [equation_of(layer) for layer in stack]
    starts = states.get("states")
    if starts is None:
        sizes = [w[1].shape[0] for _, w, n in cells for _ in range(n)]
        starts = [np.zeros((len(x), size)) for size in sizes]
    return run_np(stack_np(cells), x, starts)


SIMPLE = """
x_t = Input(shape=(5,)) # The input to the RNN at time t
h_tm1 = Input(shape=(10,))  # Previous hidden state

# Compute new hidden state
h_t = add([Dense(10)(x_t), Dense(10, use_bias=False)(h_tm1)])

# tanh activation
h_t = Activation('tanh')(h_t)

rnn = RecurrentModel(input=x_t, initial_states=[h_tm1], output=h_t, final_states=[h_t])
x = Input(shape=(7,5))
y = rnn(x)
model = Model(x, y)
data = np.random.random((1, 7, 5))
out = model.predict(data, verbose=0)

# to get one output per input sequence element, set return_sequences=True
rnn2 = RecurrentModel(input=x_t, initial_states=[h_tm1], output=h_t, final_states=[h_t],
                      return_sequences=True)

# Time_steps can also be None
x = Input(shape=(None ,5))
y = rnn2(x)
model2 = Model(x, y)
out2 = model2.predict(data, verbose=0)
"""


@in_every_order()
def test_readme_simple_rnn(order):
    """Laws 9 and 23: shapes of the README, numbers of the equation; both layers share their Dense
    layers.
    """
    names = run_program(order, SIMPLE)
    assert names["out"].shape == (1, 10) and names["out2"].shape == (1, 7, 10)
    weights = {w.shape: np.asarray(w, "float64") for w in names["rnn"].get_weights()}
    W, b, U = (weights[shape] for shape in ((5, 10), (10,), (10, 10)))
    expected, _ = run_np(simple_np, names["data"], [np.zeros((1, 10))], [W, U, b])
    assert_close(names["out2"], expected, 1e-5)
    assert_close(names["out"], expected[:, -1], 1e-5)
    assert names["model"].output_shape == (None, 10)
    assert names["model2"].output_shape == (None, None, 10)


GET_LAYER = """
lstm_cell = LSTMCell(10, input_dim=5)
lstm_layer = lstm_cell.get_layer()
# get_layer accepts arguments like return_sequences, unroll etc :
lstm_layer2 = lstm_cell.get_layer(return_sequences=True, unroll=True)
"""


@in_every_order(*OURS_LAST)
def test_readme_get_layer(order):
    """Law 23: against `keras.layers.LSTM` with the same weights; the two layers share one cell."""
    names = run_program(order, GET_LAYER)
    x = draws(2, 7, 5)
    last, whole, theirs = (
        names["lstm_layer"],
        names["lstm_layer2"],
        layers.LSTM(10, return_sequences=True),
    )
    last(x), whole(x), theirs(x)
    theirs.set_weights(randomize(last))
    expected = numpy_of(theirs(x))
    assert_close(whole(x), expected, 1e-6)
    assert_close(last(x), expected[:, -1], 1e-6)


SEQUENTIAL = """
rnn = RecurrentSequential(unroll=False, return_sequences=False)
rnn.add(SimpleRNNCell(10, input_dim=5))
rnn.add(LSTMCell(12))
dense = Dense(5)
rnn.add(dense)
rnn.add(GRU(8))

# rnn can now be used as regular Keras Recurrent layer.
x = Input((7, 5))
model = Model(x, rnn(x))
"""


@in_every_order()
def test_readme_recurrent_sequential(order):
    """Laws 23 and 24: SimpleRNN, LSTM, Dense and a Keras layer, against Keras' layers on top of
    each other.
    """
    names = run_program(order, SEQUENTIAL)
    rnn, model, x = names["rnn"], names["model"], draws(2, 7, 5)
    assert model.output_shape == (None, 8) and rnn.num_states == 4
    weights = randomize(rnn)
    theirs = keras.Sequential(
        [
            layers.SimpleRNN(10, return_sequences=True),
            layers.LSTM(12, return_sequences=True),
            layers.TimeDistributed(layers.Dense(5)),
            layers.GRU(8),
        ]
    )
    theirs(x)
    theirs.set_weights(weights)
    assert_close(model(x), theirs(x), 1e-5)


NESTING = """
rnn1 = RecurrentSequential()
rnn1.add(LSTMCell(6, input_dim=5))
rnn1.add(SimpleRNNCell(4))

rnn1_cell = rnn1.get_cell()

rnn2 = RecurrentSequential(return_sequences=True)
rnn2.add(rnn1_cell)
rnn2.add(GRUCell(3))
x = Input((None, 5))
model = Model(x, rnn2(x))
"""


@in_every_order()
def test_readme_nesting(order):
    """Law 25: against Keras' three layers on top of each other."""
    names = run_program(order, NESTING)
    x = draws(2, 7, 5)
    theirs = keras.Sequential(
        [
            layers.LSTM(6, return_sequences=True),
            layers.SimpleRNN(4, return_sequences=True),
            layers.GRU(3, return_sequences=True),
        ]
    )
    theirs(x)
    theirs.set_weights(randomize(names["rnn2"]))
    assert_close(names["model"](x), theirs(x), 1e-5)
    assert names["rnn2"].num_states == 4


FUNCTIONAL = """
input = Input((5,))
state1_tm1 = Input((10,))
state2_tm1 = Input((10,))
state3_tm1 = Input((10,))

lstm = LSTMCell(10)
gru = GRUCell(10)
lstm_output, state1_t, state2_t = lstm([input, state1_tm1, state2_tm1])
gru_output, state3_t = gru([input, state3_tm1])

output = add([lstm_output, gru_output])
output = Activation('tanh')(output)

rnn = RecurrentModel(input=input, initial_states=[state1_tm1, state2_tm1, state3_tm1],
                     output=output, final_states=[state1_t, state2_t, state3_t])
"""


@in_every_order(*OURS_LAST)
def test_readme_cells_in_the_functional_api(order):
    """Laws 18 and 23: tanh(LSTM + GRU) against Keras' two layers."""
    names = run_program(order, FUNCTIONAL)
    rnn, x = names["rnn"], draws(2, 7, 5)
    lstm, gru = layers.LSTM(10), layers.GRU(10)
    lstm(x), gru(x), rnn(x)
    names["lstm"].set_weights(randomize(lstm))
    names["gru"].set_weights(randomize(gru, seed=9))
    y = rnn(x)
    assert tuple(y.shape) == (2, 10) and rnn.num_states == 3
    assert_close(y, np.tanh(numpy_of(lstm(x)) + numpy_of(gru(x))), 1e-6)


DECODER = """
rnn = RecurrentSequential(decode=True, output_length=10)
rnn.add(SimpleRNNCell(25, input_dim=20))

x = Input((20,))
y = rnn(x)
shape = tuple(y.shape)  # >> (None, 10, 25)
model = Model(x, y)
"""


@in_every_order()
def test_docs_decoder(order):
    """Law 8: the same vector at each of ten timesteps."""
    names = run_program(order, DECODER)
    assert names["shape"] == (None, 10, 25)
    x = draws(3, 20)
    weights = randomize(names["rnn"], scale=0.2)
    expected, _ = run_np(simple_np, np.repeat(x[:, None], 10, axis=1), [np.zeros((3, 25))], weights)
    assert_close(names["model"](x), expected, 1e-5)


READOUT = """
rnn = RecurrentSequential(readout='add', return_sequences=True)
cells = [LSTMCell(10, input_dim=10), GRUCell(10), SimpleRNNCell(10)]
for cell in cells:
    rnn.add(cell)
x = Input((None, 10))
model = Model(x, rnn(x))
"""

MERGES = {
    "add": lambda x, r: x + r,
    "mul": lambda x, r: x * r,
    "avg": lambda x, r: (x + r) / 2,
    "max": np.maximum,
}


@pytest.mark.parametrize(
    ("mode", "order"),
    [*(("add", order) for order in ORDERS), *((mode, ORDERS[0]) for mode in ("mul", "avg", "max"))],
    ids=lambda value: value if isinstance(value, str) else ids(value),
)
def test_docs_readout_in_a_sequential(mode, order):
    """Law 22 and the modes of docs/readout.md: the last output merged into the input, then three
    cells.
    """
    names = run_program(order, READOUT.replace("'add'", repr(mode)))
    x = draws(2, 5, 10)
    randomize(names["rnn"], scale=0.4)
    step = stack_np([equation_of(cell) for cell in names["cells"]])

    def with_readout(x_t, states, _):
        y, after = step(MERGES[mode](x_t, states[0]), states[1:], None)
        return y, [y, *after]

    expected, _ = run_np(with_readout, x, [np.zeros((2, 10))] * 5)
    assert_close(names["model"](x), expected, 1e-5)


READOUT_MODEL = """
x = Input((10,))
h_tm1 = Input((10,))
c_tm1 = Input((10,))
readout_input = Input((10,))

# Here, I simply add half the readout to the input.. you can do whatever you want.
readout_half = Lambda(lambda x: 0.5 * x)(readout_input)
lstms_input = add([x, readout_half])

# Deep LSTM
depth = 3
cells = [LSTMCell(10) for _ in range(depth)]
lstms_output, h, c = lstms_input, h_tm1, c_tm1
for cell in cells:
    lstms_output, h, c = cell([lstms_output, h, c])
y = lstms_output

rnn = RecurrentModel(input=x, initial_states=[h_tm1, c_tm1], output=y, final_states=[h, c],
                     readout_input=readout_input, return_states=True)
"""


@in_every_order(*OURS_LAST)
def test_docs_readout_in_a_recurrent_model(order):
    """Laws 18, 19 and 22: half the readout, a deep LSTM whose states flow through three cells."""
    names = run_program(order, READOUT_MODEL)
    rnn, x = names["rnn"], draws(2, 5, 10)
    rnn(x)
    weights = []
    for k, cell in enumerate(names["cells"]):
        weights.append([np.asarray(w, "float64") for w in randomize(cell, seed=7 * k, scale=0.4)])

    def step(x_t, states, _):
        y, *hc = states
        y = x_t + 0.5 * y
        for w in weights:
            y, hc = lstm_np(y, hc, w)
        return y, [y, *hc]

    expected, (_, h, c) = run_np(step, x, [np.zeros((2, 10))] * 3)
    for mine, numpy in zip(rnn(x), (expected[:, -1], h, c), strict=True):
        assert_close(mine, numpy, 1e-5)
    assert rnn.num_states == 2


STATE_INIT = """
rnn = RecurrentSequential(state_initializer=INITIALIZER, return_sequences=True)
cells = [LSTMCell(10, input_dim=5), GRUCell(10)]
for cell in cells:
    rnn.add(cell)
x = Input((None, 5))
model = Model(x, rnn(x))
"""
#: which of the three states start elsewhere than at zero
STATE_INITS = {
    "'random_normal'": [True, True, True],
    "['random_normal']": [True, False, False],
    "['random_normal', 'zeros', 'glorot_uniform']": [True, False, True],
}


@in_every_order(ORDERS[0], ORDERS[-1])
@pytest.mark.parametrize("initializer", STATE_INITS)
def test_docs_state_initializer(initializer, order):
    """Law 17: which states are random, the same for each sample; the outputs follow from them."""
    names = run_program(order, STATE_INIT.replace("INITIALIZER", initializer))
    rnn, x = names["rnn"], draws(3, 4, 5)
    recorded = rshop.trace(rnn, x)
    starts = [recorded.states[name][:, 0] for name in rnn.state_names]
    assert len(starts) == 3
    for start, random in zip(starts, STATE_INITS[initializer], strict=True):
        assert start.shape == (3, 10) and np.all(start != 0) == random == np.any(start != 0)
        assert_close(start, np.repeat(start[:1], 3, axis=0), 0)
    expected, _ = stack_numbers(names["cells"], x, states=starts)
    assert_close(rnn(x), expected, 1e-5)
    assert_close(names["model"].predict(x[:2], verbose=0), expected[:2], 1e-5)


BATCH_INIT = """
rnn = RecurrentSequential(state_initializer=['random_normal', 'zeros', 'glorot_uniform'])
rnn.add(LSTMCell(10, batch_input_shape=(32, 10)))
rnn.add(GRUCell(10))
x = Input((7, 10))
model = Model(x, rnn(x))
out = model.predict(np.random.random((32, 7, 10)), verbose=0)
"""


@in_every_order(*OURS_LAST[:1])
def test_docs_state_initializer_with_a_batch_size(order):
    """Law 17: `batch_input_shape=` as in docs/state_init.md."""
    names = run_program(order, BATCH_INIT)
    assert names["out"].shape == (32, 10) and np.isfinite(names["out"]).all()


NO_SYNC = """
rnn = RecurrentSequential()
rnn.add(GRUCell(10, input_dim=5))
rnn.add(Dense(5))
rnn.add(LSTMCell(10))
print(rnn.num_states)  # >> 3
"""
SYNC = """
rnn = RecurrentSequential(state_sync=True, return_states=True)
cells = [LSTMCell(10, input_dim=5), LSTMCell(10), LSTMCell(10), LSTMCell(10)]
for cell in cells:
    rnn.add(cell)
print(rnn.num_states)  # >> 2
"""


@in_every_order()
def test_docs_state_sync(order, capsys):
    """Law 19: 3 without, 2 with; numbers of four LSTM cells that hand on one h and one c."""
    run_program(order, NO_SYNC)
    names = run_program(order, SYNC)
    assert capsys.readouterr().out.split() == ["3", "2"]
    rnn, x = names["rnn"], draws(2, 3, 5)
    rnn(x)
    randomize(rnn, scale=0.3)
    weights = [[np.asarray(w, "float64") for w in cell.get_weights()] for cell in names["cells"]]

    def step(y, states, _):
        for w in weights:
            y, states = lstm_np(y, states, w)
        return y, states

    expected, last = run_np(step, x, [np.zeros((2, 10))] * 2)
    for mine, numpy in zip(rnn(x), (expected[:, -1], *last), strict=True):
        assert_close(mine, numpy, 1e-5)


TEACHER = """
rnn = RecurrentSequential(readout='add', teacher_force=True, return_sequences=True)
cells = [LSTMCell(10, input_dim=10), LSTMCell(10), LSTMCell(10)]
for cell in cells:
    rnn.add(cell)
rnn.add(Activation('softmax'))

x = Input((7, 10))
y_true = Input((7, 10))  # This is where you feed the ground truth values

y = rnn(x, ground_truth=y_true)

model = Model([x, y_true], y)

model.compile(loss='categorical_crossentropy', optimizer='sgd')

# Training

X_true = np.random.random((32, 7, 10))
Y_true = np.random.random((32, 7, 10))

before = model.get_weights()
# Note that Y_true is part of both input and output
history = model.fit([X_true, Y_true], Y_true, verbose=0, batch_size=32)

# Prediction

X = np.random.random((32, 7, 10))
zeros = np.zeros((32, 7, 10)) # Need not be zeros.. any array of same shape would do
predicted = model.predict([X, zeros], verbose=0)
"""


def softmax_stack(weights, x, fed=None):
    """Three LSTM cells and a softmax; the input gets the last output, or `fed`, added."""
    cells = stack_np([(lstm_np, w, 2) for w in weights])
    x = np.asarray(x, "float64")
    states, y, ys = [np.zeros((len(x), 10))] * 6, np.zeros((len(x), 10)), []
    for t in range(x.shape[1]):
        y, states = cells(x[:, t] + (y if fed is None else fed[:, t]), states, None)
        y = softmax(y)
        ys.append(y)
    return np.stack(ys, axis=1)


def triples(weights):
    return [weights[k : k + 3] for k in range(0, len(weights), 3)]


@in_every_order(ORDERS[0], ORDERS[2], ORDERS[-1])
def test_docs_teacher_forcing(order):
    """Laws 1 and 3: the loss of the first epoch is that of the truth one timestep late; prediction
    runs free.
    """
    names = run_program(order, TEACHER)
    X_true, Y_true = names["X_true"], names["Y_true"]
    late = np.concatenate([np.zeros_like(Y_true[:, :1]), Y_true[:, :-1]], axis=1)
    forced = softmax_stack(triples(names["before"]), X_true, late)
    loss = -(Y_true * np.log(forced)).sum(axis=-1).mean()
    assert_close(np.float32(names["history"].history["loss"][0]), np.float32(loss), 1e-4)
    after = [np.asarray(w) for w in names["model"].get_weights()]
    assert any(not np.allclose(a, b) for a, b in zip(after, names["before"], strict=True))
    free = softmax_stack(triples(after), names["X"])
    assert_close(names["predicted"], free, 1e-5)
    assert_close(names["rnn"](names["X"].astype("float32")), free, 1e-5)


TESTS_MODEL = """
x = Input((5,))
h_tm1 = Input((10,))
h = add([Dense(10)(x), Dense(10, use_bias=False)(h_tm1)])
h = Activation('tanh')(h)

a = Input((5,) if OPTIONS.get('decode') else (7, 5))

rnn = RecurrentModel(input=x, output=h, initial_states=h_tm1, final_states=h, **OPTIONS)
b = rnn(a)
model = Model(a, b)

model.compile(loss='mse', optimizer='sgd')
data = np.random.random((32, *a.shape[1:]))
model.fit(data, np.random.random((32, *b.shape[1:])), verbose=0)
out = model.predict(data, verbose=0)
"""
TESTS_OPTIONS = [{}, {"unroll": True}, {"decode": True, "output_length": 7}]


@pytest.mark.parametrize("options", TESTS_OPTIONS, ids=["loop", "unroll", "decode"])
def test_the_originals_own_test_of_recurrent_model(options):
    """Laws 8 and 10: after `fit`, the prediction is the equation with the trained weights."""
    names = run_program(ORDERS[0], TESTS_MODEL.replace("OPTIONS", repr(options)))
    weights = {w.shape: np.asarray(w, "float64") for w in names["rnn"].get_weights()}
    W, b, U = (weights[shape] for shape in ((5, 10), (10,), (10, 10)))
    assert np.any(b != 0)
    data = names["data"]
    sequence = np.repeat(data[:, None], 7, axis=1) if "decode" in options else data
    expected, _ = run_np(simple_np, sequence, [np.zeros((32, 10))], [W, U, b])
    assert_close(names["out"], expected if "decode" in options else expected[:, -1], 1e-5)


TESTS_SEQUENTIAL = """
rnn = RecurrentSequential(**OPTIONS)
cells = CELLS
for cell in cells:
    rnn.add(cell)
a = Input((5,) if OPTIONS.get('decode') else (7, 5))
b = rnn(a)
model = Model(a, b)
"""
MIXED = "[LSTMCell(7, input_dim=5), SimpleRNNCell(8), GRUCell(LAST)]"
ALIKE = "[LSTMCell(10, input_dim=5), LSTMCell(10), LSTMCell(10)]"
DECODE = {"decode": True, "output_length": 7}
TESTS_STACKS = [
    (MIXED.replace("LAST", "10"), {}),
    (MIXED.replace("LAST", "10"), {"unroll": True}),
    (ALIKE, {"state_sync": True}),
    (ALIKE, {"state_sync": True, "unroll": True}),
    (ALIKE, DECODE),
    (ALIKE, {**DECODE, "state_sync": True}),
    (ALIKE, {**DECODE, "unroll": True}),
    (ALIKE, {**DECODE, "state_sync": True, "unroll": True}),
    (MIXED.replace("LAST", "5"), {"readout": True}),
]


@pytest.mark.parametrize(
    ("cells", "options"), TESTS_STACKS, ids=[f"{'-'.join(o) or 'plain'}" for _, o in TESTS_STACKS]
)
def test_the_originals_own_tests_of_recurrent_sequential(cells, options):
    """Laws 8, 10, 19, 22, 23: every stack of the original's test file, against NumPy loops."""
    names = run_program(ORDERS[0], TESTS_SEQUENTIAL.replace("OPTIONS", repr(options)).replace("CELLS", cells))
    randomize(names["rnn"], scale=0.4)
    data = draws(2, 5) if "decode" in options else draws(2, 7, 5)
    sequence = np.repeat(data[:, None], 7, axis=1) if "decode" in options else data
    equations = [equation_of(cell) for cell in names["cells"]]
    sizes = [w[1].shape[0] for _, w, n in equations for _ in range(n)]
    stacked = stack_np(equations)

    def step(x_t, states, _):
        if "state_sync" in options:
            for equation, weights, _ in equations:
                x_t, states = equation(x_t, states, weights)
            return x_t, states
        if "readout" in options:
            y, after = stacked(x_t + states[0], states[1:], None)
            return y, [y, *after]
        return stacked(x_t, states, None)

    sizes = sizes[:2] if "state_sync" in options else [5, *sizes] if "readout" in options else sizes
    expected, _ = run_np(step, sequence, [np.zeros((2, size)) for size in sizes])
    y = names["model"](data)
    assert names["model"].output_shape[1:] == tuple(y.shape[1:])
    assert_close(y, expected if "decode" in options else expected[:, -1], 1e-5)


def test_the_old_name_recurrent_container():
    """docs/state_sync.md speaks of `RecurrentContainer`."""
    from rshop.layers.sequential import RecurrentContainer

    assert RecurrentContainer is rshop.RecurrentSequential
