"""A cell that refused a memory takes the next one as a new cell does: nothing of the call before is kept."""

import keras
import pytest

from rshop import GRUCell, LSTMCell, RecurrentSequential
from rshop.attention import DotAttention
from rshop.cells import AttentionCell, HighwayCell, ResidualCell
from tests.support.attention import ATTENTIONS
from tests.support.cells import assert_close, draws
from tests.support.errors import check, stack

UNITS = 6
X, MEMORY = draws(3, 4, UNITS, seed=1), draws(3, 5, UNITS, seed=2)
#: The memory of a wrong call, and a word of the message.
WRONG = {
    "rank 1": (MEMORY[:, 0, 0], "shape (None,)"),
    "rank 2": (MEMORY[:, 0], "shape (None, 6)"),
    "rank 4": (MEMORY[..., None], "shape (None, None, 6, 1)"),
    "none": ([None], "memory"),
}


def looking(name="additive", feed="input", query="old"):
    return AttentionCell(GRUCell(UNITS), ATTENTIONS[name][0](), feed, query)


def alone(make):
    return make().get_layer(return_sequences=True)


def same_as_new(refused, new):
    """The layer that refused a call computes what one does that never got it, with the same weights."""
    expected = new(X, constants=MEMORY)
    refused(X, constants=MEMORY)
    assert [w.shape for w in refused.weights] == [w.shape for w in new.weights]
    refused.set_weights(new.get_weights())
    assert_close(refused(X, constants=MEMORY), expected, tolerance=0)


@pytest.mark.parametrize("name", ATTENTIONS)
@pytest.mark.parametrize("feed, query", [("input", "old"), ("output", "new"), ("both", "new")])
def test_a_memory_without_time_is_refused_by_the_attention_and_forgotten(name, feed, query):
    def make():
        return alone(lambda: looking(name, feed, query))

    rnn = make()
    words = [repr(rnn.cell.attention.name), "memory of shape (None, 6)", "return_sequences"]
    check(lambda: rnn(X, constants=MEMORY[:, 0]), words)
    assert rnn.weights == [] and not rnn.cell.cell.built and not rnn.cell.attention.built
    same_as_new(rnn, make())


@pytest.mark.parametrize("wrong", WRONG)
def test_each_wrong_rank_is_told(wrong):
    rnn, (memory, word) = alone(looking), WRONG[wrong]
    check(lambda: rnn(X, constants=memory), ["one vector for each place", word, "(batch, time, features)"])
    same_as_new(rnn, alone(looking))


def test_a_symbolic_memory_without_time_is_refused_too():
    rnn = alone(looking)
    x = keras.Input((4, UNITS))
    check(lambda: rnn(x, constants=keras.Input((UNITS,))), ["memory of shape (None, 6)"])
    same_as_new(rnn, alone(looking))


def test_a_memory_of_other_features_leaves_no_half_built_cell():
    rnn = alone(lambda: looking("dot"))
    check(lambda: rnn(X, constants=MEMORY[..., :5]), ["GeneralAttention", "a memory of 5 features"])
    assert not rnn.cell.cell.built
    same_as_new(rnn, alone(lambda: looking("dot")))


@pytest.mark.parametrize(
    "wrap", [ResidualCell, HighwayCell, lambda cell: AttentionCell(cell, DotAttention())]
)
def test_the_same_inside_a_wrapper(wrap):
    count = 2 if isinstance(wrap(looking()), AttentionCell) else 1
    rnn, new = (alone(lambda: wrap(looking())) for _ in range(2))
    check(lambda: rnn(X, constants=[MEMORY] * (count - 1) + [MEMORY[:, 0]]), ["memory of shape (None, 6)"])
    assert not rnn.cell.built and rnn.weights == []
    expected = new(X, constants=[MEMORY] * count)
    rnn(X, constants=[MEMORY] * count)
    rnn.set_weights(new.get_weights())
    assert_close(rnn(X, constants=[MEMORY] * count), expected, tolerance=0)


def test_the_same_in_a_stack():
    def make() -> RecurrentSequential:
        return stack(LSTMCell(3), keras.layers.Dense(4), looking("two heads"), return_sequences=True)

    rnn = make()
    check(lambda: rnn(X, constants=MEMORY[:, 0]), ["memory of shape (None, 6)"])
    same_as_new(rnn, make())
