"""`equations`: the step of a recurrent layer as equations."""

import keras

from rshop.expressions.reader import Reader
from rshop.tracing.check_layer import check_layer, only_layer
from viz.formulas.write import Line, equations_of


class Equations:
    """The equations of one timestep: LaTeX in a notebook, text elsewhere.

    Example:
        >>> print(viz.equations(SimpleRNNCell(4, input_dim=3).get_layer()))
        h_t = tanh(W x_t + b + U h_{t-1})
        y_t = h_t

    Attributes:
        latex: the equations as one `aligned` block, to be put between two `$$`.
    """

    def __init__(self, lines: list[Line]):
        self._lines = lines

    @property
    def latex(self) -> str:
        """The equations in LaTeX."""
        rows = []
        for line in self._lines:
            rows.append(f"&{line.right[0]}" if line.is_heading else f"{line.left[0]} &= {line.right[0]}")
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def __str__(self):
        rows = []
        for line in self._lines:
            rows += ["", line.right[1]] if line.is_heading else [f"{line.left[1]} = {line.right[1]}"]
        return "\n".join(rows)

    def __repr__(self):
        return str(self)

    def _repr_latex_(self):
        return f"$$\n{self.latex}\n$$"


def equations(rnn) -> Equations:
    """The equations of one timestep, read off the graph that was written.

    Example:
        >>> e = viz.equations(LSTMCell(4, input_dim=3).get_layer())
        >>> print(e)
        o_t = sigma(W_o x_t + U_o h_{t-1} + b_o)
        f_t = sigma(W_f x_t + U_f h_{t-1} + b_f)
        i_t = sigma(W_i x_t + U_i h_{t-1} + b_i)
        g_t = tanh(W_g x_t + U_g h_{t-1} + b_g)
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t)
        y_t = h_t

    Values have the names that you gave, with the timestep as index, unless they are the same at every
    timestep; what is used twice is written once; terms that are 0 are left out; a nested model is a function
    with equations of its own. A product with a weight is written `W x`, as for column vectors; the circled
    dot (`*` in text) multiplies unit by unit. A weight of a layer without a name is called after the value
    that it helps to compute, `U` where it multiplies a state; where no name fits, its layer has a number.
    `softmax(scores, mask)` gives shares of the places that count, and 0 to the others.

    Args:
        rnn: a recurrent layer of this project or a cell, whose sizes are known, or a Keras model that has
            exactly one.

    Returns:
        `Equations`: shown as formulas in a notebook; `str()` is text, `.latex` the LaTeX.

    Raises:
        TypeError: not a recurrent layer of this project.
        ValueError: a layer that is not built, or a part of which no expression is known; names it.
    """
    layer = only_layer(rnn)
    check_layer(layer, "Only recurrent layers of rshop have equations.", cells=True)
    if not isinstance(layer, keras.layers.Layer) or not hasattr(layer, "first_states"):
        layer = layer.get_layer()
    step = Reader().step(layer.description, masks=False)
    if layer.decode:
        # What a decoder reads is the same at every timestep.
        step.roles = ["constant" if role == "input" else role for role in step.roles]
    return Equations(equations_of(step))
