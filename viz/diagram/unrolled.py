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
from viz.model.keras_cells import with_open_cells
from viz.model.merge_boxes import merge_boxes
from viz.model.read_model import Model, read_model
from viz.model.textbook import as_textbook
from viz.style.labels import Label


def draw_unrolled(
    rnn,
    steps: int = 4,
    focus=None,
    rolled: bool = False,
    *,
    fold="auto",
    mask=None,
    training=None,
    expand=False,
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
            every model open, as `draw_step` does; True closes nested models; names, or a depth, close these.
        mask: for each timestep whether it is valid; a masked one lets states pass and holds the output.
        training: whether the truth enters in place of the readout; by default where the layer forces it.
        expand: draw every product, sum, bias and split as a box of its own, where `fold` is not `"auto"`;
            otherwise what is affine is one box with its formula, `W x + U h + b`.

    Returns:
        A `Figure`, which Jupyter shows.

    Raises:
        TypeError: no recurrent layer, no numbers of timesteps, or no bool for `rolled`, `training` or
            `expand`.
        ValueError: a layer that was never called, no timesteps, a focus or mask that does not fit, or
            `expand` with blocks (`fold="auto"`), which stay closed.
    """
    check_switch("rolled", rolled)
    check_switch("training", training, or_none=True)
    check_switch("expand", expand)
    _check_rolled(rolled, focus=focus, mask=mask)
    moments = shown(steps, focus)
    rnn = only_layer(rnn)
    if is_both_ways(rnn):
        _check_both_ways(rolled=rolled, fold=fold, mask=mask, training=training, expand=expand)
        return Figure(bidirectional_scene(rnn, _made_of, moments, steps))
    _check_expand(fold, expand)
    model = read_model(rnn)
    column = column_of(_flow(model, fold, expand), model.names)
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


def _check_expand(fold, expand):
    if expand and isinstance(fold, str) and fold == "auto":
        raise ValueError(
            message(
                "`expand` draws the parts of affine boxes, and blocks have none.",
                received='expand=True with fold="auto"',
                expected="expand=True with another fold, or expand=False",
                fix="viz.draw_unrolled(rnn, fold=False, expand=True)",
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


def _flow(model: Model, fold, expand=False) -> Flow:
    if not isinstance(fold, str) or fold != "auto":
        graph = with_open_cells(model.step.graph)
        return _opened(model, flow_of(graph, opener(fold, graph)), expand)
    flow = flow_of(model.step.graph, lambda node, depth: True)
    flow.past = _past(model, flow)
    models = {frame.label.title for frame in flow.frames}
    flow = merge_boxes(flow, set(model.places()))
    if len(flow.parts) == 1 and flow.parts[0].role == "cell" and not flow.frames:
        only = flow.parts[0]
        brief = only.label.title in models or len(only.values) < 8
        made_of = only.label.title if brief and model.title != only.label.title else ""
        flow.parts = [replace(only, label=Label(model.title, detail=made_of, shape=only.label.shape))]
    return flow


def _opened(model, flow, expand):
    # The arrows say which timestep a value comes from: in a formula that stands in every column, h is enough.
    flow.past, names = _past(model, flow), model.names
    read = [*names.inputs, *names.constants, *names.states, *names.readouts]
    labels = {id: Label(name) for id, name in zip(flow.inputs, read, strict=True)}
    ends = [*names.outputs, *(name.rpartition("/")[2] for name in model.step.state_names)]
    return as_textbook(flow, labels, ends, affine=not expand, apart=lambda part, other: False)


def _past(model, flow):
    return frozenset(flow.inputs[len(model.names.inputs) + len(model.names.constants) :])
