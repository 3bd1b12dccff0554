"""The benchmark compares equal results, counts rightly, and says what it found: values, never times."""

import importlib
import json

import numpy as np
import pytest
from keras import layers

from tests.support.of_benchmarks import module

child = module("child")
data = module("data")
equality = module("equality")
lengths = module("changing_lengths")
limits = module("limits")
memory = module("memory")
others = module("others")
plot = module("plot")
processes = module("processes")
report = module("report")
runner = module("runner")
systems = module("systems")
systems_jax = module("systems_jax")
systems_torch = module("systems_torch")
systems_torch_compiled = module("systems_torch_compiled")
systems_torch_loop = module("systems_torch_loop")
timing = module("timing")
verdicts = module("verdicts")
workloads = module("workloads")
main = module("__main__")

run_program = importlib.import_module("rshop.fast.loops.run_program")

WORKLOADS = workloads.WORKLOADS
KINDS = {workload.kind: workload for workload in WORKLOADS.values()}

needs_jax = pytest.mark.skipif(not systems_jax.installed(), reason=systems_jax.HOW_TO_INSTALL)
needs_torch = pytest.mark.skipif(not systems_torch.installed(), reason=systems_torch.HOW_TO_INSTALL)


# Equal results


@pytest.mark.parametrize("kind", KINDS)
def test_every_system_has_the_results_of_the_reference(kind):
    """Outputs and the weights after one step, for a tiny size of every kind of workload."""
    made, differs = runner.prepare(KINDS[kind].tiny(), eager=True)
    assert differs == {}
    assert {"keras", "rshop", "products"} <= set(made)
    assert ("torch" in made) == (kind in systems_torch.LAYERS and systems_torch.installed())
    assert ("jax" in made) == (kind in systems_jax.NETWORKS and systems_jax.installed())
    for name, kinds in (
        ("torch compile", systems_torch_compiled.NETWORKS),
        ("torch loop", systems_torch_loop.KINDS),
    ):
        assert (name in made) == (kind in kinds and systems_torch.installed())
    assert ("no mask" in made) == (kind == "mask")
    assert ("no loop" in made) == (kind == "lstm")


@pytest.mark.parametrize("kind", ["lstm", "readout"])
def test_graphs_and_xla_have_the_results_of_the_reference(kind):
    """The same with what is timed: compiled functions, with and without XLA."""
    names = ["rshop", "rshop jit", "keras jit"]
    made, differs = runner.prepare(KINDS[kind].tiny(), names)
    assert differs == {}
    assert set(names) <= set(made)


@needs_torch
@pytest.mark.parametrize("kind", systems_torch.LAYERS)
def test_weights_go_to_torch_and_back(kind):
    """What is loaded is what is read again, gate by gate."""
    workload = KINDS[kind].tiny()
    batch = data.batch(workload)
    reference = next(e for e in systems.entries(workload, batch, eager=True) if e.name == "keras").make()
    weights = data.weights(workload, reference.shapes)
    system = systems_torch.TorchSystem(workload, batch)
    system.load(weights)
    for found, given in zip(system.weights(), weights, strict=True):
        np.testing.assert_array_equal(found, given)


@needs_jax
@pytest.mark.parametrize("kind", systems_jax.NETWORKS)
def test_weights_go_to_jax_and_back(kind):
    workload = KINDS[kind].tiny()
    batch = data.batch(workload)
    shapes = runner.prepare(workload, names=[], eager=True)[0]["keras"].shapes
    weights = data.weights(workload, shapes)
    system = systems_jax.JaxSystem(workload, batch)
    system.load(weights)
    for loaded, given in zip(system.weights(), weights, strict=True):
        np.testing.assert_array_equal(loaded, given)


@needs_jax
def test_jax_says_which_workloads_are_written_out():
    workload = WORKLOADS["readout"].tiny()
    with pytest.raises(ValueError, match="not written out in JAX"):
        systems_jax.JaxSystem(workload, data.batch(workload))


@needs_torch
def test_torch_says_which_workloads_it_has_a_layer_for():
    workload = WORKLOADS["highway"].tiny()
    with pytest.raises(ValueError, match="Received: highway. Expected: a workload of kind lstm"):
        systems_torch.TorchSystem(workload, data.batch(workload))


