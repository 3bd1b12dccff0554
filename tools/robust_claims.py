"""Find the claims in the code of a lesson, and have each measured where it is made.

A claim is one comparison of an `assert`, or an `assert` that compares nothing. Its name is its source text:

    assert error < 0.1 and np.allclose(y, 3)      # two claims: "error < 0.1" and "np.allclose(y, 3)"
"""

import ast
from collections import Counter

SIGNS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
MEASURE = "robust_margin"
ALL = ("all", "np.all")
CLOSE = ("np.allclose", "np.isclose")


class Claims:
    """The claims of one lesson, cell by cell.

    Example:
        >>> Claims("01").measured("assert 3 < 4")
        "assert robust_margin.compare('01: 3 < 4', 3, '<', 4, 'right')"

    Args:
        lesson: what the names begin with.
        seed: added to the number of each `keras.utils.set_random_seed(number)`, which would else set back
            the seed that `course.setup` took from `COURSE_SEED`.
    """

    def __init__(self, lesson: str, seed: int = 0):
        self.lesson, self.seed = lesson, seed
        self._seen = Counter()

    def measured(self, source: str) -> str:
        """The source of a cell with its claims measured; as it is if it is no Python."""
        try:
            tree = ast.parse(source)
        except SyntaxError:
            return source
        # In the order of the lines, which numbers claims of the same text.
        for node in sorted(ast.walk(tree), key=lambda node: getattr(node, "lineno", 0)):
            if isinstance(node, ast.Assert):
                node.test = self._claim(node.test)
            elif self.seed and _calls(node, "keras.utils.set_random_seed"):
                node.args = [
                    ast.BinOp(argument, ast.Add(), ast.Constant(self.seed)) for argument in node.args
                ]
        return ast.unparse(ast.fix_missing_locations(tree))

    def _claim(self, test):
        if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
            test.values = [self._claim(value) for value in test.values]
            return test
        return self._comparison(test) or self._of_all(test) or self._close(test) or self._truth(test)

    def _comparison(self, test):
        """`a < b < c` as `compare(a < (middle := b)) and compare(middle < c)`: b is computed once."""
        if not isinstance(test, ast.Compare):
            return None
        parts, left, words = [], test.left, ast.unparse(test.left)
        for op, right in zip(test.ops, test.comparators, strict=True):
            border = "left" if _number(left) and not _number(right) else "right"
            sign, text = SIGNS[type(op)], ast.unparse(right)
            name = self._name(f"{words} {sign} {text}")
            middle = f"robust_middle_{len(parts)}"
            if right is not test.comparators[-1] and not _number(right):
                right = ast.NamedExpr(ast.Name(middle, ast.Store()), right)
            parts.append(_call("compare", name, left, ast.Constant(sign), right, ast.Constant(border)))
            left = ast.Name(middle, ast.Load()) if isinstance(right, ast.NamedExpr) else right
            words = text
        return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), parts)

    def _of_all(self, test):
        """`all(a < b for ...)`, `np.all(a < b)` or `(a < b).all()` with the comparison inside measured."""
        if not isinstance(test, ast.Call) or test.keywords:
            return None
        if isinstance(test.func, ast.Attribute) and test.func.attr == "all" and not test.args:
            inside = self._comparison(test.func.value)
            test.func.value = inside or test.func.value
        elif ast.unparse(test.func) in ALL and len(test.args) == 1:
            argument = test.args[0]
            if isinstance(argument, ast.GeneratorExp | ast.ListComp):
                inside = self._comparison(argument.elt)
                argument.elt = inside or argument.elt
            else:
                inside = self._comparison(argument)
                test.args = [inside or argument]
        else:
            return None
        return test if inside else None

    def _close(self, test):
        if not isinstance(test, ast.Call) or ast.unparse(test.func) not in CLOSE or len(test.args) < 2:
            return None
        call = _call("close", self._name(ast.unparse(test)), test.func, *test.args)
        call.keywords = test.keywords
        return call

    def _truth(self, test):
        return _call("truth", self._name(ast.unparse(test)), test)

    def _name(self, text):
        name = f"{self.lesson}: {text}"
        self._seen[name] += 1
        count = self._seen[name]
        return ast.Constant(name if count == 1 else f"{name} #{count}")


def _call(function, *arguments):
    measure = ast.Attribute(ast.Name(MEASURE, ast.Load()), function, ast.Load())
    return ast.Call(measure, list(arguments), [])


def _calls(node, function):
    return isinstance(node, ast.Call) and ast.unparse(node.func) == function


def _number(node):
    """A number as it is written; `-3`, `2 / 3` and `1e-5` too."""
    parts = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.operator, ast.unaryop, ast.expr_context)
    return all(isinstance(part, parts) for part in ast.walk(node)) and not any(
        isinstance(part, ast.Constant) and not isinstance(part.value, int | float) for part in ast.walk(node)
    )
