"""`animate`: a value of a trace, timestep by timestep, as GIF or HTML."""

import io
from pathlib import Path

import numpy as np

from rshop import Trace
from rshop.errors import message, told
from rshop.files import checked_path, whole
from viz.plots.projection import Projection
from viz.plots.series import check_sample, series
from viz.plots.trajectory import label_components
from viz.plots.units_over_time import draw_units
from viz.style import colour_matrix, palette, plot_axes, ticks
from viz.style.colour_matrix import Scale
from viz.style.encodable_text import escaped

KINDS = ("heatmap", "trajectory", "image")
_MOST_FRAMES = 200


class Animation:
    """The frames of a run. JupyterLab plays them; `save` writes a GIF or a page of its own.

    Example:
        >>> viz.animate(rshop.trace(rnn, x), "h").save("h.gif")

    Attributes:
        timesteps: the timestep of each frame.
        figure: the matplotlib figure, and `axes` its axes.
    """

    def __init__(self, name, kind, axes, *, show, timesteps, fps):
        self.name, self.kind, self.axes, self.figure = name, kind, axes, axes.figure
        self.show, self.timesteps, self.fps = show, timesteps, fps

    def save(self, path) -> Path:
        """Write `.gif` or `.html`; the path. A file that stood there stays until the new one is whole.

        Raises:
            TypeError: no path.
            ValueError: another ending.
            OSError: it cannot be written there.
        """
        path = checked_path(path, ("gif", "html"), "movie")
        with whole(path) as unfinished:
            # matplotlib writes files of its own for either form: a full disk can stop it there too.
            if path.suffix.lower() == ".html":
                unfinished.write_text(_page(self.name, self._repr_html_()), encoding="utf-8")
            else:
                first, *others = [self._frame(t) for t in self.timesteps]
                # 2: a frame is cleared before the next. Their backgrounds are transparent, and what one has
                # drawn would shine through the others.
                pace = {"duration": int(1000 / self.fps), "loop": 0, "disposal": 2}
                first.save(unfinished, "GIF", save_all=True, append_images=others, **pace)
        return path

    def _frame(self, t):
        from PIL import Image

        self.show(t)
        drawn = io.BytesIO()
        self.figure.savefig(drawn, format="png", dpi=self.figure.dpi)
        return Image.open(drawn).convert("RGBA")

    def _movie(self):
        from matplotlib.animation import FuncAnimation

        return FuncAnimation(
            self.figure, self.show, frames=list(self.timesteps), interval=1000 / self.fps, repeat=False
        )

    def _repr_html_(self):
        import matplotlib

        # Keep every frame: matplotlib would drop those beyond its limit without a word.
        with matplotlib.rc_context({"animation.embed_limit": 1000}):
            return self._movie().to_jshtml(fps=self.fps, default_mode="once")

    def __repr__(self):
        return f"Animation of {self.name} as {self.kind}, {plot_axes.counted(len(self.timesteps), 'frame')}"