def outcome(gap=0.0, after=0.0):
    outputs = np.full((2, 3), 0.5) + gap
    return {"outputs": outputs, "changes": [np.full((4,), 0.1), np.full((4,), 0.2) + after]}


def test_a_small_gap_is_equal_and_a_large_one_is_told():
    expected = outcome()
    assert equality.difference(outcome(gap=9e-5, after=1e-4), expected) is None
    assert equality.difference(outcome(gap=0.02), expected) == "outputs differ by 2.0e-02 (at most 1.0e-04)"
    assert equality.difference(outcome(after=-0.02), expected) == (
        "weight 1 differs after one step by 1.0e-01 of its change (at most 1.0e-03)"
    )


def test_where_training_draws_numbers_outputs_alone_are_compared():
    assert equality.difference(outcome(after=-0.02), outcome(), draws=True) is None
    assert "outputs differ" in equality.difference(outcome(gap=0.02), outcome(), draws=True)


def test_nan_and_another_shape_are_differences():
    assert "nan" in equality.difference(outcome(gap=np.nan), outcome())
    other = {**outcome(), "outputs": np.zeros((2, 4))}
    assert equality.difference(other, outcome()) == "outputs of shape (2, 4), expected (2, 3)"


def test_a_system_with_another_weight_differs_and_is_not_timed(monkeypatch):
    """The check sees a recurrent kernel that is off by a hundredth; what is left is timed."""
    load = systems.KerasSystem.load

    def wrong(self, weights):
        load(self, [weights[0], 1.01 * weights[1], *weights[2:]])

    workload = WORKLOADS["lstm_small"].tiny()
    entries = systems.entries

    def with_wrong_ours(*args):
        made = entries(*args[:2], eager=True)
        for entry in made:
            if entry.name == "rshop":
                system = entry.make()
                system.load = wrong.__get__(system)
                made = [e for e in made if e is not entry] + [systems.Entry("rshop", lambda s=system: s)]
        return made

    monkeypatch.setattr(systems, "entries", with_wrong_ours)
    row = runner.run(workload, rounds=1, slice_seconds=0.0)
    assert list(row["differs"]) == ["rshop"]
    assert row["differs"]["rshop"].startswith("outputs differ by")
    assert "rshop" not in row["training"] and "keras" in row["training"]
    json.dumps(row)


@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_of_every_workload_matters_for_the_step(kind):
    """No change is zero: a weight that reaches nothing would be equal in every system."""
    workload = KINDS[kind].tiny()
    batch = data.batch(workload)
    reference = next(e for e in systems.entries(workload, batch, eager=True) if e.name == "keras").make()
    found = equality.outcome(reference, data.weights(workload, reference.shapes))
    assert min(np.abs(change).max() for change in found["changes"]) > 1e-5


# Workloads


def test_the_workloads_are_those_that_were_asked_for():
    sizes = {
        name: (w.sizes.batch, w.sizes.time, w.sizes.features, w.sizes.units) for name, w in WORKLOADS.items()
    }
    assert sizes["lstm_small"] == (16, 50, 16, 32)
    assert sizes["lstm_medium"] == sizes["gru_medium"] == sizes["simple_medium"] == (32, 100, 128, 128)
    assert sizes["lstm_large"] == (64, 200, 256, 256)
    assert sizes["original"] == (10, 1000, 10, 10) and WORKLOADS["original"].sizes.depth == 3
    assert WORKLOADS["highway"].sizes.depth == 4
    assert (WORKLOADS["readout"].sizes.tokens, WORKLOADS["readout"].sizes.time) == (2000, 50)
    assert WORKLOADS["attention"].sizes == WORKLOADS["additive"].sizes
    assert [sizes[f"batch_{n}"] for n in workloads.BIG_BATCHES] == [
        (n, 30, 16, 64) for n in (256, 1024, 4096, 16_384)
    ]
    assert WORKLOADS["attention"].sizes.positions == 50


