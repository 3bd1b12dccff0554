"""The one set-up cell of every lesson."""

import os

from .quiet import quiet_stderr

# What stands on no background of its own is grey: it reads on light and on dark pages.
_GREY = "#6F7985"
# Large letters and thick lines: readable from the last row.
FIGURES = {
    "figure.figsize": (11, 5),
    "figure.dpi": 100,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "text.color": _GREY,
    "axes.labelcolor": _GREY,
    "axes.edgecolor": _GREY,
    "xtick.color": _GREY,
    "ytick.color": _GREY,
    "font.size": 16,
    "axes.titlesize": 18,
    "legend.fontsize": 15,
    "lines.linewidth": 2.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _GREY,
    "grid.alpha": 0.25,
    "image.cmap": "RdBu_r",
    "svg.hashsalt": "rshop",
}

# The colours of Okabe and Ito (2008), which colour-blind readers tell apart; grey, for their black, first.
COLOURS = [_GREY, "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]


_seed = 0


def setup(seed: int = 0):
    """Load Keras without its log lines, fix the random numbers, and make figures large.

    Example:
        >>> course.setup()
        Loading Keras (a few seconds) ...
        Ready: Keras 3.15.1 on TensorFlow, seed 0.

    Args:
        seed: where all random numbers start. The same seed gives the same lesson. The environment variable
            COURSE_SEED replaces it: `make robust` runs every lesson with other ones.
    """
    global _seed
    _seed = seed = int(os.environ.get("COURSE_SEED", seed))
    print("Loading Keras (a few seconds) ...", flush=True)
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["KERAS_BACKEND"] = "tensorflow"
    with quiet_stderr():
        import keras

        # The first operation looks for a GPU, which logs too.
        keras.ops.zeros(())
    restart()
    set_figures()
    print(f"Ready: Keras {keras.__version__} on TensorFlow, seed {seed}.")


def restart():
    """Let the random numbers begin where `setup` began: networks made after it start with equal weights.

    Example:
        >>> course.restart(); first = make()
        >>> course.restart(); second = make()  # the same first weights
    """
    import keras  # not above: `import course` comes before `setup()` loads Keras quietly

    keras.utils.set_random_seed(_seed)


def set_figures():
    """The figure settings alone: letters of 14 points and more, stable colours and SVG names."""
    import matplotlib

    matplotlib.rcParams.update({**FIGURES, "axes.prop_cycle": matplotlib.cycler(color=COLOURS)})
