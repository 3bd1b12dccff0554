"""What the example in a docstring draws, as a picture."""

import ast
import contextlib
import doctest
import inspect
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Picture:
    """A picture as a file.

    Attributes:
        data, ending: the file's content, and the ending of its name.
        alt: the alternative text.
    """

    data: bytes
    ending: str
    alt: str


def example_picture(function) -> Picture | None:
    """The last thing in the example of a docstring that can be seen; None where there is none.

    The example is run with a layer `rnn`, a batch `x`, and the public names of this project. One that needs
    something else has no picture.

    Example:
        >>> example_picture(viz.animate).ending
        'gif'
    """
    import matplotlib

    matplotlib.use("Agg")
    examples = doctest.DocTestParser().get_examples(inspect.getdoc(function) or "")
    names, drawn = _names(), None
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for example in examples:
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    value = _run(example.source, names)
                drawn = _as_picture(value) or drawn
            except Exception as error:  # whatever an example may raise that was written for other names
                print(f"No picture of {function.__name__}: its example says {type(error).__name__}: {error}")
                return None
    return drawn


def _names():
    import keras
    import numpy as np

    import rshop
    import viz

    keras.utils.set_random_seed(0)
    rnn = rshop.LSTMCell(4, input_dim=3).get_layer(return_sequences=True)
    x = np.random.default_rng(0).normal(size=(2, 7, 3))
    public = {name: getattr(rshop, name) for name in rshop.__all__}
    given = {"keras": keras, "ops": keras.ops, "Dense": keras.layers.Dense, "np": np, "rnn": rnn, "x": x}
    return {**public, **given, "rshop": rshop, "viz": viz}


def _run(source, names):
    """The value of the last line of a piece of an example."""
    tree = ast.parse(source)
    if isinstance(tree.body[-1], ast.Expr):
        exec(compile(ast.Module(tree.body[:-1], []), "example", "exec"), names)
        return eval(compile(ast.Expression(tree.body[-1].value), "example", "eval"), names)
    exec(compile(tree, "example", "exec"), names)
    return names.get(getattr(tree.body[-1], "targets", [ast.Name("")])[0].id)


def _as_picture(value):
    import matplotlib.pyplot as plt

    if isinstance(value, Path) and value.suffix in (".gif", ".png", ".svg"):
        return Picture(value.read_bytes(), value.suffix[1:], f"What the example writes into {value.name}.")
    if isinstance(getattr(value, "svg", None), str):
        return Picture(value.svg.encode(), "svg", getattr(value, "alt", repr(value)))
    if isinstance(getattr(value, "latex", None), str):
        return Picture(value.latex.encode(), "tex", str(value))
    if isinstance(getattr(value, "picture", None), bytes):
        return Picture(value.picture, "png", repr(value))
    if plt.get_fignums():
        out = io.BytesIO()
        plt.gcf().savefig(out, format="png", dpi=110, bbox_inches="tight")
        plt.close("all")
        return Picture(out.getvalue(), "png", repr(value))
    return None