def test_a_choice_of_workloads_is_by_name_and_an_unknown_name_lists_them():
    assert [w.name for w in workloads.chosen(["mask", "gru_medium"], quick=True)] == ["mask", "gru_medium"]
    assert {w.name for w in workloads.chosen(None, quick=True)} < set(WORKLOADS)
    assert [w.name for w in workloads.chosen(None, quick=False)] == list(WORKLOADS)
    with pytest.raises(ValueError, match="Received: --only lstm. Expected: one of lstm_small"):
        workloads.chosen(["lstm"], quick=False)


def test_a_batch_is_the_same_each_time_and_its_mask_begins_every_row():
    first, again = data.batch(WORKLOADS["mask"]), data.batch(WORKLOADS["mask"])
    for a, b in zip(first.inputs, again.inputs, strict=True):
        np.testing.assert_array_equal(a, b)
    mask = first.inputs[1]
    assert mask[:, 0].all() and mask[0].all() and not mask.all()
    assert (np.diff(mask.astype(int), axis=1) <= 0).all()


def test_batches_of_changing_lengths_are_padded_to_their_own_longest():
    drawn = [list(lengths.batches(40, buckets)) for buckets in (False, True)]
    for batches in drawn:
        for x, y in batches:
            assert x.shape[0] == y.shape[0] == lengths.BATCH
            ends = (x != 0).sum(axis=1)
            assert ends.max() == x.shape[1] and ends.min() >= max(1, x.shape[1] // 2)
            np.testing.assert_array_equal(x != 0, np.arange(x.shape[1])[None] < ends[:, None])
    anything, buckets = ({x.shape[1] for x, _ in batches} for batches in drawn)
    assert len(anything) > 20 and min(anything) >= 5 and max(anything) < 120
    assert buckets == set(lengths.BUCKETS)


def test_a_clock_notes_the_seconds_of_its_marks(monkeypatch):
    now = iter(np.arange(10.0, 100.0, 0.5))
    monkeypatch.setattr(lengths.time, "perf_counter", lambda: next(now))
    clock = lengths.Clock(start=8.0)
    for batch in range(60):
        clock.on_train_batch_end(batch)
    assert clock.at == {"1": 2.0, "20": 2.5, "50": 3.0}


def test_both_ways_to_train_with_changing_lengths_pass_their_marks(monkeypatch):
    monkeypatch.setattr(lengths, "LONGEST", 9)
    monkeypatch.setattr(lengths, "MARKS", (1, 3))
    for run in (lengths.by_fit, lengths.by_hand):
        at = run(lambda: layers.SimpleRNN(lengths.UNITS), 3)
        assert list(at) == ["1", "3"] and 0 < at["1"] < at["3"]


# The machine's own limit


def test_operations_of_an_lstm_by_hand():
    """Forward: 2 * 16 * 50 * (16 + 32) * 128; backward adds two products for the state, one for the data."""
    workload = WORKLOADS["lstm_small"]
    data_product, state_product = 2 * 16 * 50 * 16 * 128, 2 * 16 * 50 * 32 * 128
    assert limits.operations(workload, training=False) == data_product + state_product
    assert limits.operations(workload, training=True) == 2 * data_product + 3 * state_product


@pytest.mark.parametrize("kind", KINDS)
def test_each_weight_matrix_of_a_workload_has_its_product(kind):
    """The inner and outer sizes of the products hold as many numbers as the matrices of the reference."""
    workload = KINDS[kind].tiny()
    batch = data.batch(workload)
    reference = next(e for e in systems.entries(workload, batch, eager=True) if e.name == "keras").make()
    matrices = [shape for shape in reference.shapes if len(shape) == 2 and shape[0] > 2]
    listed = limits.products(workload)
    assert sum(p.inner * p.columns for p in listed) == sum(rows * columns for rows, columns in matrices)


# Timing


def test_each_round_gives_every_system_its_slice_and_begins_with_another():
    order = []
    calls = {name: lambda name=name: order.append(name) for name in "abc"}
    samples = timing.interleaved(calls, rounds=4, slice_seconds=0.0)
    warm = 3 * timing.WARM_CALLS
    assert order[:warm] == [name for name in "abc" for _ in range(timing.WARM_CALLS)]
    assert "".join(order[warm:]) == "abcbcacababc"
    assert {name: len(taken) for name, taken in samples.items()} == {"a": 4, "b": 4, "c": 4}


def test_warming_up_takes_a_small_loop_past_the_calls_after_which_it_is_compiled():
    made = []
    timing.warm(lambda: made.append(1))
    assert len(made) == timing.WARM_CALLS > run_program.COLD_CALLS


def test_warming_up_ends_early_where_a_call_is_long(monkeypatch):
    clock, made = iter(np.arange(0, 100, timing.WARM_SECONDS)), []
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    timing.warm(lambda: made.append(1))
    # The clock is read once before, and from the fourth call on.
    assert len(made) == 4


def test_the_long_loop_whose_memory_is_measured_is_compiled_at_once():
    s = child.LONG.sizes
    assert s.batch * s.time * (s.features + s.units) * 4 * s.units > run_program.MUCH_WORK


def test_a_slice_repeats_a_call_that_is_short(monkeypatch):
    clock = iter(np.arange(0, 100, 0.25))
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(clock))
    samples = timing.interleaved({"a": lambda: None}, rounds=2, slice_seconds=2.0)
    assert samples == {"a": [0.25] * 6}


