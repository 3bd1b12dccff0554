"""The signature of a class says what the class takes: every option, with its type and its default.

JupyterLab reads it through IPython, for Shift-Tab and for Tab, with jedi and without.
"""

import dataclasses
import inspect
import pydoc
import re
from inspect import Parameter

import keras
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from keras import layers
from traitlets.config import Config

import rshop
from rshop import basic_cells
from rshop.layers.cell_layer import CellLayer
from rshop.layers.options import RecurrentOptions

X, H = keras.Input((3,), name="x"), keras.Input((3,), name="h")
NEXT = layers.Add(name="next_h")([X, H])
MODEL = keras.Model([X, H], [NEXT, NEXT], name="step")
CELL = rshop.SimpleRNNCell(4, input_dim=3, name="cell")
LAYER = CELL.get_layer(name="layer")

#: name -> (what is called, the arguments that it needs)
TAKEN = {
    "RecurrentModel": (rshop.RecurrentModel, {"input": X, "output": layers.Dense(2, name="y")(X)}),
    "RecurrentSequential": (rshop.RecurrentSequential, {}),
    "CellLayer": (CellLayer, {"cell": CELL}),
    "get_layer": (CELL.get_layer, {}),
    "RNNCell": (rshop.RNNCell, {}),
    "RNNCellFromModel": (rshop.RNNCellFromModel, {"model": MODEL}),
    "get_cell": (LAYER.get_cell, {}),
    "SimpleRNNCell": (rshop.SimpleRNNCell, {"units": 4}),
    "GRUCell": (rshop.GRUCell, {"units": 4}),
    "LSTMCell": (rshop.LSTMCell, {"units": 4}),
    "basic_cells.LSTMCell": (basic_cells.LSTMCell, {"output_dim": 4}),
}
EACH = pytest.mark.parametrize("name", TAKEN)
#: Keras's cells take this without saying so, and do nothing with it.
UNSAID = {(kind, "implementation") for kind in ("SimpleRNNCell", "GRUCell", "LSTMCell")}
OPTIONS = {field.name for field in dataclasses.fields(RecurrentOptions)} | {"return_state"}
OF_KERAS = {"name", "dtype", "trainable", "autocast", "activity_regularizer"}
OF_CELLS = {"output_dim", "input_dim", "input_shape", "batch_input_shape", "batch_shape"}


def named(thing) -> dict[str, Parameter]:
    return dict(inspect.signature(thing).parameters)


def config(thing, **given) -> dict:
    """The config of what is made; without the name, of which Keras makes another one each time."""
    made = thing(**given).get_config()
    assert made.pop("name")
    return made


@EACH
def test_an_option_at_its_default_is_an_option_left_out(name):
    thing, needed = TAKEN[name]
    defaults = {n: p.default for n, p in named(thing).items() if n not in needed}
    assert Parameter.empty not in defaults.values()
    left_out = config(thing, **needed)
    assert config(thing, **needed, **defaults) == left_out
    for option, default in defaults.items():
        assert config(thing, **needed, **{option: default}) == left_out, option


@EACH
def test_an_option_that_the_signature_does_not_name_is_refused(name):
    """Tried with every name that any class here or any recurrent layer of Keras knows."""
    thing, needed = TAKEN[name]
    kinds = (layers.RNN, layers.LSTM, layers.GRU, layers.SimpleRNN, layers.Layer, layers.Bidirectional)
    known = {n for other in [t for t, _ in TAKEN.values()] + list(kinds) for n in named(other)}
    known |= {"implementation", "time_major", "ragged", "has_readout"}
    taken = set()
    for option in known - named(thing).keys() - {"args", "kwargs", "self"}:
        try:
            thing(**needed, **{option: None})
        except (TypeError, ValueError) as refusal:
            assert option in str(refusal)
        else:
            taken.add((name, option))
    assert taken <= UNSAID


@EACH
def test_the_signature_holds_no_rest_and_every_option_has_a_type(name):
    thing, needed = TAKEN[name]
    parameters = named(thing)
    assert {p.kind for p in parameters.values()} <= {Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY}
    graph = set(needed) | {"initial_states", "final_states", "readout_input", "constants"}
    assert {n for n, p in parameters.items() if p.annotation is Parameter.empty} <= graph


def test_recurrent_layers_take_the_options_of_the_table_and_of_any_keras_layer():
    own = {
        "RecurrentModel": {"input", "output", "initial_states", "final_states", "readout_input", "constants"},
        "RecurrentSequential": {"state_sync", "readout", "readout_activation"},
        "CellLayer": {"cell"},
        "get_layer": set(),
    }
    for name, names in own.items():
        assert named(TAKEN[name][0]).keys() == names | OPTIONS | OF_KERAS


@pytest.mark.parametrize("kind", ["SimpleRNNCell", "GRUCell", "LSTMCell"])
def test_a_cell_takes_the_options_of_its_keras_cell_in_their_order_and_with_their_defaults(kind):
    theirs, mine = named(getattr(layers, kind)), named(getattr(rshop, kind))
    options = [n for n in theirs if n not in ("units", "kwargs")]
    assert [n for n in mine if n in options] == options
    assert {n: mine[n].default for n in options} == {n: theirs[n].default for n in options}
    assert mine.keys() - options == {"units"} | OF_CELLS | OF_KERAS
    assert list(mine)[0] == "units"


def test_the_signature_is_read_from_what_the_class_does_and_not_from_keras():
    """`Layer.__new__` takes anything; Python before 3.11.5 shows that of a class that says nothing itself."""
    assert inspect.signature(rshop.RNNCell) == rshop.RNNCell.__signature__
    assert "output_dim" in named(rshop.RNNCell)


