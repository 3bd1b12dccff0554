"""The browser's side of an `Editor`: the widget, what its page asks for, and what it is answered."""

from functools import cache

from rshop.errors import taken_apart
from viz.inspector.page import html_page


def widget_of(editor, payload: dict):
    """The anywidget that talks to the page of an editor.

    Args:
        editor: the `Editor`; its `answer` is what the page is told.
        payload: the run, encoded.
    """
    widget = _widget_class()(payload=payload, sheet=html_page.style(), answer=editor.answer())
    widget.observe(lambda change: _hear(editor, widget, change["new"]), names="wish")
    return widget


def _hear(editor, widget, wish):
    editor.hears, before = True, editor.edits
    try:
        with widget.hold_sync():  # the page is told once
            widget.answer = answered(editor, wish)
    finally:
        editor.hears = False
    if editor.edits is not before:
        editor._show_last_state(update=True)


def answered(editor, wish: dict) -> dict:
    """What the page is told after a wish of its: it waits for an answer, whatever comes of it.

    Args:
        editor: the `Editor`.
        wish: `{"undo": True}`, `{"drop": place}`, `{"change": {...}}`, or that with `preview` and `mode`; a
            `ticket` is told back.
    """
    try:
        answer = _done(editor, wish)
    except Exception as error:  # noqa: BLE001  (what the user's own layer raises is shown in the page, too)
        answer = {**editor.answer(), "error": to_a_student(error)}
    return {**answer, "ticket": wish.get("ticket")}


def _done(editor, wish) -> dict:
    if "undo" in wish:
        editor.undo()
    elif "drop" in wish:
        editor.take_back(wish["drop"])
    elif wish.get("preview"):
        return editor._preview(wish["change"], wish["mode"])
    elif "change" in wish:
        editor.change(**wish["change"])
    return editor.answer()


def to_a_student(error) -> str:
    """What went wrong, without the call's arguments: these are for who writes Python.

    Example:
        >>> to_a_student(ValueError("No such unit. Received: 9. Expected: 0 to 5. Fix: unit=0."))
        'Nothing was changed. No such unit. What fits: 0 to 5.'
    """
    problem, expected = taken_apart(str(error))
    if problem == str(error):  # of a library below, which says nothing of use to who sees a page
        return f"Nothing was changed: the model does not run with this number ({type(error).__name__})."
    return f"Nothing was changed. {problem}" + (f" What fits: {expected}." if expected else "")


@cache
def _widget_class():
    import anywidget
    import traitlets

    class EditWidget(anywidget.AnyWidget):
        """The browser's side of an `Editor`."""

        _esm = html_page.script()
        payload = traitlets.Dict().tag(sync=True)
        sheet = traitlets.Unicode().tag(sync=True)
        edit = traitlets.Bool(True).tag(sync=True)
        wish = traitlets.Dict().tag(sync=True)
        answer = traitlets.Dict().tag(sync=True)
        still = traitlets.Unicode().tag(sync=True)

    return EditWidget
