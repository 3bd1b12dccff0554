"""An editor in a page without a notebook around it: Python answers as the kernel would."""

import json

from viz.inspector.edit_widget import answered
from viz.inspector.page import html_page
from viz.inspector.payload.encoding import encoded

PAGE = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>editor</title>
<style>:root {{ color-scheme: light dark; }}
body {{ margin: 10px 14px; background: light-dark(#fff, #14181d); }}</style>
</head><body><main class="rv-page"><h1 style="display: none">Editor</h1><div id="here"></div></main>
<script type="module">
const values = {values};
const script = {script};
const told = [];
const model = {{
  get: (name) => values[name],
  set: (name, value) => (values[name] = value),
  on: (kind, handler) => told.push(handler),
  save_changes: async () => {{
    values.answer = JSON.parse(await kernel(JSON.stringify(values.wish)));
    told.forEach((handler) => handler());
  }},
}};
const module = await import("data:text/javascript;charset=utf-8," + encodeURIComponent(script));
module.default.render({{ model, el: document.getElementById("here") }});
</script></body></html>"""


def live_page(open_page, folder, editor, name="editor", *, kernel=None, **options):
    """The editor in a browser. `kernel` answers in place of Python's own side."""
    values = {
        "payload": encoded(editor.payload),
        "sheet": html_page.style(),
        "edit": True,
        "answer": editor.answer(),
    }
    parts = {"values": values, "script": html_page.script()}
    text = {key: json.dumps(part).replace("</", "<\\/") for key, part in parts.items()}
    path = folder / f"{name}.html"
    path.write_text(PAGE.format(**text), encoding="utf-8")
    page = open_page("about:blank", offline=True, **options)
    answer = kernel or (lambda wish: answered(editor, wish))
    page.page.expose_function("kernel", lambda wish: json.dumps(answer(json.loads(wish))))
    page.page.goto(path.as_uri())
    page.inspector()
    return page
