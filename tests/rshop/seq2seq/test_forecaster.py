"""`Forecaster`: its numbers against NumPy and Keras, the scale, saving, masks, what it refuses."""

import keras
import numpy as np
import pytest
from keras import layers

from rshop import GRUCell, LSTMCell, SimpleRNNCell, Stepper
from rshop.seq2seq import Forecaster
from tests.support.errors import check, named, ones
from tests.support.fresh import differences, write

RNG = np.random.default_rng(0)
SERIES = RNG.normal(size=(3, 30, 2)).astype("float32") * [3.0, 200.0] + [5.0, 1000.0]
KNOWN = RNG.normal(size=(3, 30, 2)).astype("float32") + 4.0
KINDS = {
    "closed": {},
    "direct": {"mode": "direct"},
    "closed, known": {"known_future": 2, "cell": LSTMCell, "scale": "window"},
    "direct, known": {"known_future": 2, "mode": "direct", "depth": 2, "cell": layers.GRUCell},
}


def made(kind="closed", **options):
    """A model for `SERIES` with every weight drawn, its scale measured."""
    model = Forecaster(5, 4, **{"window": 7, **KINDS[kind], **options})
    model.build([(None, 7, 2), (None, 11, model.known_future)])
    model.scaling.measure(list(SERIES))
    model.known_scaling.measure(list(KNOWN[..., : model.known_future]))
    rng = np.random.default_rng(3)
    for weight in model.trainable_weights:
        weight.assign(rng.normal(size=weight.shape) * 0.4)
    return model


def known_of(model, length):
    return KNOWN[:, :length] if model.known_future else None


def by_hand(model, x, known, truth=None):
    """What a `SimpleRNNCell` and a matrix say, in NumPy: each forecast (or truth) is the next value."""
    w, u, b, v, c = (np.array(weight, "float64") for weight in model.decoder.trainable_weights)
    values = SERIES.reshape(-1, 2).astype("float64")
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    x = (x - mean) / deviation
    if known is not None:
        rows = KNOWN.reshape(-1, 2).astype("float64")
        known = (known - rows.mean(axis=0)) / rows.std(axis=0)
    h, forecasts, n = np.zeros((len(x), 5)), [], x.shape[1]
    for t in range(n + 3):
        seen = x[:, t] if t < n else forecasts[-1]
        if t >= n and truth is not None:
            seen = (truth[:, t - n] - mean) / deviation
        if known is not None:
            seen = np.concatenate([seen, known[:, t + 1]], axis=1)
        h = np.tanh(seen @ w + h @ u + b)
        if t >= n - 1:
            forecasts.append(h @ v + c)
    return np.stack(forecasts, axis=1) * deviation + mean


@pytest.mark.parametrize("known", [0, 2])
def test_a_closed_loop_reads_its_own_forecast_as_in_numpy(known):
    model = made(cell=SimpleRNNCell, known_future=known)
    x, beside = SERIES[:, 3:10], KNOWN[:, 3:14] if known else None
    expected = by_hand(model, x, beside)
    got = model.predict(SERIES[:, :10], known_of(model, 14))
    np.testing.assert_allclose(got, expected, rtol=2e-4)
    assert got.shape == (3, 4, 2)


@pytest.mark.parametrize("known", [0, 2])
def test_training_reads_the_truth_and_not_the_forecast(known):
    model = made(cell=SimpleRNNCell, known_future=known)
    x, target, beside = SERIES[:, :7], SERIES[:, 7:11], KNOWN[:, :11, :known]
    forced = model([x, beside, target], training=True)
    expected = by_hand(model, x, beside if known else None, target)
    np.testing.assert_allclose(forced, expected, rtol=2e-4)
    free = by_hand(model, x, beside if known else None)
    assert np.abs(free - expected).max() > 1.0
    np.testing.assert_allclose(model([x, beside, target], training=False), free, rtol=2e-4)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_scheduled_sampling_is_forcing_at_one_and_free_at_zero(p):
    model = made(cell=SimpleRNNCell, teacher_force=keras.Variable(p))
    x, target = SERIES[:, :7], SERIES[:, 7:11]
    got = model([x, KNOWN[:, :11, :0], target], training=True)
    np.testing.assert_allclose(got, by_hand(model, x, None, target if p else None), rtol=2e-4)


