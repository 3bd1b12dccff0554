"""How each kind of term is written in NumPy: its text, and how tightly that holds together."""

from collections.abc import Callable

COMPARE, SUM, PRODUCT, TIMES, UNARY, POWER, ATOM = 1, 4, 4.5, 5, 6, 7, 8

#: Writes a term: `form(term, operand)`, where `operand(i, level)` is the text of an operand, in brackets
#: where it holds together less than that. Returns the text and its level.
Form = Callable


def infix(sign: str, level, left, right) -> Form:
    """An operator between two operands.

    Example:
        >>> infix("+", SUM, SUM, SUM + 0.2)(term, lambda i, level: "xy"[i])
        ('x + y', 4)
    """
    return lambda term, operand: (f"{operand(0, left)} {sign} {operand(1, right)}", level)


def function(name: str, *settings: str) -> Form:
    """A call with all operands, then with settings of the term by position.

    Example:
        >>> function("np.tanh")(term, lambda i, level: "z")
        ('np.tanh(z)', 8)
    """

    def form(term, operand):
        values = [operand(i, 0) for i in range(len(term.of))]
        values += [told(term.how[key]) for key in settings]
        return f"{name}({', '.join(values)})", ATOM

    return form


def over_axis(name: str, *settings: str) -> Form:
    """A call with one operand, then with settings by name, those left out that are at their default."""

    def form(term, operand):
        text = operand(0, 0)
        for key in settings or ("axis", "keepdims"):
            if term.how.get(key) is not None and term.how[key] is not False:
                text += f", {key}={told(term.how[key])}"
        return f"{name}({text})", ATOM

    return form


def told(value) -> str:
    """A setting as Python text: lists as tuples, so that axes may be several."""
    if isinstance(value, (list, tuple)):
        return repr(tuple(value) if len(value) != 1 else value[0])
    return repr(value.item() if hasattr(value, "item") else value)


def _number(term, operand):
    value = term.how["value"]
    negative = isinstance(value, (int, float)) and value < 0
    text = f'float("{value}")' if value in (float("inf"), float("-inf")) or value != value else repr(value)
    return text, UNARY if negative else ATOM


def _weight(term, operand):
    return f"weights[{term.how['key']!r}]".replace("'", '"'), ATOM


def key_text(key) -> str:
    """The key of `x[key]` as text.

    Example:
        >>> key_text((slice(None), slice(0, 3), None))
        ':, :3, None'
    """
    parts = key if isinstance(key, tuple) else (key,)
    return ", ".join(_slice(part) for part in parts)


def _slice(part):
    if not isinstance(part, slice):
        return "..." if part is Ellipsis else repr(part)
    ends = ["" if end is None else str(end) for end in (part.start, part.stop)]
    return ":".join(ends) + ("" if part.step is None else f":{part.step}")


def _item(term, operand):
    return f"{operand(0, ATOM)}[{key_text(term.how['key'])}]", ATOM


def _reshape(term, operand):
    unknown = [i for i, size in enumerate(term.shape) if size is None]
    sizes = ["-1" if size is None else str(size) for size in term.shape]
    if len(unknown) > 1 and unknown[0] == 0:
        sizes[0] = f"len({operand(0, 0)})"
    return f"{operand(0, ATOM)}.reshape({', '.join(sizes)})", ATOM


def _broadcast(term, operand):
    sizes = [f"len({operand(0, 0)})" if size is None else str(size) for size in term.shape]
    return f"np.broadcast_to({operand(0, 0)}, ({', '.join(sizes)},))", ATOM


def _unfold(term, operand):
    return f"{operand(0, ATOM)}.reshape(*{operand(1, ATOM)}.shape[:2], *{operand(0, ATOM)}.shape[1:])", ATOM


def _joined(name):
    def form(term, operand):
        listed = ", ".join(operand(i, 0) for i in range(len(term.of)))
        return f"{name}([{listed}], axis={term.how['axis']})", ATOM

    return form


