"""One script made of JavaScript modules, each in a scope of its own, behind those that it imports.

Three forms are read, and all others refused: `import { a, b as c } from "./file.js";`, `export` before a
function, class or const, and `export default` at the end of the first module.
"""

import re
from collections.abc import Callable

from rshop.errors import message

_IMPORT = re.compile(r"^import\s*\{([^}]*)\}\s*from\s*\"\./([^\"]+)\";\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:function|class|const) +)([A-Za-z_$][\w$]*)", re.MULTILINE)
_DEFAULT = re.compile(r"^export default (.*?);\n", re.MULTILINE | re.DOTALL)
_LEFT = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def joined(read: Callable[[str], str], first: str) -> str:
    """The text of a single module made of one module and all that it imports, directly or not.

    Each module becomes the body of a function that returns its exports, so equal private names in two
    modules do not collide.

    Example:
        >>> a, b = 'import { two } from "./b.js";\\nexport default two;\\n', "export const two = 2;\\n"
        >>> print(joined({"a.js": a, "b.js": b}.__getitem__, "a.js"))
        const $0 = (() => {
        const two = 2;
        return { two };
        })();
        const $1 = (() => {
        const { two } = $0;
        return { default: two };
        })();
        export default $1.default;

    Args:
        read: the text of a module by its file name; raises KeyError or FileNotFoundError for no module.
        first: the module to start from, the one that has a default export.

    Raises:
        ValueError: modules that import each other in a circle, a module or a name that does not exist, or a
            form of import or export that is not read.
    """
    made: dict[str, _Module] = {}
    _add(first, read, made, within=())
    if "default" not in made[first].exports:
        raise ValueError(
            message(
                f"{first} has no default export.",
                received=f"exports {sorted(made[first].exports)}",
                expected="export default ...; at the end of the first module",
                fix="write export default { ... };",
            )
        )
    return "\n".join(
        [*(module.text for module in made.values()), f"export default {made[first].name}.default;"]
    )


class _Module:
    def __init__(self, file, text, imported):
        self.name, self.exports = f"${len(imported)}", {}
        lines = [
            f"const {{ {names} }} = {imported[other].name};"
            for names, other in _imports(file, text, imported)
        ]
        body = _EXPORT.sub(self._declared, _IMPORT.sub("", text))
        body = _DEFAULT.sub(self._default, body)
        if left := _LEFT.search(body):
            raise ValueError(
                message(
                    f"{file} has an import or export that is not read here.",
                    received=left[0],
                    expected='import { a } from "./file.js"; or export before a function, class or const',
                    fix="write it in one of these forms",
                )
            )
        returned = ", ".join(n if n == v else f"{n}: {v}" for n, v in self.exports.items())
        inside = [*lines, _shortened(body), f"return {{ {returned} }};"]
        self.text = "\n".join([f"const {self.name} = (() => {{", *(part for part in inside if part), "})();"])

    def _declared(self, found):
        self.exports[found[2]] = found[2]
        return found[1] + found[2]

    def _default(self, found):
        self.exports["default"] = found[1]
        return ""


def _add(file, read, made, within):
    if file in made:
        return
    if file in within:
        raise ValueError(
            message(
                "JavaScript modules import each other in a circle.",
                received=" -> ".join([*within[within.index(file) :], file]),
                expected="imports that run one way",
                fix="move what both need into a module of its own",
            )
        )
    try:
        text = read(file)
    except (KeyError, FileNotFoundError) as error:
        raise ValueError(
            message(
                f"There is no JavaScript module {file}.",
                received=f'import from "./{file}"' + (f" in {within[-1]}" if within else ""),
                expected="a file in the same folder",
                fix="write the file's name with its ending, ./name.js",
            )
        ) from error
    for found in _IMPORT.finditer(text):
        _add(found[2], read, made, (*within, file))
    made[file] = _Module(file, text, made)


def _imports(file, text, made):
    # The names of each import as a pattern takes them (`a, b: c`), and the module that they come from.
    for found in _IMPORT.finditer(text):
        pairs = [name.split(" as ") for name in re.split(r",\s*", found[1].strip().rstrip(",")) if name]
        for name, *_ in pairs:
            if name.strip() not in made[found[2]].exports:
                raise ValueError(
                    message(
                        f"{found[2]} does not export {name.strip()!r}.",
                        received=f"import {{ {name.strip()} }} in {file}",
                        expected=f"one of {sorted(made[found[2]].exports)}",
                        fix="export it, or import another name",
                    )
                )
        yield ", ".join(": ".join(part.strip() for part in pair) for pair in pairs), found[2]


def _shortened(text) -> str:
    # Without indents and lines of comment; unchanged where a text between backticks goes over several lines.
    if any(line.count("`") % 2 for line in text.splitlines()):
        return text.strip()
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line and not line.startswith("//"))
