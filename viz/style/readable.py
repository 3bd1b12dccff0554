"""Plots that read on light and dark pages: no background, and text in a colour that is clear on both."""

from contextlib import contextmanager

from viz.style import palette

_LOOK = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "text.color": palette.EITHER,
    "axes.labelcolor": palette.EITHER,
    "axes.edgecolor": palette.EITHER,
    "xtick.color": palette.EITHER,
    "ytick.color": palette.EITHER,
}


@contextmanager
def readable():
    """What is made within has no background, and its text is read everywhere; what the user set stays.

    Example:
        >>> with readable():
        ...     figure, ax = plt.subplots()
        >>> figure.get_facecolor()[3]  # transparent
        0.0
    """
    import matplotlib

    with matplotlib.rc_context({key: value for key, value in _LOOK.items() if _is_default(key)}):
        yield


def _is_default(key):
    import matplotlib

    return matplotlib.rcParams[key] == matplotlib.rcParamsDefault[key]


def text_colour() -> str:
    """The colour of text beside a plot: the user's, or one that is read everywhere."""
    import matplotlib

    return palette.EITHER if _is_default("text.color") else matplotlib.rcParams["text.color"]


def keep_ticks(ax):
    """Give ticks that are made later the colours that are set now."""
    import matplotlib

    for which in "xy":
        ax.tick_params(axis=which, colors=matplotlib.rcParams[f"{which}tick.color"])


def colour_bar(image, axes=None, **options):
    """A colour bar beside the axes of an image, or beside several axes, without a frame."""
    with readable():
        bar = image.axes.figure.colorbar(image, ax=axes or image.axes, pad=0.02, **options)
        keep_ticks(bar.ax)
    bar.outline.set_visible(False)
    return bar