def _cast(term, operand):
    return f"{operand(0, ATOM)}.astype({term.dtype!r})".replace("'", '"'), ATOM


def _split(term, operand):
    return (
        f"np.split({operand(0, 0)}, {told(term.how['indices_or_sections'])}, axis={term.how['axis']})",
        ATOM,
    )


def _argmax(name):
    def form(term, operand):
        text, level = over_axis(name)(term, operand)
        return f'{text}.astype("{term.dtype}")', level

    return form


def _transpose(term, operand):
    axes = term.how["axes"]
    return f"np.transpose({operand(0, 0)}{'' if axes is None else f', {tuple(axes)}'})", ATOM


def _einsum(term, operand):
    listed = ", ".join(operand(i, 0) for i in range(len(term.of)))
    return f'np.einsum("{term.how["subscripts"]}", {listed})', ATOM


def _relu(term, operand):
    plain = (0.0, None, 0.0)
    keys = ("negative_slope", "max_value", "threshold")
    settings = tuple(term.how.get(key, default) for key, default in zip(keys, plain, strict=True))
    if settings == plain:
        return f"np.maximum({operand(0, 0)}, 0)", ATOM
    return f"relu({operand(0, 0)}, {', '.join(map(repr, settings))})", ATOM


def _one_hot(term, operand):
    how = term.how
    return f'one_hot({operand(0, 0)}, {how["num_classes"]}, {how["axis"]}, "{term.dtype}")', ATOM


def _layer_norm(term, operand):
    how = term.how
    axis = (how["axis"],) if isinstance(how["axis"], int) else tuple(how["axis"])
    listed = ", ".join(operand(i, 0) for i in range(len(term.of)))
    return f"layer_norm({listed}, {axis}, {how['epsilon']})", ATOM


def _conv(term, operand):
    how, n = term.how, len(term.shape) - 2
    settings = [_each(how["strides"], n), repr(how["padding"]), _each(how["dilation_rate"], n)]
    return f"conv({operand(0, 0)}, {operand(1, 0)}, {', '.join(settings)})".replace("'", '"'), ATOM


def _pool(name):
    def form(term, operand):
        how, n = term.how, len(term.shape) - 2
        settings = [_each(how["pool_size"], n), _each(how["strides"] or how["pool_size"], n)]
        return f'{name}({operand(0, 0)}, {", ".join(settings)}, "{how["padding"]}")', ATOM

    return form


def _pad(term, operand):
    widths = [tuple(width) for width in term.how["pad_width"]]
    return f"np.pad({operand(0, 0)}, {widths}, {term.how['mode']!r})".replace("'", '"'), ATOM


def _each(value, count):
    return repr([value] * count if isinstance(value, int) else list(value))


