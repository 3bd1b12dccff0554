"""`animate`: a value timestep by timestep, as GIF and as a page."""

import numpy as np
import pytest
from matplotlib import pyplot as plt
from PIL import Image

import viz
from tests.support.cells import assert_close, draws
from tests.support.traces import X, made, title
from viz.style.plot_axes import note_of


def test_no_frame_of_a_gif_shows_through_the_next(tmp_path, record):
    """Backgrounds are transparent: what a frame leaves clear is clear in the file too."""
    movie = viz.animate(record, "c")
    with Image.open(movie.save(tmp_path / "c.gif")) as gif:
        for place, t in enumerate(movie.timesteps):
            gif.seek(place)
            movie.show(t)
            movie.figure.savefig(tmp_path / "alone.png", dpi=movie.figure.dpi)
            with Image.open(tmp_path / "alone.png") as alone:
                clear = np.array(alone.convert("RGBA"))[..., 3] == 0
            assert clear.mean() > 0.2
            assert np.array(gif.convert("RGBA"))[..., 3][clear].max() == 0, t


def test_an_animation_is_a_gif_with_a_frame_a_timestep(tmp_path, record):
    movie = viz.animate(record, "c")
    path = movie.save(tmp_path / "c.gif")
    with Image.open(path) as gif:
        assert gif.n_frames == 8
    assert repr(movie) == "Animation of c as heatmap, 8 frames"
    assert repr(viz.animate(record, "c", kind="trajectory")) == "Animation of c as trajectory, 8 frames"
    assert repr(viz.animate(record, "candidate")) == "Animation of candidate as heatmap, 7 frames"
    assert repr(viz.animate(made(X[:, :1]), "v")) == "Animation of v as heatmap, 1 frame"


@pytest.mark.parametrize("fps", [0, -2, "4", None, float("nan"), float("inf"), True])
def test_a_speed_is_a_number_above_0(fps, record):
    with pytest.raises(ValueError, match="no speed of an animation. Received: fps=.*above 0. Fix: fps=4"):
        viz.animate(record, "c", fps=fps)


def test_each_frame_uncovers_one_timestep(record):
    movie = viz.animate(record, "c", sample=1)
    assert_close(movie.axes.images[0].get_array(), record.states["c"][1].T, 0)
    movie.show(-1)
    assert title(movie.axes) == "c, sample 1, start" and movie.axes.patches[0].get_x() == -0.5
    for t in (0, 3, 6):
        movie.show(t)
        (veil,) = movie.axes.patches
        assert veil.get_x() == t + 0.5 and veil.get_x() + veil.get_width() == 6.5
        assert title(movie.axes) == f"c, sample 1, t = {t} of 6"


def test_a_growing_path_ends_where_the_trajectory_ends(record):
    whole = viz.trajectory(record, "c").lines[0].get_xydata()
    movie = viz.animate(record, "c", kind="trajectory")
    movie.show(2)
    assert_close(movie.axes.lines[1].get_xydata(), whole[:4], 1e-9)
    assert_close(movie.axes.lines[2].get_xydata(), whole[3:4], 1e-9)


def test_images_are_shown_a_timestep_a_frame():
    values = draws(1, 3, 4, 5, 2)
    movie = viz.animate(made(values), "v")
    assert movie.kind == "image"
    movie.show(2)
    assert_close(movie.axes.images[0].get_array(), values[0, 2, :, :, 0], 0)
    assert note_of(movie.axes).endswith("channel 0 of 2")


def test_long_runs_are_shown_in_strides_and_say_so():
    movie = viz.animate(made(draws(1, 401, 2)), "v")
    assert len(movie.timesteps) == 134 and movie.timesteps[-1] == 400
    assert "one timestep in 3" in note_of(movie.axes)


def test_an_animation_is_a_page_without_a_link_to_elsewhere(tmp_path):
    movie = viz.animate(made(X[:, :2], "<b>"), "<b>")
    page = movie.save(tmp_path / "v.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and "<title>&lt;b&gt;</title>" in page
    assert page.count("data:image/png;base64") == 2
    with pytest.raises(ValueError, match="says in which form.*Received: .*v.mp4. Expected: .gif, .html"):
        movie.save(tmp_path / "v.mp4")
    with pytest.raises(ValueError, match="cannot be animated in this way. Received: kind='image'"):
        viz.animate(made(X), "v", kind="image")


def test_a_notebook_that_shows_the_player_shows_no_second_picture(record):
    assert viz.animate(record, "c").figure and plt.get_fignums() == []
    figure, ax = plt.subplots()
    assert viz.animate(record, "c", ax=ax).figure is figure and plt.get_fignums() == [figure.number]
