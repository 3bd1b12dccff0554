"""The types of the inspector's payload: a run as it is shown, and each value of it."""

from dataclasses import dataclass, field

import numpy as np

from viz.inspector.payload.beside import Beside
from viz.inspector.payload.boxes.step_views import View
from viz.inspector.payload.run_values import Value
from viz.inspector.payload.words import Guesses


@dataclass(eq=False)
class ShownValue(Value):
    """A value as it is shown: of the samples, timesteps and units that are kept.

    Places in `equation` and `next` are those in the payload; None for what was cut.

    Attributes:
        short: its name as a narrow column has room for it.
        gate: whether it holds gates, weights or probabilities, drawn from 0 to 1.
        opens: whether it is a gate that is open or shut.
        inline: whether its equation is written into the one that reads it.
        sent_by: the place of the value with whose numbers its own are sent: its own place, or that of an
            earlier value with the same numbers.
        lag: how many timesteps later its numbers begin there: 1 for a step's next state, sent with the state.
    """

    short: str = ""
    gate: bool = False
    opens: bool = False
    inline: bool = False
    sent_by: int = 0
    lag: int = 0

    @property
    def fixed(self) -> bool:
        """Whether it is the same at every timestep."""
        return self.role == "constant"

    def after_timesteps(self, sample: int) -> np.ndarray:
        """Its numbers of one sample, `(time, units)`; of a state those after each timestep."""
        return self.array[sample][self.role == "state" :]


@dataclass(frozen=True, eq=False)
class Payload:
    """A run as the inspector shows it.

    Attributes:
        title: what the layer is called.
        steps, all_steps: the number of timesteps that are kept, the first ones, and of the run.
        samples: the places in the batch of the samples that are kept.
        first: which of them is shown first.
        backwards: whether the layer reads its input from the end.
        notes: one sentence for each thing that was left out.
        labels: for each sample a text for each timestep, or None.
        mask: which timesteps count, booleans `(samples, steps)`, or None.
        sources: for each readout where it came from, codes `(samples, steps)` into `readout_sources.SOURCES`.
        values: every value that is kept, in the order of the step.
        views: the diagram of the step, and of each model in it.
        unit_words: for the place of a value, for each sample what the units of its last axis are called.
        guesses: of each output that chooses among classes, the likeliest at each timestep.
        colours: the colour maps as a few colours to draw lines between, once the page is made.
        still_tail: the end of the still picture in base64, by which a page knows it.
        beside: a second run beside this one, or None.
    """

    title: str
    steps: int
    all_steps: int
    samples: list[int]
    first: int
    backwards: bool
    notes: list[str]
    labels: list[list[str]] | None
    mask: np.ndarray | None
    sources: list[np.ndarray]
    values: list[ShownValue]
    views: list[View] = field(default_factory=list)
    unit_words: dict[int, list[list[str]]] = field(default_factory=dict)
    guesses: list[Guesses] = field(default_factory=list)
    colours: dict | None = None
    still_tail: str | None = None
    beside: Beside | None = None
