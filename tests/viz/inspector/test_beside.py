"""A second run beside the first: its numbers, the differences, and where the two part."""

import base64

import keras
import numpy as np
import pytest

import rshop
import viz
from rshop import GRUCell, LSTMCell, RecurrentModel, RecurrentSequential
from tests.support.payloads import accumulator, layer, normal, numbers, record
from viz.inspector.inspect import Inspector
from viz.inspector.payload import build_payload


def second(payload, name, role, sample=0):
    """The frames of a value of the second run as the browser reads them, `(frames, units)`."""
    place = next(i for i, v in enumerate(payload["values"]) if (v["name"], v["role"]) == (name, role))
    sent = payload["beside"]["values"][str(place)]
    data = np.frombuffer(base64.b64decode(payload["data"]), "<f4")
    size = payload["values"][place]["rows"] * payload["values"][place]["columns"]
    start = sent["start"] + sample * sent["frames"] * size
    return data[start : start + sent["frames"] * size].reshape(-1, size)[sent["lag"] :]


def partings(rnn, x, beside, **call):
    return build_payload.record(rnn, x, beside=beside, **call).beside.partings


def forced():
    x, h, r = keras.Input((3,), name="x"), keras.Input((3,), name="h"), keras.Input((3,), name="r")
    n = 0.5 * h + x + 0.25 * r
    options = {"readout_input": r, "teacher_force": True, "return_sequences": True}
    return RecurrentModel(x, n, h, n, **options)


# The numbers


def test_the_second_run_has_the_numbers_of_its_own_trace():
    rnn, x, other = layer(), normal(2, 5, 3), normal(2, 5, 3, seed=1)
    payload, trace = record(rnn, x, beside=other), rshop.trace(rnn, other)
    for sample in (0, 1):
        np.testing.assert_array_equal(second(payload, "x", "input", sample), other[sample])
        np.testing.assert_array_equal(numbers(payload, "x", "input", sample), x[sample])
        for name in ("h", "c"):
            np.testing.assert_array_equal(second(payload, name, "state", sample), trace.states[name][sample])
        for name in ("forget_gate", "candidate", "h"):
            np.testing.assert_array_equal(second(payload, name, "inner", sample)[:5], trace[name][sample])
        np.testing.assert_array_equal(second(payload, "output", "output", sample)[:5], trace.outputs[sample])


def test_what_is_equal_in_the_first_run_may_differ_in_the_second():
    """At a masked timestep the second run hands out zeros, where its state stays."""
    rnn, x = accumulator(zero_output_for_mask=True), normal(1, 4, 3)
    mask = np.array([[True, True, False, True]])
    payload, trace = record(rnn, x, beside={"mask": mask}), rshop.trace(rnn, x, mask=mask)
    first = {(v["name"], v["role"]): v["start"] for v in payload["values"]}
    assert first["h", "state"] == first["output", "output"]
    state, output = second(payload, "h", "state")[1:], second(payload, "output", "output")[:4]
    np.testing.assert_array_equal(state, trace.states["h"][0, 1:])
    np.testing.assert_array_equal(output, trace.outputs[0])
    assert (state[2] != output[2]).all()


def test_a_trace_recorded_before_training_stands_beside_the_run_after_it():
    rnn, x = layer(units=2), normal(1, 4, 3)
    before = rshop.trace(rnn, x)
    old = {name: array.copy() for name, array in before.states.items()}
    rnn.set_weights([0.5 * weight for weight in rnn.get_weights()])
    payload = record(rnn, x, beside=before)
    np.testing.assert_array_equal(second(payload, "h", "state"), old["h"][0])
    np.testing.assert_array_equal(numbers(payload, "h", "state"), rshop.trace(rnn, x).states["h"][0])
    assert payload["beside"]["partings"][0]["t"] == 0


def test_another_stack_is_paired_by_what_a_person_calls_its_cells():
    def stack():
        made = RecurrentSequential(return_sequences=True)
        made.add(LSTMCell(2, input_dim=3))
        made.add(LSTMCell(2))
        return made

    one, other, x = stack(), stack(), normal(1, 3, 3)
    payload = build_payload.record(one, x, beside=other)
    trace = rshop.trace(other, x)
    states = [place for place, value in enumerate(payload.values) if value.role == "state"]
    assert len(states) == 4 and payload.beside.notes == []
    for place, array in zip(states, trace.states.values(), strict=True):
        np.testing.assert_array_equal(payload.beside.values[place], array)


def test_values_that_one_run_alone_has_are_listed():
    rnn, x = layer(units=4), normal(1, 3, 3)
    beside = build_payload.record(rnn, x, beside=layer(GRUCell, units=4)).beside
    shapes, mine, other = beside.notes
    assert shapes.startswith("Of another shape in each run: ") and "kernel (16 and 12)" in shapes
    assert mine.startswith("Only this run has c, ") and "forget gate" in mine and "GRU" not in mine
    assert other.startswith("Only the run beside it has ") and "reset gate" in other
    wider = build_payload.record(rnn, x, beside=layer(units=5)).beside
    assert all(value.shape[-1] == 3 for value in wider.values.values())  # x alone
    assert len(wider.notes) == 1 and "h (4 and 5), c (4 and 5)" in wider.notes[0]


def test_what_the_second_call_does_not_say_is_as_in_the_first():
    rnn, x, start = accumulator(), normal(1, 3, 3), normal(1, 3, seed=1)
    payload = record(rnn, x, initial_state=start, beside={"x": 2 * x})
    np.testing.assert_array_equal(second(payload, "h", "state")[0], start[0])
    np.testing.assert_array_equal(second(payload, "x", "input"), 2 * x[0])