def test_the_summary_of_known_numbers():
    assert timing.summary([0.004, 0.001, 0.002, 0.003, 0.1]) == pytest.approx(
        {"median": 3.0, "low": 2.0, "high": 4.0, "calls": 5}
    )
    with pytest.raises(ValueError, match=r"Received: \[\]"):
        timing.summary([])


def test_the_median_of_processes_is_taken_number_by_number():
    values = [{"a": 1.0, "b": {"c": 9.0}}, {"a": 5.0, "b": {"c": 7.0}}, {"a": 2.0, "b": {"c": 8.0}}]
    assert processes.median_of(values) == {"a": 2.0, "b": {"c": 8.0}}


# Verdicts and report


def test_the_geometric_mean_of_halves_and_doubles_is_one():
    assert verdicts.geometric_mean([0.5, 2.0]) == pytest.approx(1.0)
    assert verdicts.geometric_mean([0.1, 0.4, 0.8]) == pytest.approx(0.032 ** (1 / 3))
    with pytest.raises(ValueError, match=r"Received: \[\]"):
        verdicts.geometric_mean([])


def test_torchs_own_layer_counts_and_else_the_faster_way_by_hand():
    by_hand = timed(torch_loop=2.0, torch_compile=1.0)
    assert verdicts.best_torch(by_hand) == "torch compile"
    assert verdicts.best_torch({**by_hand, **timed(torch=9.0)}) == "torch"
    assert verdicts.best_torch(timed(rshop=1.0)) is None


@pytest.mark.parametrize(
    "ratio, bar, word",
    [(0.7, 0.7, "holds"), (0.71, 0.7, "OVER"), (None, 0.7, "not measured"), (3.0, None, "-")],
)
def test_a_verdict_is_a_ratio_beside_its_bar(ratio, bar, word):
    assert verdicts.Verdict("x", ratio, bar).word == word


@pytest.mark.parametrize("low, word", [(0.69, "within noise"), (0.7, "within noise"), (0.705, "OVER")])
def test_a_ratio_whose_quartiles_reach_its_bar_is_within_noise(low, word):
    assert verdicts.Verdict("x", 0.71, 0.7, low=low).word == word
    assert verdicts.Verdict("x", 0.6, 0.7, low=low).word == "holds"


def timed(**milliseconds):
    names = {name.replace("_", " "): value for name, value in milliseconds.items()}
    return {n: {"median": m, "low": 0.9 * m, "high": 1.1 * m, "calls": 9} for n, m in names.items()}


def row(title, differs=None, **modes):
    return {"title": title, "differs": differs or {}, **modes}


