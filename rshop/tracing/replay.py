"""A recorded run that goes another way from a timestep on."""

from rshop.errors import message, shapes, told
from rshop.step.readout import feed_back, feeds
from rshop.structure import flat
from rshop.tracing.recorder import Recorder
from rshop.tracing.timesteps_of_call import replay_of

#: How a run goes on after a change: later timesteps read what they read, or the model's own outputs.
MODES = ("inputs kept", "free running")


class Replay:
    """A run without dropout, kept so that other runs can begin at each of its timesteps.

    Example:
        >>> replay = Replay(rnn, np.ones((1, 4, 1)))
        >>> future = replay.future(2, "inputs kept", lambda t, *read: read)
        >>> Trace(**future.arrays()).steps  # nothing was changed: the same run
        4

    Args:
        rnn: a built recurrent layer.
        x, **call: what it is called with; a given ground truth is fed as readout.

    Attributes:
        timesteps: those of the call.
        recorded: the `Recorder` of the run.
    """

    def __init__(self, rnn, x, **call):
        self.timesteps = replay_of(rnn, x, **call)
        self.recorded, self._memories = Recorder(self.timesteps), [self.timesteps.first]
        for t in range(self.timesteps.steps):
            self._memories.append(self.recorded.step(self._memories[-1], t, self.timesteps.inputs(t)))
        self._truth = call.get("ground_truth") is not None

    def original(self, at: int, mode: str) -> Recorder:
        """The run without a change: the recorded one, or one that runs freely from timestep `at` on."""
        wiring = self.wiring(mode)
        # The recorded run is the one that runs freely, unless it read anything but its own outputs.
        if mode == MODES[0] or (not wiring and not self._truth):
            return self.recorded
        return self.future(at, mode, lambda _, *read: read)

    def future(self, at: int, mode: str, change) -> Recorder:
        """The run from timestep `at` on, after what was recorded before it.

        Args:
            at: the first timestep that runs again.
            mode: one of `MODES`. In the first, every timestep reads the recorded inputs and readouts.
            change: called as `change(t, states, readouts, inputs)` with flat lists of what timestep `t` would
                read; returns what it reads.
        """
        wiring, kept = self.wiring(mode), mode == MODES[0]
        timesteps, recorded = self.timesteps, self.recorded.records
        future, memory = Recorder(timesteps, recorded[:at]), self._memories[at]
        dtypes = [tensor.dtype for tensor in flat(timesteps.step.inputs)]
        for t in range(at, timesteps.steps):
            inputs = timesteps.inputs(t)
            if t == at or kept:
                # Whichever was fed in the recorded run, own output or truth, is read again.
                memory = {**memory, "readouts": recorded[t].readouts, "truths": []}
            elif wiring:
                inputs = feed_back(wiring, future.records[-1].outputs, dtypes)
            states, readouts, inputs = change(t, memory["states"], memory["readouts"], inputs)
            memory = {**memory, "states": states, "readouts": readouts}
            memory = future.step(memory, t, inputs, forced=False)
        return future

    def wiring(self, mode: str) -> list:
        """Which outputs become the next inputs where the model runs freely without a readout.

        Raises:
            ValueError: no such mode, or a model that cannot run on its own outputs.
        """
        if not isinstance(mode, str) or mode not in MODES:
            raise ValueError(
                message(
                    "There is no such way to go on.",
                    received=f"mode={told(mode)}",
                    expected=f"one of {MODES}",
                    fix=f"mode={MODES[0]!r}",
                )
            )
        if mode == MODES[0] or self.timesteps.readouts:
            return []
        step = self.timesteps.step
        try:
            # A decoder sees the same input at every timestep.
            wiring = [] if self.timesteps.layer.decode else feeds(step.outputs, step.inputs)
        except ValueError:
            wiring = []
        if wiring:
            return wiring
        raise ValueError(
            message(
                "This model cannot run on its own outputs: it has no readout, and no output fits as input.",
                received=f"inputs of shape {shapes(flat(step.inputs))}, "
                f"outputs of shape {shapes(flat(step.outputs))}"
                + (", the inputs fixed by decode=True" if self.timesteps.layer.decode else ""),
                expected="a readout, or outputs of the shape of the inputs",
                fix=f"mode={MODES[0]!r}, or give the step a readout_input",
            )
        )
