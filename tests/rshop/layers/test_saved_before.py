"""Files of earlier versions load in a fresh process that built nothing before, with equal numbers."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.support import fresh
from tests.support.closeness import apart
from tests.support.models import MODELS

SAVED = Path(__file__).resolve().parents[2] / "saved"
FILES = sorted(path.relative_to(SAVED).with_suffix("") for path in SAVED.glob("*/*.keras"))
MODEL_FILES = [file for file in FILES if file.name != "trained"]

TRAIN = """
import sys
import rshop, keras
import numpy as np

model = keras.saving.load_model(sys.argv[1])
with np.load(sys.argv[2]) as data:
    losses = model.fit(data["x"], data["truth"], epochs=2, shuffle=False, verbose=0).history["loss"]
    print(float(np.abs(data["losses"] - losses).max()))
"""


def assert_predicts(model, file):
    """The model gives the recorded numbers."""
    with np.load(SAVED / f"{file.as_posix()}.npz") as data:
        inputs = [data[k] for k in data.files if k.startswith("input")]
        expected = [data[k] for k in data.files if k.startswith("output")]
    got = keras.tree.flatten(model(inputs[0] if len(inputs) == 1 else inputs))
    for y, z in zip(expected, got, strict=True):
        assert apart(z, y) < 1e-5


@pytest.fixture(scope="module")
def differences():
    """For each file, by how much its predictions differ from those that were recorded, or the error."""
    return fresh.differences(SAVED)


@pytest.mark.parametrize("file", MODEL_FILES, ids=str)
def test_a_file_of_an_earlier_version_loads_alone_elsewhere_and_predicts_what_it_did(file, differences):
    assert differences[file.as_posix()] < 1e-5


@pytest.mark.parametrize("file", [file for file in FILES if file.name == "trained"], ids=str)
def test_a_training_of_an_earlier_version_goes_on_elsewhere(file):
    paths = [str(SAVED / f"{file.as_posix()}.{ending}") for ending in ("keras", "npz")]
    ran = subprocess.run([sys.executable, "-c", TRAIN, *paths], capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout.splitlines()[-1]) < 1e-5


@pytest.mark.parametrize("file", MODEL_FILES, ids=str)
def test_a_file_loads_here_twice_where_names_are_in_use(file):
    for _ in range(2):
        model = keras.saving.load_model(SAVED / f"{file.as_posix()}.keras")
        assert_predicts(model, file)


@pytest.mark.parametrize("file", MODEL_FILES, ids=str)
def test_the_weights_file_of_an_earlier_version_fits_the_model_built_today(file):
    model = MODELS[file.name]()
    model.load_weights(SAVED / f"{file.as_posix()}.weights.h5")
    assert_predicts(model, file)


def test_there_are_files_of_at_least_a_dozen_kinds():
    assert len({file.name for file in FILES}) >= 12
