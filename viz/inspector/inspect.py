"""`inspect`: a run to step through with every inner value in view, in a notebook or offline."""

from pathlib import Path

from rshop.files import checked_path, write
from viz.inspector.page import html_page
from viz.inspector.payload.build_payload import MEGABYTES, record
from viz.inspector.payload.payload import Payload


class Inspector:
    """A run to step through: shown by a notebook cell that ends with it, or saved as a page.

    Example:
        >>> inspector = viz.inspect(rnn, np.ones((2, 7, 3)))
        >>> inspector
        Inspector of LSTMCell: 7 timesteps, 2 samples
        >>> inspector.save("lesson.html")

    Attributes:
        payload: the run as the inspector shows it.
        picture: the still picture, a PNG.
    """

    def __init__(self, payload: Payload):
        self.payload, self.picture = html_page.with_picture(payload)

    def save(self, path) -> Path:
        """Write a page that opens in any browser, without a network; returns its path.

        Raises:
            TypeError: no path.
            ValueError: a path that does not end with .html or .htm.
            OSError: it cannot be written there; a file that stood there is still the old one.
        """
        path = checked_path(path, ("html", "htm"), "inspector")
        return write(path, html_page.page(self.payload, self.picture))

    def __repr__(self):
        steps, samples = self.payload.all_steps, len(self.payload.samples)
        plural = "" if samples == 1 else "s"
        cut = f"; cut for size: {'; '.join(self.payload.notes)}" if self.payload.notes else ""
        beside = f", beside {self.payload.beside.said}" if self.payload.beside else ""
        return f"Inspector of {self.payload.title}: {steps} timesteps, {samples} sample{plural}{beside}{cut}"

    def _repr_html_(self):
        return html_page.fragment(self.payload, self.picture)

    def _ipython_display_(self):
        html_page.show_picture(self.payload, self.picture)
        html_page.display({"text/html": html_page.fragment(self.payload), "text/plain": repr(self)}, raw=True)


def inspect(
    rnn, x, *, labels=None, output_labels=None, sample=0, megabytes=MEGABYTES, beside=None, **call
) -> Inspector:
    """The run of a recurrent layer on `x`, to step through in the browser.

    All timesteps are computed beforehand; the result needs no kernel and no network. It shows the step
    with this timestep's values in its boxes, the states before and after, the gates, where the readout
    came from, the mask, the whole run with a cursor, and the step's equations with their numbers. Cells,
    Keras's LSTM, GRU and simple RNN cells too, and nested models open in place by a click or Enter, and so
    do their equations; a term of an equation under the pointer lights its box.

    Example:
        >>> rnn = LSTMCell(4, input_dim=3).get_layer(return_sequences=True)
        >>> viz.inspect(rnn, np.ones((1, 3, 3)), labels=["the", "cat", "sat"])
        Inspector of LSTMCell: 3 timesteps, 1 sample
        >>> viz.inspect(rnn, np.ones((1, 3, 3)), beside=np.zeros((1, 3, 3)))
        Inspector of LSTMCell: 3 timesteps, 1 sample, beside the same layer on another x

    Args:
        rnn: a recurrent layer of rshop, called before or not; or a Keras model that has exactly one: then
            that layer is shown, with what reaches it when the model is called on `x`.
        x: what it is called with, `(batch, time, ...)`.
        labels: a word or token id for each timestep, `time` of them, or a list of such lists, one for
            each sample. A dict names several by their Input: `{"x": [...], "memory": [...]}` labels the
            timesteps, and the places of a memory that every timestep sees, over which attention is shown.
        output_labels: what the classes of an output are called, `units` of them: the likeliest ones are
            shown at each timestep. A dict has a list for each of several outputs.
        sample: the sample that is shown first.
        megabytes: about how large the numbers may become. A longer or wider run is cut, and says so.
        beside: a second run with as many samples and timesteps, to be shown on the same clock: its values in
            a second row, the differences in a third, the likeliest classes and the worked numbers of both
            where they differ, and the first timestep at which the two part. A second
            `x`; or a dict of what is different in the second call, such as `{"training": False}` or
            `{"x": ..., "initial_state": ...}`; or another layer or model, run on the same `x`; or an
            `rshop.Trace` that was recorded earlier, before training for one.
        **call: as in `rshop.trace`: `initial_state`, `initial_readout`, `ground_truth`, `constants`,
            `mask`, `training`, `output_length`.

    Returns:
        An `Inspector`: shows itself in a notebook; `.save("lesson.html")`.

    Raises:
        TypeError, ValueError: what `rshop.trace` raises; an argument that it does not have; labels, a
            sample or a size that do not fit the run; a model with no or several recurrent layers; a run
            beside it of another size, or with no value of the same name and shape.
    """
    shown = {"labels": labels, "output_labels": output_labels, "sample": sample, "megabytes": megabytes}
    shown["beside"] = beside
    return Inspector(record(rnn, x, **shown, **call))