_OF_NUMPY = (
    "tanh", "exp", "expm1", "log", "log1p", "log2", "log10", "sin", "cos", "tan", "sinh", "cosh",
    "arcsin", "arccos", "arctan", "arctan2", "sqrt", "floor", "ceil", "round", "sign", "maximum",
    "minimum", "where", "logical_and", "logical_or", "logical_not", "logical_xor", "ones_like",
    "zeros_like", "dot",
)  # fmt: skip
_HELPERS = (
    "sigmoid", "softplus", "softsign", "silu", "log_sigmoid", "hard_sigmoid", "hard_silu",
    "hard_tanh", "relu6", "selu", "erf", "mish",
)  # fmt: skip
_REDUCED = ["sum", "mean", "max", "min", "prod", "var", "std", "any", "all", "cumsum", "sort"]
#: kind -> form.
FORMS: dict[str, Form] = {
    "number": _number,
    "weight": _weight,
    "add": infix("+", SUM, SUM, SUM + 0.2),
    "subtract": infix("-", SUM, SUM, SUM + 0.2),
    "matmul": infix("@", PRODUCT, UNARY, UNARY),
    "multiply": infix("*", TIMES, TIMES, TIMES + 0.2),
    "divide": infix("/", TIMES, TIMES, TIMES + 0.2),
    "floor_divide": infix("//", TIMES, TIMES, TIMES + 0.2),
    "mod": infix("%", TIMES, TIMES, TIMES + 0.2),
    "power": infix("**", POWER, ATOM, POWER),
    "negative": lambda term, operand: (f"-{operand(0, UNARY)}", UNARY),
    "square": lambda term, operand: (f"{operand(0, ATOM)} ** 2", POWER),
    "rsqrt": lambda term, operand: (f"1 / np.sqrt({operand(0, 0)})", TIMES),
    "reciprocal": lambda term, operand: (f"1 / {operand(0, TIMES + 0.2)}", TIMES),
    **{
        kind: infix(sign, COMPARE, COMPARE + 1, COMPARE + 1)
        for kind, sign in {"greater": ">", "less": "<", "greater_equal": ">=", "less_equal": "<=",
                           "equal": "==", "not_equal": "!="}.items()
    },
    **{kind: function(f"np.{kind}") for kind in _OF_NUMPY},
    **{kind: function(kind) for kind in _HELPERS},
    **{kind: over_axis(f"np.{kind}") for kind in _REDUCED},
    **{kind: over_axis(kind) for kind in ("softmax", "log_softmax", "logsumexp")},
    "absolute": function("np.abs"),
    "argmax": _argmax("np.argmax"),
    "argmin": _argmax("np.argmin"),
    "relu": _relu,
    "leaky_relu": function("leaky_relu", "negative_slope"),
    "elu": function("elu", "alpha"),
    "celu": function("celu", "alpha"),
    "gelu": function("gelu", "approximate"),
    "item": _item,
    "lookup": lambda term, operand: (f"{operand(0, ATOM)}[{operand(1, 0)}]", ATOM),
    "reshape": _reshape,
    "broadcast_to": _broadcast,
    "unfold": _unfold,
    "transpose": _transpose,
    "swapaxes": function("np.swapaxes", "axis1", "axis2"),
    "moveaxis": function("np.moveaxis", "source", "destination"),
    "hard_shrink": function("hard_shrink", "threshold"),
    "soft_shrink": function("soft_shrink", "threshold"),
    "tanh_shrink": function("tanh_shrink"),
    "pad": _pad,
    "unstack": lambda t, o: (f"np.moveaxis({o(0, 0)}, {t.how['axis']}, 0)", ATOM),
    "expand_dims": function("np.expand_dims", "axis"),
    "squeeze": over_axis("np.squeeze", "axis"),
    "concatenate": _joined("np.concatenate"),
    "stack": _joined("np.stack"),
    "split": _split,
    "take": lambda t, o: (f"np.take({o(0, 0)}, {o(1, 0)}, axis={t.how['axis']})", ATOM),
    "take_along_axis": lambda t, o: (f"np.take_along_axis({o(0, 0)}, {o(1, 0)}, axis={t.how['axis']})", ATOM),
    "repeat": function("np.repeat", "repeats", "axis"),
    "tile": function("np.tile", "repeats"),
    "flip": over_axis("np.flip", "axis"),
    "roll": function("np.roll", "shift", "axis"),
    "einsum": _einsum,
    "clip": function("np.clip", "x_min", "x_max"),
    "cast": _cast,
    "one_hot": _one_hot,
    "conv": _conv,
    "max_pool": _pool("max_pool"),
    "average_pool": _pool("average_pool"),
    "batch_norm": function("batch_norm", "axis", "epsilon"),
    "layer_norm": _layer_norm,
    "rms_norm": function("rms_norm", "axis", "epsilon"),
    "normalize": function("normalize", "axis", "order", "epsilon"),
    "dot_product_attention": function("dot_product_attention", "is_causal"),
}  # fmt: skip
