"""Modules joined into one script: scopes of their own, one order, and what is refused."""

import re
from importlib.resources import files

import pytest

from tests.support.node import NEEDS_NODE, node
from viz.inspector.page import html_page
from viz.inspector.page.joined_script import joined

#: Three modules with a private `size` each, and one in which an import has another name.
APART = {
    "main.js": 'import { area } from "./area.js";\nimport {\n  edge as other,\n} from "./edge.js";\n\n'
    "const size = 5;\n\nexport default { found: [size, area(), other()] };\n",
    "area.js": 'import { edge } from "./edge.js";\n\nconst size = 7;\n\n'
    "export function area() {\n  return size * edge();\n}\n",
    "edge.js": "const size = 3;\n\nexport const edge = () => size;\n",
}


def script_of(modules):
    return joined(modules.__getitem__, "main.js")


def run(script, tmp_path, expression="module.default.found"):
    """What an expression is in Node, with the script as `module`."""
    path = tmp_path / "joined.mjs"
    path.write_text(script, encoding="utf-8")
    done = node("-e", f"import({str(path)!r}).then((module) => console.log(JSON.stringify({expression})))")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@NEEDS_NODE
def test_equal_private_names_in_two_modules_do_not_meet(tmp_path):
    assert run(script_of(APART), tmp_path) == "[5,21,3]"


def test_each_module_stands_once_behind_what_it_imports():
    script = script_of(APART)
    assert re.findall(r"^const size = (\d);$", script, re.MULTILINE) == ["3", "7", "5"]
    assert not re.search(r"^import\b", script, re.MULTILINE)
    assert re.findall(r"^export .*", script, re.MULTILINE) == ["export default $2.default;"]


@NEEDS_NODE
def test_a_text_over_several_lines_keeps_its_indents(tmp_path):
    modules = {"main.js": "const text = `a\n  // b`;\n// A comment.\nexport default { found: text };\n"}
    assert run(script_of(modules), tmp_path) == r'"a\n  // b"'


def test_comments_and_indents_stay_at_home():
    modules = {"main.js": "// Why.\nif (1) {\n  // How.\n  two();\n}\nexport default {};\n"}
    assert script_of(modules).splitlines()[1:4] == ["if (1) {", "two();", "}"]


@pytest.mark.parametrize(
    "modules, said",
    [
        (
            {**APART, "edge.js": 'import { area } from "./area.js";\nexport const edge = area;\n'},
            "in a circle. Received: area.js -> edge.js -> area.js.",
        ),
        ({**APART, "edge.js": 'import { a } from "./edge.js";\n'}, "Received: edge.js -> edge.js."),
        (
            {"main.js": APART["main.js"]},
            'no JavaScript module area.js. Received: import from "./area.js" in main.js.',
        ),
        ({}, 'There is no JavaScript module main.js. Received: import from "./main.js".'),
        (
            {**APART, "edge.js": "const edge = 3;\n"},
            "edge.js does not export 'edge'. Received: import { edge } in area.js.",
        ),
        (
            {"main.js": 'import * as all from "./x.js";\n'},
            'Received: import * as all from "./x.js";. Expected: import { a } from "./file.js";',
        ),
        ({"main.js": 'import { a } from "a-package";\n'}, 'Received: import { a } from "a-package";.'),
        ({"main.js": "export let a = 1;\n"}, "Received: export let a = 1;."),
        ({"main.js": "export { a };\n"}, "Received: export { a };."),
        ({"main.js": "export const a = 1;\n"}, "main.js has no default export. Received: exports ['a']."),
    ],
)
def test_what_cannot_be_joined_is_refused_by_name(modules, said):
    with pytest.raises(ValueError) as refusal:
        script_of(modules)
    assert said in str(refusal.value) and "Fix: " in str(refusal.value)


def test_the_inspector_is_one_script_of_all_its_modules():
    folder = files("viz.inspector") / "js"
    modules = [path for path in folder.iterdir() if path.name.endswith(".js")]
    script = html_page.script()
    assert len(re.findall(r"^const \$\d+ = \(\(\) => \{$", script, re.MULTILINE)) == len(modules) > 15
    assert script.endswith(".default;") and "import" not in script


@NEEDS_NODE
def test_the_joined_inspector_offers_what_its_first_module_offers(tmp_path):
    assert run(html_page.script(), tmp_path, "Object.keys(module.default)") == '["render"]'