def test_both_runs_share_the_size_and_are_cut_alike():
    rnn, x = layer(units=16), normal(3, 200, 3)
    alone, both = (build_payload.record(rnn, x, megabytes=0.05, beside=b) for b in (None, x + 1))
    assert both.steps < alone.steps
    kept = [value.array.shape for value in both.values]
    assert [both.beside.values[place].shape for place in range(len(kept))] == kept
    assert len(record(rnn, x, megabytes=0.2, beside=x + 1)["data"]) < 0.25e6


def test_a_page_without_a_second_run_says_nothing_of_one():
    payload = record(layer(), normal(1, 3, 3))
    assert "beside" not in payload
    assert "beside" not in repr(viz.inspect(layer(), normal(1, 3, 3)))


# Where they part


@pytest.mark.parametrize("at", [0, 2, 4])
def test_runs_part_where_the_input_changes_by_what_the_state_changes(at):
    rnn, x = accumulator(), normal(2, 5, 3)
    other = x.copy()
    other[1, at, 2] += 0.25
    same, parted = partings(rnn, x, other)
    assert (same.t, same.text) == (None, "The two runs are the same at every timestep.")
    assert parted.t == at
    before = "; before it they are the same" if at else ""
    assert parted.text == f"The runs part at timestep {at}: h differs by 0.25{before}."


def test_differences_below_the_tolerance_are_no_parting_but_are_said():
    rnn, x = accumulator(), np.zeros((1, 4, 3), "float32")
    other = x.copy()
    other[0, 1], other[0, 3] = 4e-6, 1.0
    assert partings(rnn, x, other)[0].text == (
        "The runs part at timestep 3: h differs by 1; before it they are at most 4e-06 apart."
    )
    other[0, 3] = 0
    (near,) = partings(rnn, x, other)
    assert near.t is None and near.text.endswith("but for differences of at most 4e-06.")


def test_the_parting_is_the_first_divergence_of_compare():
    rnn, x = layer(), normal(1, 6, 3)
    other = x.copy()
    other[0, 3] *= 1.5
    found = viz.compare(rshop.trace(rnn, x), rshop.trace(rnn, other), "c", ax=False)
    (parting,) = partings(rnn, x, other)
    assert parting.t == found.first_divergence == 3


def test_other_first_states_part_before_the_first_timestep():
    (parting,) = partings(accumulator(), normal(1, 3, 3), {"initial_state": np.full((1, 3), 0.5)})
    assert (parting.t, parting.text) == (
        -1,
        "The runs part before the first timestep: the first h differs by 0.5.",
    )


def test_a_forced_run_parts_from_a_free_one_where_the_first_truth_is_read():
    rnn, x = forced(), normal(1, 4, 3)
    truth = np.ones((1, 4, 3), "float32")
    (parting,) = partings(rnn, x, {"training": False}, ground_truth=truth, training=True)
    states = [rshop.trace(rnn, x, ground_truth=truth, training=on).states["h"][0] for on in (True, False)]
    gap = np.abs(states[0][2] - states[1][2]).max()
    assert (parting.t, f"h differs by {gap:.2g};" in parting.text) == (1, True)


def test_nan_in_one_run_only_is_a_parting_and_in_both_is_none():
    x = normal(1, 4, 3)
    x[0, 1, 0] = np.nan
    assert partings(accumulator(), x, x.copy())[0].t is None
    (parting,) = partings(accumulator(), normal(1, 4, 3), x)
    assert (parting.t, "h is NaN or infinite in one run only" in parting.text) == (1, True)


def test_what_lies_under_the_masks_of_both_runs_does_not_part_them():
    x, mask = normal(1, 4, 3), np.array([[True, True, False, True]])
    other = x.copy()
    other[0, 2] = 9
    assert partings(accumulator(), x, other, mask=mask)[0].t is None
    assert partings(accumulator(), x, other)[0].t == 2


# What cannot stand beside


def test_runs_of_other_sizes_are_refused():
    rnn, x = accumulator(), normal(2, 5, 3)
    for other in (x[:, :4], x[:1], rshop.trace(rnn, x[:, :3])):
        with pytest.raises(ValueError, match=r"one clock. Received: \(samples, timesteps\) \(2, 5\) and"):
            viz.inspect(rnn, x, beside=other)


def test_what_is_no_run_is_refused():
    rnn, x = accumulator(), normal(1, 3, 3)
    for other in ("before", 3, lambda: x, keras.Input((3,))):
        with pytest.raises(TypeError, match="no second run. Received: beside=.*Fix: beside="):
            viz.inspect(rnn, x, beside=other)
    with pytest.raises(TypeError, match="not called with this argument. Received: trainin=.*training=..."):
        viz.inspect(rnn, x, beside={"trainin": True})
    one_hot = viz.inspect(rnn, x, beside={"x": x})
    assert isinstance(one_hot, Inspector) and repr(one_hot).endswith("beside the same call with another x")
    other = viz.inspect(rnn, x, beside={"training": True, "initial_state": np.ones((1, 3))})
    assert repr(other).endswith("beside the same call with training=True, another initial_state")


def test_runs_with_nothing_in_common_are_refused():
    x, h = keras.Input((2,), name="signal"), keras.Input((2,), name="memory")
    n = keras.layers.Dense(2, name="mix")(x + h)
    rnn = RecurrentModel(x, {"end": n}, h, n, return_sequences=True)
    trace = rshop.trace(layer(), normal(1, 3, 3))
    with pytest.raises(ValueError, match=r"no value in common. Received: signal, memory"):
        viz.inspect(rnn, normal(1, 3, 2), beside=trace)