def fixed_results():
    """Two workloads and the figures of processes, with ratios that are easy to see."""
    small = row(
        "LSTM, small",
        training=timed(rshop=2.0, keras=10.0, keras_jit=4.0, torch=1.0, no_loop=1.5, products=0.5),
        inference=timed(rshop=1.0, keras=4.0, keras_jit=2.0, torch=0.5, products=0.1),
    )
    masked = row(
        "LSTM, variable lengths",
        training=timed(rshop=20.0, keras=18.0, loop=10.0, no_mask=16.0),
        inference=timed(rshop=9.0, keras=10.0, no_mask=9.0),
        differs={"torch": "outputs differ by 2.0e-02 (at most 1.0e-04)"},
    )
    first = {
        "rshop": {"first": 3.0, "import": 6.0, "second": 0.04, "hundred": 9.0},
        "keras": {"first": 2.0, "import": 6.0, "second": 0.05, "hundred": 10.0},
    }
    memory = {"rshop": {"imports": 700.0, "peak": 1050.0}, "keras": {"imports": 690.0, "peak": 1000.0}}
    steps = {"100": (10.0, 700.0), "1000": (100.0, 790.0), "10000": (1000.0, 1780.0)}
    grown = {"import": 6.0} | {t: {"milliseconds": ms, "peak": mb} for t, (ms, mb) in steps.items()}
    outside = {
        "rshop": {"call": {"first": 0.2, "second": 0.1}, "gradient": {"first": 3.0, "second": 0.5}},
        "keras": {"call": {"first": 1.0, "second": 1.0}, "gradient": {"first": 2.0, "second": 2.0}},
    }
    lengths = {
        "rshop": {"seconds": {"1": 1.0, "50": 15.0, "200": 22.0, "500": 25.0}},
        "keras": {"seconds": {"1": 2.0, "50": 10.0, "200": 20.0, "500": 50.0}},
    }
    return {
        "date": "2025-01-31",
        "machine": {
            "processor": "A Processor",
            "cores": 2,
            "threads": 2,
            "system": "Linux x86_64",
            "python": "3.11.7",
            "versions": {"keras": "3.15.1", "torch": None},
        },
        "others": 0.03,
        "workloads": {"lstm_small": small, "mask": masked},
        "processes": {
            "first_step": first,
            "first_prediction": first,
            "peak_memory": memory,
            "growth": {"rshop": grown, "keras": grown},
            "outside": outside,
            "lengths_fit": lengths,
            "lengths_by_hand": lengths,
        },
    }


def bars_of(results):
    return {
        v.name: (None if v.ratio is None else round(v.ratio, 3), v.bar, v.word)
        for v in verdicts.all_bars(results)
    }


def unknown(bar):
    return None, bar, "not measured"


def test_every_bar_of_known_results():
    """Training ratios 2/4 and 20/10: mean 1, largest 2; inference 1/2 and 9/10; and so on."""
    bars, changing = bars_of(fixed_results()), "changing lengths"
    best = "rshop / best Keras"
    assert bars == {
        f"training, {best}: geometric mean": (1.0, 0.7, "OVER"),
        f"training, {best}: the largest": (2.0, 1.05, "OVER"),
        "training, small LSTM, rshop / keras.layers.LSTM by default": (0.2, 0.4, "holds"),
        f"inference, {best}: geometric mean": (0.671, 0.9, "holds"),
        f"inference, {best}: the largest": (0.9, 1.05, "holds"),
        "inference, small LSTM, rshop / keras.layers.LSTM by default": (0.25, 0.5, "holds"),
        "training, rshop / torch.nn: geometric mean": (2.0, 1.0, "OVER"),
        "training, small LSTM, rshop / torch": (2.0, 1.0, "OVER"),
        "training, small LSTM, rshop / jax": (None, 1.2, "not measured"),
        "training, small LSTM, Keras without any loop / torch": (1.5, None, "-"),
        "training, small LSTM, Keras without any loop / jax": (None, None, "not measured"),
        "training, medium LSTM, rshop / torch": (None, 1.0, "not measured"),
        "training, with a mask / without": (1.25, 1.15, "within noise"),
        "inference, with a mask / without": (1.0, 1.15, "holds"),
        **{
            f"training, batch {batch}, rshop / best Keras": (None, 1.0, "not measured")
            for batch in ("256", "1,024", "4,096", "16,384")
        },
        "1,000 characters, rshop / a loop over predict": (None, 0.1, "not measured"),
        "1,000 characters, rshop / tf.while_loop by hand": (None, 1.2, "not measured"),
        "1,000 characters, both compiled by XLA": unknown(1.2),
        "beam search, rshop / tf.while_loop by hand": (None, 1.2, "not measured"),
        "beam search, both compiled by XLA": unknown(1.2),
        "beam search with attention, rshop / tf.while_loop by hand": unknown(1.2),
        "beam search with attention, both compiled by XLA": unknown(1.2),
        "first training step, rshop / Keras by default": (1.5, 1.3, "OVER"),
        "first training step with the imports, rshop / Keras by default": (1.125, None, "-"),
        "first 100 training steps, rshop / Keras by default": (0.9, None, "-"),
        "first prediction, rshop / Keras by default": (1.5, 1.3, "OVER"),
        "peak memory at T = 1,000, rshop / Keras by default": (1.05, 1.1, "holds"),
        "training, rshop: time of one more timestep, T to 10,000 / T to 1,000": (1.0, 1.15, "holds"),
        "training, rshop: memory of one more timestep, T to 10,000 / T to 1,000": (1.1, 1.15, "holds"),
        "first call outside of a graph, T = 500, rshop / Keras": (0.2, 1.0, "holds"),
        "later call outside of a graph, T = 500, rshop / Keras": (0.1, 1.0, "holds"),
        "first gradient outside of a graph, T = 500, rshop / Keras": (1.5, 1.0, "OVER"),
        "later gradient outside of a graph, T = 500, rshop / Keras": (0.25, 1.0, "holds"),
        f"{changing}, fit, rshop / Keras: the largest until batch 100": (1.5, 1.25, "OVER"),
        f"{changing}, fit, rshop / Keras: the largest later": (1.1, 1.0, "OVER"),
        f"{changing}, fit in buckets, rshop / Keras: the largest until batch 100": unknown(1.25),
        f"{changing}, fit in buckets, rshop / Keras: the largest later": unknown(1.0),
        f"{changing}, train_on_batch, rshop / Keras: the largest until batch 100": (1.5, 1.25, "OVER"),
        f"{changing}, train_on_batch, rshop / Keras: the largest later": (1.1, 1.0, "OVER"),
        f"{changing}, fit: seconds of a warm batch, rshop / Keras": (0.1, 0.43, "holds"),
    }


