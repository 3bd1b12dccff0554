"""Files of earlier versions load in a fresh process that built nothing before, with equal numbers."""

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from helpers_models import MODELS

SAVED = Path(__file__).parent / "saved"
FILES = sorted(path.relative_to(SAVED).with_suffix("") for path in SAVED.glob("*/*.keras"))
MODEL_FILES = [file for file in FILES if file.name != "trained"]

# One process loads each file twice: the second time the names that the first one took are in use.
LOAD_ALL = """
import json, pathlib, sys
import rshop, keras
import numpy as np


def difference(path):
    try:
        model = keras.saving.load_model(path)
        with np.load(path.with_suffix(".npz")) as data:
            inputs = [data[k] for k in data.files if k.startswith("input")]
            expected = [data[k] for k in data.files if k.startswith("output")]
        got = keras.tree.flatten(model(inputs[0] if len(inputs) == 1 else inputs))
        assert [y.shape for y in expected] == [tuple(y.shape) for y in got], "the shapes differ"
        return max(float(np.abs(y - np.array(z)).max()) for y, z in zip(expected, got))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def trained(path):
    model = keras.saving.load_model(path)
    with np.load(path.with_suffix(".npz")) as data:
        losses = model.fit(data["x"], data["truth"], epochs=2, shuffle=False, verbose=0).history["loss"]
        return float(np.abs(data["losses"] - losses).max())


folder = pathlib.Path(sys.argv[1])
found = {}
for path in sorted(folder.glob("*/*.keras")):
    name = f"{path.parent.name}/{path.stem}"
    found[name] = trained(path) if path.stem == "trained" else difference(path)
    if path.stem != "trained":
        found[f"{name} again"] = difference(path)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def differences():
    """For each file, by how much its predictions differ from those that were recorded, or the error."""
    command = [sys.executable, "-c", LOAD_ALL, str(SAVED)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_file_of_an_earlier_version_loads_elsewhere_and_predicts_what_it_did(file, differences):
    assert differences[file.as_posix()] < 1e-5


@pytest.mark.parametrize("file", MODEL_FILES, ids=str)
def test_a_file_loads_twice_in_one_process(file, differences):
    assert differences[f"{file.as_posix()} again"] < 1e-5


@pytest.mark.parametrize("file", MODEL_FILES, ids=str)
def test_the_weights_file_of_an_earlier_version_fits_the_model_built_today(file):
    model = MODELS[file.name]()
    model.load_weights(SAVED / f"{file.as_posix()}.weights.h5")
    with np.load(SAVED / f"{file.as_posix()}.npz") as data:
        inputs = [data[k] for k in data.files if k.startswith("input")]
        expected = [data[k] for k in data.files if k.startswith("output")]
    got = keras.tree.flatten(model(inputs[0] if len(inputs) == 1 else inputs))
    for y, z in zip(expected, got, strict=True):
        np.testing.assert_allclose(z, y, atol=1e-5)


def test_there_are_files_of_at_least_a_dozen_kinds():
    assert len({file.name for file in FILES}) >= 12
