"""`draw_unrolled`: a diagram of the flow over time, one column for each timestep."""

from dataclasses import replace

from rshop.checks import check_switch
from rshop.errors import message
from rshop.tracing.check_layer import is_both_ways, only_layer
from viz.diagram.figure import Figure
from viz.diagram.over_time.bidirectional_scene import bidirectional_scene
from viz.diagram.over_time.column import column_of
from viz.diagram.over_time.layout import lay_out
from viz.diagram.over_time.rolled_scene import rolled_scene
from viz.diagram.over_time.shown_timesteps import shown
from viz.diagram.over_time.unrolled_scene import unrolled_scene
from viz.model.flow import Flow, flow_of
from viz.model.folding import opener
from viz.model.merge_boxes import merge_boxes
from viz.model.read_model import Model, read_model
from viz.style.labels import Label


def draw_unrolled(
    rnn, steps: int = 4, focus=None, rolled: bool = False, *, fold="auto", mask=None, training=None
) -> Figure:
    """A picture of a recurrent layer unrolled over time, as textbooks draw it.

    Time runs from left to right and depth from bottom to top: inputs below, outputs above, each state
    an arrow to the right, the readout a dashed arrow to the next column. Six timesteps and more are
    drawn as 0, 1, ..., T-1, so that the picture does not grow.

    Example:
        >>> rnn = LSTMCell(10, input_dim=5).get_layer(return_sequences=True)
        >>> viz.draw_unrolled(rnn, steps=50)
        Figure('LSTMCell unrolled over 50 timesteps', 19 boxes, 16 arrows)

    Args:
        rnn: a recurrent layer of this project whose step is known, a built cell, a Keras model with
            exactly one recurrent layer, or a `keras.layers.Bidirectional` around such a layer, which is
            drawn with both its directions.
        steps: the number of timesteps.
        focus: a timestep, or the first and last of up to eight, to draw beside the first and last one.
        rolled: draw one column, with each state and readout coming back through a delay of one step; it
            stands for every timestep, and goes without `focus` and `mask`.
        fold: `"auto"` draws as few boxes as tell the truth about what depends on what; False draws
            every operation; True closes nested models; names, or a depth, close these.
        mask: for each timestep whether it is valid; a masked one lets states pass and holds the output.
        training: whether the truth enters in place of the readout; by default where the layer forces it.

    Returns:
        A `Figure`, which Jupyter shows.

    Raises:
        TypeError: no recurrent layer, no numbers of timesteps, or no bool for `rolled` or `training`.
        ValueError: a layer that was never called, no timesteps, or a focus or mask that does not fit.
    """
    check_switch("rolled", rolled)
    check_switch("training", training, or_none=True)
    _check_rolled(rolled, focus=focus, mask=mask)
    moments = shown(steps, focus)
    rnn = only_layer(rnn)
    if is_both_ways(rnn):
        _check_both_ways(rolled=rolled, fold=fold, mask=mask, training=training)
        return Figure(bidirectional_scene(rnn, _made_of, moments, steps))
    model = read_model(rnn)
    column = column_of(_flow(model, fold), model.names)
    layout = lay_out(column)
    if rolled:
        scene = rolled_scene(model, column, layout, training)
    else:
        scene = unrolled_scene(model, column, layout, moments, steps=steps, mask=mask, training=training)
    return Figure(scene)


def _made_of(model: Model) -> str:
    labels = [part.label for part in _flow(model, "auto").parts]
    return ", ".join(dict.fromkeys(label.detail or label.title for label in labels))


def _check_rolled(rolled, **options):
    chosen = [name for name, value in options.items() if value is not None]
    if rolled and chosen:
        raise ValueError(
            message(
                f"A rolled drawing has one column for every timestep, and no `{chosen[0]}`.",
                received=f"rolled=True with {chosen[0]}={options[chosen[0]]!r:.80}",
                expected=f"rolled=True, or {chosen[0]}",
                fix=f"leave rolled=True out, or {chosen[0]}",
            )
        )


def _check_both_ways(**options):
    chosen = [name for name, value in options.items() if value not in (False, "auto", None)]
    chosen += ["fold"] if options["fold"] is False else []
    if chosen:
        raise ValueError(
            message(
                f"A Bidirectional is drawn without `{chosen[0]}`.",
                received=f"{chosen[0]}={options[chosen[0]]!r}",
                expected="steps and focus alone",
                fix=f"viz.draw_unrolled(layer.forward_layer, {chosen[0]}=...)",
            )
        )


def _flow(model: Model, fold) -> Flow:
    if not isinstance(fold, str) or fold != "auto":
        return flow_of(model.step.graph, opener(fold, model.step.graph))
    flow = flow_of(model.step.graph, lambda node, depth: True)
    flow.past = frozenset(flow.inputs[len(model.names.inputs) + len(model.names.constants) :])
    models = {frame.label.title for frame in flow.frames}
    flow = merge_boxes(flow, set(model.places()))
    if len(flow.parts) == 1 and flow.parts[0].role == "cell" and not flow.frames:
        only = flow.parts[0]
        brief = only.label.title in models or len(only.values) < 8
        made_of = only.label.title if brief and model.title != only.label.title else ""
        flow.parts = [replace(only, label=Label(model.title, detail=made_of, shape=only.label.shape))]
    return flow