def test_what_was_not_measured_is_said_and_never_counted_as_held():
    results = fixed_results() | {"processes": {}, "workloads": {}}
    words = {word for _, _, word in bars_of(results).values()}
    assert words == {"not measured"}
    assert "holds" not in report.screen(results)


def test_a_workload_where_rshop_differs_is_left_out_by_name():
    results = fixed_results()
    del results["workloads"]["mask"]["training"]["rshop"]
    results["workloads"]["mask"]["differs"]["rshop"] = "outputs differ"
    mean = verdicts.all_bars(results)[0]
    assert mean.ratio == pytest.approx(0.5)
    assert mean.note == "1 workloads; without LSTM, variable lengths"
    assert "DIFFERS" in report.ratios(results, "training").splitlines()[-1]


def test_the_tables_of_known_results():
    text = report.screen(fixed_results())
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0].startswith("2025-01-31, A Processor, 2 cores, 2 threads, Linux x86_64, Python 3.11.7")
    assert "torch (not installed)" in lines[0]
    assert lines[1] == "Other programs took 3 % of the processors."
    assert "keras jit the same, compile(jit_compile=True)" in lines
    assert "LSTM, small 2.00 ±10% 10.00 ±10% 4.00 ±10% 1.00 ±10% 1.50 ±10% 0.50 ±10%" in lines
    assert "LSTM, variable lengths 20.00 ±10% 18.00 ±10% 10.00 ±10% DIFFERS 16.00 ±10%" in lines
    assert "LSTM, small 0.50 1.05 holds keras jit 2.00 - - - - 4.00" in lines
    assert "LSTM, variable lengths 2.00 1.05 OVER loop - - - - - -" in lines
    assert "DIFFERS: LSTM, variable lengths, torch: outputs differ by 2.0e-02 (at most 1.0e-04)" in lines
    first = "first training step, rshop: 3.00 s after 6.00 s of imports; the second 40.0 ms"
    assert f"{first}; a hundred within 9.0 s" in lines
    assert (
        "growth, rshop: T = 100: 10.0 ms, 700 MB; T = 1,000: 100.0 ms, 790 MB; T = 10,000: 1000.0 ms, 1780 MB"
        in lines
    )
    assert "training, with a mask / without 1.25 1.15 within noise" in lines
    assert "outside of a graph, T = 500, rshop: call 0.20 s, then 0.100; gradient 3.00 s, then 0.500" in lines
    seconds = "seconds until batch 1: 1.0, 50: 15.0, 200: 22.0, 500: 25.0"
    assert f"changing lengths, fit, rshop, {seconds}" in lines