def test_a_closed_loop_goes_on_beyond_its_horizon_as_a_stepper_does():
    model = made("closed")
    long = model.predict(SERIES[:, :10], horizon=9)
    np.testing.assert_allclose(long[:, :4], model.predict(SERIES[:, :10]), rtol=1e-5)
    center, size = (np.array(part) for part in model.scaling(SERIES))
    x = (SERIES[:, 3:10] - center) / size
    states = model.reader(x[:, :-1])[1:]
    stepper = Stepper(model.decoder, 3, initial_state=states, initial_readout=x[:, -1])
    steps = [np.array(stepper.step(ones(3, 1))) for _ in range(9)]
    np.testing.assert_allclose(long, np.stack(steps, axis=1) * size + center, rtol=1e-4)


def test_a_direct_forecast_is_a_layer_of_keras_and_one_matrix():
    model = made("direct, known")
    x, known = keras.Input((7, 2)), keras.Input((11, 2))
    first, second = layers.GRU(5, return_sequences=True), layers.GRU(5)
    h = second(first(layers.Concatenate()([x, known[:, :7]])))
    h = layers.Concatenate()([h, layers.Flatten()(known[:, 7:])])
    twin = keras.Model([x, known], layers.Reshape((4, 2))(layers.Dense(8)(h)))
    twin.set_weights([np.array(w) for w in model.trainable_weights])
    mean, deviation = (f(SERIES.reshape(-1, 2), axis=0) for f in (np.mean, np.std))
    middle, width = (f(KNOWN.reshape(-1, 2), axis=0) for f in (np.mean, np.std))
    given = [(SERIES[:, 3:10] - mean) / deviation, (KNOWN[:, 3:14] - middle) / width]
    expected = np.array(twin(given)) * deviation + mean
    np.testing.assert_allclose(model.predict(SERIES[:, :10], KNOWN[:, :14]), expected, rtol=2e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_forecasts_depend_on_the_window_alone(kind):
    model = made(kind)
    expected = model.predict(SERIES[:, :20], known_of(model, 24))
    earlier, known = SERIES.copy(), KNOWN.copy()
    earlier[:, :13], known[:, :13], known[:, 24:] = 7.0, 7.0, 9.0
    later = known if model.known_future else None
    np.testing.assert_array_equal(model.predict(earlier[:, :20], later), expected)


def test_series_of_one_feature_and_of_other_lengths_come_in_any_form():
    model = Forecaster(3, 2, window=4)
    values = SERIES[..., 0]
    model.fit([values[0], values[1, :8], list(map(float, values[2]))], epochs=1, verbose=0)
    expected = model.predict(values[:, :, None])
    assert expected.shape == (3, 2, 1)
    np.testing.assert_allclose(model.predict(values[1]), expected[1:2], rtol=1e-5)
    np.testing.assert_allclose(model.predict([values[0, 9:], values[1]]), expected[:2], rtol=1e-5)
    np.testing.assert_allclose(model.scaling.center, [np.r_[values[0], values[1, :8], values[2]].mean()])


def test_each_window_has_its_own_scale_where_that_is_asked_for():
    """Twice the series and ten more: twice the forecast and ten more."""
    model = made("closed", scale="window")
    expected = model.predict(SERIES)
    np.testing.assert_allclose(model.predict(SERIES * 2 + 10), expected * 2 + 10, rtol=1e-3)
    assert np.abs(made("closed").predict(SERIES * 2 + 10) - expected * 2 - 10).max() > 1.0


@pytest.mark.parametrize("scale", [True, "window", False])
def test_a_series_that_never_changes_gives_numbers(scale):
    model = Forecaster(3, 2, window=4, scale=scale)
    history = model.fit(np.full(12, 0.1), epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(model.predict(np.full(12, 0.1))).all()
    if scale == "window":
        center, size = model.scaling(np.full((1, 7, 1), 0.1, "float32"))
        np.testing.assert_allclose([center[0, 0, 0], size[0, 0, 0]], [0.1, 1.0], rtol=1e-6)


def test_the_loss_is_of_scaled_values_and_metrics_are_in_units():
    model = made("closed")
    model.compile(metrics=["mae"])
    found = model.evaluate(SERIES[:, :12], verbose=0, return_dict=True)
    starts = [0, 1]
    got = np.concatenate([model.predict(SERIES[:, s : s + 7]) for s in starts])
    wrong = got - np.concatenate([SERIES[:, s + 7 : s + 11] for s in starts])
    np.testing.assert_allclose(found["mae"], np.abs(wrong).mean(), rtol=1e-4)
    deviation = SERIES.reshape(-1, 2).std(axis=0)
    np.testing.assert_allclose(found["loss"], ((wrong / deviation) ** 2).mean(), rtol=1e-4)


def test_a_step_of_fit_follows_the_gradient_of_the_forced_loss():
    """The last bias is added to each scaled forecast, and with forcing to nothing else."""
    model = made(cell=SimpleRNNCell)
    model.compile(keras.optimizers.SGD(0.5))
    bias = model.decoder.step.get_layer("output").bias
    before = np.array(bias)
    x, target = SERIES[:, :7], SERIES[:, 7:11]
    wrong = (by_hand(model, x, None, target) - target) / SERIES.reshape(-1, 2).std(axis=0)
    model.fit(SERIES[:, :11], batch_size=3, verbose=0)
    np.testing.assert_allclose(bias, before - 0.5 * 2 * wrong.sum(axis=(0, 1)) / wrong.size, atol=1e-5)


def test_validation_reads_nothing_that_is_trained_on():
    """With the values of the last part changed, the weights after `fit` are the same."""

    def trained(series):
        keras.utils.set_random_seed(1)
        model = Forecaster(3, 2, window=4)
        history = model.fit(series, validation_split=0.3, epochs=2, verbose=0).history
        return model.get_weights(), history["val_loss"][-1]

    changed = SERIES.copy()
    changed[:, 21:] = 50.0
    (weights, loss), (others, other) = trained(SERIES), trained(changed)
    for one, two in zip(weights, others, strict=True):
        np.testing.assert_array_equal(one, two)
    assert loss != other


def test_the_scale_of_the_first_fit_stays():
    model = Forecaster(3, 2, window=4)
    model.fit(SERIES, verbose=0)
    before = np.array(model.scaling.center)
    np.testing.assert_allclose(before, SERIES.reshape(-1, 2).mean(axis=0), rtol=1e-5)
    model.fit(SERIES + 100, verbose=0)
    np.testing.assert_array_equal(model.scaling.center, before)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_mask_leaves_out_at_the_start_is_as_if_it_was_not_there(kind):
    model = made(kind)
    x, known = SERIES[:, :7].copy(), KNOWN[:, :11, : model.known_future]
    expected = np.array(model([x[:, 3:], known[:, 3:]]))
    x[:, :3] = np.nan
    mask = np.arange(7) >= np.full((3, 1), 3)
    np.testing.assert_allclose(model([x, known], mask=mask), expected, rtol=1e-4)


def test_saved_models_are_loaded_alone_in_a_fresh_process(tmp_path):
    names = []
    for i, kind in enumerate(KINDS):
        model = made(kind, name=f"kind_{i}")
        inputs = [SERIES[:, :7], KNOWN[:, :11, : model.known_future]]
        write(tmp_path, model.name, model, inputs, [np.array(model(inputs))])
        names.append(model.name)
    assert differences(tmp_path) == dict.fromkeys(names, 0.0)


def test_a_loaded_model_goes_on_training_where_it_was(tmp_path):
    model = made("closed")
    model.fit(SERIES, verbose=0, shuffle=False)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.scaling.measured
    losses = [m.fit(SERIES, verbose=0, shuffle=False, epochs=2).history["loss"] for m in (model, loaded)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-5)


def test_a_model_is_made_again_from_its_config():
    config = made("direct, known").get_config()
    assert Forecaster.from_config(config).get_config() == config


def test_mixed_precision_is_near_and_scales_in_full_precision():
    """1000 and 1003 are one number in bfloat16."""
    single = made("closed")
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        mixed = made("closed")
    finally:
        keras.config.set_dtype_policy("float32")
    mixed.set_weights(single.get_weights())
    near = np.array([1.0, 3.0]) * np.sin(np.arange(12.0))[:, None] + [5.0, 1001.5]
    for model in (single, mixed):
        model.scaling.measure([near])
    got, wanted = mixed.predict(near), single.predict(near)
    assert got.dtype == np.float32
    np.testing.assert_allclose((got - wanted) / near.std(axis=0), 0, atol=0.05)


def small(**options):
    return Forecaster(**{"units": 3, "horizon": 2, "window": 4, **options})


def fitted(**options):
    model = small(**options)
    model.build([(None, 4, 1), (None, 6, model.known_future)])
    return model


LINE = np.arange(12.0)
HOLE = np.where(LINE == 5, np.nan, LINE)
CASES = {
    "no units": (lambda: small(units=0), ["units=0"]),
    "no horizon": (lambda: small(horizon=0), ["horizon=0"]),
    "half a horizon": (lambda: small(horizon=1.5), ["horizon=1.5"]),
    "a mode of another name": (lambda: small(mode="open"), ["mode='open'", "'direct'"]),
    "known inputs by name": (lambda: small(known_future="price"), ["known_future='price'"]),
    "another scale": (lambda: small(scale="log"), ["scale='log'", "'window'"]),
    "a scale of numbers": (lambda: small(scale=2.0), ["scale=2.0"]),
    "no depth": (lambda: small(depth=0), ["depth=0"]),
    "a window of one": (lambda: small(window=1), ["window=1", "at least 2"]),
    "a cell that is none": (lambda: small(cell=layers.Dense), ["Forecaster", "LSTMCell"]),
    "half a probability": (lambda: small(teacher_force=1.5), ["teacher_force=1.5"]),
    "a hole": (lambda: small().fit(HOLE), ["nan at timestep 5", "np.interp"]),
    "a hole in the second": (lambda: small().fit([LINE, HOLE]), ["`series[1]`"]),
    "texts": (lambda: small().fit(["a", "b"]), ["series=['a', 'b']"]),
    "nothing": (lambda: small().fit(None), ["series=None"]),
    "an empty series": (lambda: small().fit([]), ["(0,)"]),
    "four axes": (lambda: small().fit(np.ones((1, 1, 8, 1))), ["(1, 1, 8, 1)"]),
    "widths that differ": (lambda: small().fit([LINE, ones(9, 2)]), ["1, 2 features"]),
    "too short": (lambda: small().fit(LINE[:5]), ["5 timesteps", "at least 6"]),
    "too short to read": (lambda: fitted().predict(LINE[:3]), ["3 timesteps", "at least 4"]),
    "a feature more": (lambda: fitted().predict(ones(8, 2)), ["2 features", "(time, 1)"]),
    "before fit": (lambda: small().predict(LINE), ["before fit"]),
    "a backtest before fit": (lambda: small().backtest(LINE, 2), ["before fit"]),
    "nothing known": (lambda: small(known_future=2).fit(LINE), ["known=None", "(time, 2)"]),
    "known without use": (lambda: small().fit(LINE, LINE), ["known_future=k"]),
    "known too short": (lambda: fitted(known_future=1).predict(LINE, LINE), ["at least 14"]),
    "known too wide": (lambda: small(known_future=1).fit(LINE, ones(12, 3)), ["3 features"]),
    "known of three": (lambda: small(known_future=1).fit(LINE, ones(3, 12, 1)), ["of 3 series"]),
    "another horizon": (lambda: fitted(mode="direct").predict(LINE, horizon=3), ["horizon=3", "2"]),
    "a horizon of none": (lambda: fitted().predict(LINE, horizon=0), ["horizon=0"]),
    "all for validation": (lambda: small().fit(LINE, validation_split=0.9), ["validation_split=0.9"]),
    "a stride of none": (lambda: small().fit(LINE, stride=0), ["stride=0"]),
    "a call of two axes": (lambda: small()(ones(3, 4)), ["(3, 4)", "(batch, time, features)"]),
    "a call without known": (lambda: fitted(known_future=1)(ones(3, 4, 1)), ["[values, known]"]),
    "a late origin": (lambda: fitted().backtest(LINE, [11]), ["after 11 values", "to 10"]),
    "an early origin": (lambda: fitted().backtest(LINE, [3]), ["after 3 values", "from 4"]),
    "no origin": (lambda: fitted().backtest(LINE, 0), ["origins=0"]),
    "origins of text": (lambda: fitted().backtest(LINE, "all"), ["origins='all'"]),
    "a long period": (lambda: fitted().backtest(LINE, [8], period=8), ["at least 9", "the period, 8"]),
    "a config without units": (lambda: Forecaster.from_config({}), ["'units'"]),
}


@named(CASES)
def test_a_wrong_option_says_what_came_what_was_due_and_the_fix(do, words):
    check(do, words)


def test_cells_of_keras_and_ours_give_the_same():
    ours, keras_own = made(cell=GRUCell), made(cell=layers.GRUCell)
    np.testing.assert_allclose(ours.predict(SERIES), keras_own.predict(SERIES), rtol=1e-4)