def test_a_layer_that_was_made_has_the_signature_of_its_call():
    assert list(named(LAYER))[0] == "x" and not hasattr(LAYER, "__signature__")
    assert "input_dim" not in named(CELL)


def test_every_option_is_explained_where_the_layer_is():
    text = inspect.getdoc(rshop.RecurrentModel)
    explained = set(re.findall(r"\b(\w+): ", text[text.index("Args:") : text.index("Call arguments:")]))
    assert {field.name for field in dataclasses.fields(RecurrentOptions)} <= explained


# A reader's own classes -----------------------------------------------------------------------------


class Plain(rshop.RNNCell):
    """No `__init__` of its own."""


class Fixed(rshop.RNNCell):
    def __init__(self, rate, *, steps: int = 3):
        super().__init__(rate)


class HandedOn(rshop.LSTMCell):
    def __init__(self, rate, dropout=0.5, **kwargs):
        super().__init__(8, dropout=dropout, name="mine", **kwargs)
        self.rate = rate


class HandedOnTwice(HandedOn):
    def __init__(self, *, dtype="float32", **rest):
        super(HandedOnTwice, self).__init__(1.0, dtype=dtype, **rest)  # noqa: UP008  (as many write it)


class TakenApart(rshop.RNNCell):
    def __init__(self, units, **kwargs):
        self.rate = kwargs.pop("rate", 1.0)
        super().__init__(units, **kwargs)


class Mixed:
    """Stands before the layer in the order of the bases, and has no `__init__`."""


class Stack(Mixed, rshop.RecurrentSequential):
    def __init__(self, width, **options):
        super().__init__(return_sequences=True, **options)
        self.width = width


def test_a_class_of_ones_own_shows_its_own_parameters():
    assert inspect.signature(Plain) == inspect.signature(rshop.RNNCell)
    assert str(inspect.signature(Fixed)) == "(rate, *, steps: int = 3)"


def test_options_that_are_handed_on_are_those_of_the_base_class_without_what_is_set_there():
    mine, base = named(HandedOn), named(rshop.LSTMCell)
    assert list(mine)[:2] == ["rate", "dropout"] and mine["dropout"].default == 0.5
    assert mine.keys() == base.keys() - {"units", "name"} | {"rate"}
    assert named(HandedOnTwice).keys() == mine.keys() - {"rate"}
    assert named(HandedOnTwice)["dtype"].default == "float32"
    assert named(Stack).keys() == named(rshop.RecurrentSequential).keys() - {"return_sequences"} | {"width"}
    for thing, needed in ((HandedOn, {"rate": 1.0}), (HandedOnTwice, {}), (Stack, {"width": 2})):
        defaults = {n: p.default for n, p in named(thing).items() if n not in needed}
        assert thing(**needed, **defaults).get_config().keys() == thing(**needed).get_config().keys()


def test_options_that_are_used_otherwise_or_whose_source_is_lost_stay_as_they_are_written():
    assert str(inspect.signature(TakenApart)) == "(units, **kwargs)"
    space = {"RNNCell": rshop.RNNCell}
    exec(
        "class Lost(RNNCell):\n def __init__(self, units, **kwargs):\n  super().__init__(units, **kwargs)",
        space,
    )
    assert str(inspect.signature(space["Lost"])) == "(units, **kwargs)"


# As JupyterLab asks ---------------------------------------------------------------------------------

MINE = """
class Mine(LSTMCell):
    def __init__(self, rate, **kwargs):
        super().__init__(3, **kwargs)
"""


@pytest.fixture(scope="module")
def shell():
    """IPython without a history, in which a class was written as in a notebook."""
    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}))
    shell.user_ns.update(RecurrentModel=rshop.RecurrentModel, LSTMCell=rshop.LSTMCell, rshop=rshop)
    shell.user_ns.update(cell=CELL, layer=LAYER)
    shell.run_cell(MINE)
    return shell


@pytest.mark.parametrize("name", ["RecurrentModel", "LSTMCell", "rshop.RecurrentSequential", "Mine"])
def test_shift_tab_shows_every_option_with_type_and_default(shell, name):
    shown = shell.object_inspect(name)["init_definition"]
    lines = [line.strip() for line in shown.splitlines()[1:-1]]
    assert "name: str | None = None," in lines
    assert [re.match(r"\w*", line)[0] for line in lines if line != "*,"] == list(named(shell.ev(name)))


def test_help_begins_with_every_option():
    assert f"RecurrentModel{inspect.signature(rshop.RecurrentModel)}" in pydoc.plain(
        pydoc.render_doc(rshop.RecurrentModel)
    )


@pytest.mark.parametrize("jedi", [True, False])
@pytest.mark.parametrize(
    "text, completed",
    [
        ("RecurrentModel(return_seq", {"return_sequences="}),
        ("rshop.RecurrentSequential(state_", {"state_initializer=", "state_sync="}),
        ("LSTMCell(4, recurrent_d", {"recurrent_dropout="}),
        ("Mine(1.0, unit_", {"unit_forget_bias="}),
        ("cell.get_layer(go_", {"go_backwards="}),
        ("layer.get_cell(state_n", {"state_names="}),
    ],
)
def test_tab_completes_an_option(shell, jedi, text, completed):
    shell.Completer.use_jedi = jedi
    with provisionalcompleter():
        found = {c.text for c in shell.Completer.completions(text, len(text)) if c.text.endswith("=")}
    assert found == completed


def test_stream_takes_the_arguments_of_generate():
    assert inspect.signature(rshop.stream).parameters == inspect.signature(rshop.generate).parameters