def test_the_markdown_has_a_row_for_each_workload_and_each_bar():
    text = report.markdown(fixed_results())
    assert (
        "| LSTM, small | 2.0 | 4.0 (keras jit) | 0.50 | 2.00 | - | 1.0 | 2.0 (keras jit) | 0.50 | 2.00 | - |"
        in text
    )
    assert "| peak memory at T = 1,000, rshop / Keras by default | 1.05 | 1.1 | holds |" in text
    columns = {
        line.count("|") for line in text.splitlines() if line.startswith("| LSTM") or "milliseconds" in line
    }
    assert columns == {12}


def test_the_picture_shows_ratios_to_the_best_keras_way(tmp_path):
    points = plot.positions(fixed_results(), "training")
    assert points["rshop"] == [pytest.approx((0, 0.5, 0.45, 0.55)), pytest.approx((1, 2.0, 1.8, 2.2))]
    assert points["keras jit"] == [pytest.approx((0, 1.0, 0.9, 1.1))]
    path = tmp_path / "ratios.png"
    plot.save(fixed_results(), path)
    assert path.read_bytes().startswith(b"\x89PNG")


# The command


def test_a_run_of_one_workload_writes_its_files(tmp_path, monkeypatch, capsys):
    """The whole command for a tiny workload: the JSON has the medians and every bar with its verdict."""
    monkeypatch.setattr(workloads, "chosen", lambda only, quick: [WORKLOADS["simple_medium"].tiny()])
    paths = {name: tmp_path / "made" / f"file.{name}" for name in ("json", "markdown", "plot")}
    options = [part for name, path in paths.items() for part in (f"--{name}", str(path))]
    paths["plot"] = options[-1] = str(paths["plot"]) + ".png"
    assert main.main(["--quick", "--repeats", "1", "--only", "simple_medium", *options]) == 0
    results = json.loads(paths["json"].read_text())
    assert {"rshop", "keras", "keras jit", "products"} <= set(
        results["workloads"]["simple_medium"]["training"]
    )
    assert [bar["verdict"] for bar in results["bars"]][-1] == "not measured"
    assert results["pace"]["rounds"] == 1
    printed = capsys.readouterr().out
    assert "[1/1, " in printed and "SimpleRNN, medium: training " in printed
    assert "| SimpleRNN, medium |" in paths["markdown"].read_text()


def test_the_figures_of_fresh_processes_can_be_chosen_by_name():
    assert main.chosen_figures(["growth", "mask"], quick=True) == ["growth"]
    assert main.chosen_figures(["mask"], quick=False) == []
    assert main.chosen_figures([], quick=False) == list(processes.FIGURES)
    assert set(processes.FIGURES) == set(child.TASKS)


def test_a_process_that_fails_says_how_to_run_it_by_itself():
    with pytest.raises(RuntimeError, match="benchmarks.child first_step"):
        processes._run("first_step", "")


def test_a_busy_machine_is_told(monkeypatch):
    """4 of 10 ticks busy, 3 of them ours: others took a tenth; a warning comes above that."""
    ticks = iter([(100, 50, 20), (110, 54, 23), (100, 0, 0), (200, 50, 25)])
    monkeypatch.setattr(others, "_ticks", lambda: next(ticks))
    watched = others.Others()
    assert watched.share() == pytest.approx(0.1)
    watched = others.Others()
    assert watched.share() == pytest.approx(0.25)
    assert others.words(0.1) == "Other programs took 10 % of the processors."
    assert others.words(0.25).endswith("WARNING: these numbers are rough; run it on an idle machine.")
    assert "not known" in others.words(None)


def test_peak_memory_is_at_least_what_an_array_takes():
    before = memory.peak()
    np.ones(40_000_000 // 4, "float32").sum()
    assert memory.peak() >= before > 30