def animate(
    trace: Trace, name: str, *, sample: int = 0, kind: str | None = None, fps: int = 4, ax=None
) -> Animation:
    """A value timestep by timestep: a heat map that fills, a path that grows, or one image for each timestep.

    Colours and axes are those of the whole run from the first frame on, so frames can be compared. A run
    of more than 200 timesteps is shown in strides, and the title says so.

    Example:
        >>> movie = viz.animate(rshop.trace(rnn, x), "c")  # a state: its start and 7 timesteps
        >>> movie
        Animation of c as heatmap, 8 frames
        >>> movie.save("c.gif")

    Args:
        trace: what `rshop.trace` returned.
        name: the name of a state (which begins with its start), or of any other value.
        sample: which sample of the batch.
        kind: `"heatmap"`, `"trajectory"` or `"image"` (values `(batch, time, height, width, ...)`, of
            the first channel); None takes the image for values of that shape, else the heat map.
        fps: timesteps a second.
        ax: matplotlib axes to draw on.

    Returns:
        An `Animation`.

    Raises:
        TypeError: not a trace.
        ValueError: no such name, sample, kind or speed, or nothing to draw.
    """
    from matplotlib import pyplot as plt

    found = series(trace, name, states_first=True)
    check_sample(sample, len(found.values))
    _check_speed(fps)
    kind = _check_kind(kind, found)
    stride = -(-len(found.times) // _MOST_FRAMES)
    # The last timestep is always shown: the frames are counted from it.
    times = found.times[::-1][::stride][::-1]
    own = ax is None
    ax = plot_axes.axes(ax, size=(5.4, 5) if kind != "heatmap" else (7.2, 3.4))
    draw = {"heatmap": _heatmap, "trajectory": _trajectory, "image": _image}[kind]
    show, note = draw(ax, found, sample)
    note += f", one timestep in {stride}" if stride > 1 else ""

    def frame(t):
        show(t)
        when = "start" if t < 0 else f"t = {t} of {found.times[-1]}"
        plot_axes.title(ax, f"{found.said}, sample {sample}, {when}", note)

    frame(times[0])
    # Solve the layout once: for each frame it would take most of the time.
    ax.figure.canvas.draw()
    ax.figure.set_layout_engine("none")
    if own:
        # A notebook shows the player; it would show the open figure too.
        plt.close(ax.figure)
    return Animation(found.name, kind, ax, show=frame, timesteps=times, fps=fps)


def _heatmap(ax, found, sample):
    matrix = found.units(sample).T
    scale = Scale.of(matrix)
    draw_units(ax, found, matrix, scale)
    high = found.times[-1] + 0.5
    veil = ax.axvspan(found.first, high, color="white", zorder=5)
    cursor = ax.axvline(found.first, color=palette.INK, linewidth=2, zorder=6)
    ticks.time_axis(ax, found.first)

    def show(t):
        veil.set_x(t + 0.5)
        veil.set_width(high - t - 0.5)
        cursor.set_xdata([t + 0.5, t + 0.5])

    return show, colour_matrix.note(matrix, scale)


def _trajectory(ax, found, sample):
    rows = found.units(sample)
    every = found.values.reshape(*found.values.shape[:2], -1)
    project = Projection.of(every.reshape(-1, every.shape[-1]))
    path = project(rows)
    ax.plot(*path.T, color=palette.EITHER, alpha=0.5, linewidth=1)
    (line,) = ax.plot([], [], color=palette.LINES[0], linewidth=1.6, marker="o", markersize=3)
    (head,) = ax.plot([], [], color=palette.EITHER, marker="s", markersize=9, fillstyle="none")
    label_components(ax, project)
    plot_axes.quiet(ax)

    def show(t):
        line.set_data(*path[: t - found.first + 1].T)
        head.set_data(*path[t - found.first : t - found.first + 1].T)

    return show, colour_matrix.range_text(rows)


def _image(ax, found, sample):
    pictures = found.values[sample]
    pictures = pictures.reshape(*pictures.shape[:3], -1)[..., 0]
    scale = Scale.of(pictures)
    image = colour_matrix.paint(ax, pictures[0], scale, bar=True)
    ticks.whole_numbers(ax.xaxis)
    ticks.whole_numbers(ax.yaxis)
    ax.set(xlabel="column", ylabel="row", aspect="equal")

    def show(t):
        image.set_data(np.ma.masked_invalid(colour_matrix.pool(pictures[t - found.first])))

    channels = int(np.prod(found.values.shape[4:]))
    note = colour_matrix.range_text(pictures.reshape(len(pictures), -1), scale)
    return show, note + (f", channel 0 of {channels}" if channels > 1 else "")


def _check_kind(kind, found):
    is_image = found.values.ndim >= 4
    if kind is None:
        return "image" if is_image else "heatmap"
    if not isinstance(kind, str) or kind not in KINDS or (kind == "image" and not is_image):
        raise ValueError(
            message(
                f"{found.name!r} cannot be animated in this way.",
                received=f"kind={told(kind)} for values of shape {found.values.shape}",
                expected=f"one of {KINDS if is_image else KINDS[:2]}",
                fix="leave kind out",
            )
        )
    return kind


def _check_speed(fps):
    number = isinstance(fps, (int, float, np.number)) and not isinstance(fps, bool)
    if not number or not 0 < fps < np.inf:
        raise ValueError(
            message(
                "This is no speed of an animation.",
                received=f"fps={told(fps)}",
                expected="a number of timesteps a second, above 0",
                fix="fps=4",
            )
        )


def _page(name, body):
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escaped(name)}</title>{body}</html>'
