"""A lesson's answers without those that a student should find: the checks still work.

What a check needs stays. A solution becomes its signature and docstring, of which the empty cell is made
too; everything else that no check reaches is left out.
"""

import ast
import re

COMMENT = "    ...  # this copy comes without solutions"


def without_solutions(source: str) -> str:
    """The text of a `lesson_NN.py` with its solutions emptied and without its wrong answers.

    Example:
        >>> print(without_solutions(Path("notebooks/course/lesson_01.py").read_text()))
    """
    lines = source.splitlines()
    for first, last, new in sorted(_edits(ast.parse(source), lines), reverse=True):
        lines[first - 1 : last] = new
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines) + "\n")


def _edits(tree, lines):
    """Yield (first line, last line, the lines in their place)."""
    solutions, needed = set(), set()
    definitions = _definitions(tree)
    for node in tree.body:
        if _is_exercise(node):
            arguments = _arguments(node.value)
            solutions.add(arguments["solution"].id)
            needed |= _names(arguments["check"]) | _names(arguments["hints"])
            yield _without_wrong_answers(arguments["wrong"], lines)
        elif node not in definitions.values():
            needed |= _names(node)
    kept = _reached(needed, definitions)
    for name, node in definitions.items():
        if name not in kept:
            yield _first_line(node), node.end_lineno, _stub(node, lines) if name in solutions else []


def _definitions(tree):
    """Name -> the function, class or assignment of the file's own that makes it."""
    found = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = node
    return found


def _is_exercise(node):
    call = node.value if isinstance(node, ast.Expr) else None
    return isinstance(call, ast.Call) and ast.unparse(call.func) == "register_exercise"


def _arguments(call):
    by_place = zip(["name", "solution", "check"], call.args, strict=False)
    return dict(by_place) | {keyword.arg: keyword.value for keyword in call.keywords}


def _names(node):
    return {inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)}


def _reached(names, definitions):
    """These names, and those that their definitions use in turn."""
    found, ahead = set(), set(names)
    while ahead:
        name = ahead.pop()
        found.add(name)
        if name in definitions:
            ahead |= _names(definitions[name]) - found
    return found


def _without_wrong_answers(node, lines):
    before, after = lines[node.lineno - 1].encode(), lines[node.end_lineno - 1].encode()
    line = before[: node.col_offset] + b"[]" + after[node.end_col_offset :]
    return node.lineno, node.end_lineno, [line.decode()]


def _first_line(node):
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _stub(node, lines):
    has_docstring = ast.get_docstring(node) is not None
    last = node.body[0].end_lineno if has_docstring else node.body[0].lineno - 1
    return [*lines[_first_line(node) - 1 : last], COMMENT]


if __name__ == "__main__":
    raise SystemExit("Nothing to run here. Fix: python tools/make_student.py --without-solutions")
