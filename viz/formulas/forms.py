"""How each kind of term is written in a formula: in LaTeX and in plain text, and how tightly it holds."""

from collections.abc import Callable

from rshop.export.forms import key_text
from viz.formulas.symbols import plain

COMPARE, SUM, PRODUCT, UNARY, POWER, ATOM = 1, 2, 3, 4, 5, 6

#: Writes a term: `form(term, operand)`, where `operand(i, level)` is `(latex, text)` of an operand, in
#: brackets where it holds together less. Returns `(latex, text)` and the level.
Form = Callable


def infix(latex: str, text: str, level, left, right) -> Form:
    """An operator between two operands."""

    def form(term, operand):
        (a, x), (b, y) = operand(0, left), operand(1, right)
        return (f"{a} {latex} {b}".replace("  ", " "), f"{x} {text} {y}".replace("  ", " ")), level

    return form


def function(latex: str, text: str) -> Form:
    """A function with its operands in brackets."""

    def form(term, operand):
        parts = [operand(i, 0) for i in range(len(term.of))]
        inner, written = (", ".join(part[k] for part in parts) for k in (0, 1))
        return (f"{latex}\\left({inner}\\right)", f"{text}({written})"), ATOM

    return form


def named(text: str) -> Form:
    """A function under its name, in upright letters."""
    return function(f"\\operatorname{{{plain(text)}}}", text)


def _product(term, operand):
    # `W x`: a book has the weights to the left of a column, `x @ W` in the code.
    order = (1, 0) if term.of[1].kind != "read" else (0, 1)
    (a, x), (b, y) = (operand(i, UNARY) for i in order)
    return (f"{a}\\, {b}", f"{x} {y}"), PRODUCT


def _times(term, operand):
    a, b = term.of
    if "number" in (a.kind, b.kind) or a.shape == () or b.shape == ():
        first, second = (0, 1) if a.kind == "number" or a.shape == () else (1, 0)
        (x, u), (y, v) = operand(first, PRODUCT), operand(second, PRODUCT + 0.2)
        return (f"{x}\\, {y}", f"{u} {v}"), PRODUCT
    return infix(r"\odot", "*", PRODUCT, PRODUCT, UNARY + 0.2)(term, operand)


def _divide(term, operand):
    (a, _), (b, _) = operand(0, 0), operand(1, 0)
    (_, u), (_, v) = operand(0, PRODUCT), operand(1, PRODUCT + 0.2)
    return (f"\\frac{{{a}}}{{{b}}}", f"{u} / {v}"), PRODUCT


def _power(term, operand):
    (a, x), (b, _) = operand(0, ATOM), operand(1, 0)
    _, z = operand(1, POWER)
    return (f"{a}^{{{b}}}", f"{x}^{z}"), POWER


def _conv(term, operand):
    (a, x), (b, y) = operand(0, UNARY), operand(1, UNARY)
    return (f"{b} * {a}", f"conv({y}, {x})"), PRODUCT


def _square(term, operand):
    a, x = operand(0, ATOM)
    return (f"{a}^{{2}}", f"{x}^2"), POWER


def _negative(term, operand):
    a, x = operand(0, UNARY)
    return (f"-{a}", f"-{x}"), UNARY


def _joined(term, operand):
    parts = [operand(i, 0) for i in range(len(term.of))]
    return ("[" + ";\\, ".join(a for a, _ in parts) + "]", "[" + "; ".join(x for _, x in parts) + "]"), ATOM


def _transposed(term, operand):
    if term.how.get("axes") is not None:
        return named("transpose")(term, operand)
    a, x = operand(0, ATOM)
    return (f"{a}^{{\\top}}", f"{x}^T"), POWER


def _row(term, operand):
    (a, x), (b, y) = operand(0, ATOM), operand(1, 0)
    return (f"{a}\\left[{b}\\right]", f"{x}[{y}]"), ATOM


def _item(term, operand):
    a, x = operand(0, ATOM)
    key = key_text(term.how["key"])
    return (f"{a}\\left[\\texttt{{{key}}}\\right]", f"{x}[{key}]"), ATOM


def _number(term, operand):
    value = term.how["value"]
    text = f"{value:g}" if isinstance(value, (int, float)) and not isinstance(value, bool) else str(value)
    latex = text
    if "e+" in text or "e-" in text:
        base, _, power = text.partition("e")
        latex = f"{base} \\cdot 10^{{{int(power)}}}"
    latex = latex.replace("inf", r"\infty")
    return (latex, text), UNARY if text.startswith("-") else ATOM


#: Kinds that only change the layout of numbers, which is not written.
LAYOUT = {"cast", "reshape", "expand_dims", "squeeze", "broadcast_to", "unfold"}
#: kind -> form; a kind that is not here is a function under its own name.
FORMS: dict[str, Form] = {
    "number": _number,
    "add": infix("+", "+", SUM, SUM, SUM),
    "subtract": infix("-", "-", SUM, SUM, SUM + 0.2),
    "matmul": _product,
    "multiply": _times,
    "divide": _divide,
    "power": _power,
    "square": _square,
    "negative": _negative,
    "sigmoid": function(r"\sigma", "sigma"),
    "tanh": function(r"\tanh", "tanh"),
    "exp": function(r"\exp", "exp"),
    "log": function(r"\log", "log"),
    "sin": function(r"\sin", "sin"),
    "cos": function(r"\cos", "cos"),
    "maximum": function(r"\max", "max"),
    "minimum": function(r"\min", "min"),
    "max": function(r"\max", "max"),
    "min": function(r"\min", "min"),
    "sum": function(r"\sum", "sum"),
    "argmax": function(r"\operatorname{arg\,max}", "argmax"),
    "concatenate": _joined,
    "lookup": _row,
    "take": _row,
    "item": _item,
    "transpose": _transposed,
    "conv": _conv,
    "greater": infix(">", ">", COMPARE, SUM, SUM),
    "less": infix("<", "<", COMPARE, SUM, SUM),
    "greater_equal": infix(r"\ge", ">=", COMPARE, SUM, SUM),
    "less_equal": infix(r"\le", "<=", COMPARE, SUM, SUM),
    "equal": infix("=", "==", COMPARE, SUM, SUM),
    "not_equal": infix(r"\ne", "!=", COMPARE, SUM, SUM),
    "logical_and": infix(r"\wedge", "and", COMPARE, COMPARE, COMPARE),
    "logical_or": infix(r"\vee", "or", COMPARE, COMPARE, COMPARE),
}
