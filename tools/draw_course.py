"""Draw which lesson needs which into docs/course_map.svg."""

import textwrap

import graphviz
from course_facts import ROOT, Lesson, in_words, lessons, needs

from viz.diagram.run_graphviz import draw
from viz.diagram.svg import finish
from viz.style.atomic_write import write

PICTURE = ROOT / "docs" / "course_map.svg"

# The letters of the pictures in viz, on white: readable in a dark JupyterLab and on a projector too.
LOOK = {"fontname": "Helvetica", "fontsize": "15", "fontcolor": "#1F2933"}


def svg(course: list[Lesson]) -> str:
    """The picture: one box a lesson, and an arrow to it from each lesson to do just before."""
    drawn = draw(graph(course).source, "svg", placed=False).decode()
    return finish(drawn, in_words(course), tooltips={})


def graph(course: list[Lesson]) -> graphviz.Digraph:
    """The lessons and their arrows in Graphviz's language."""
    result = graphviz.Digraph(
        graph_attr={"rankdir": "LR", "bgcolor": "#FFFFFF", "pad": "0.15", "nodesep": "0.3", "ranksep": "0.4"},
        node_attr={**LOOK, "shape": "box", "style": "rounded,filled", "color": "#0072B2", "penwidth": "1.4"},
        edge_attr={"color": "#1F2933", "penwidth": "1.6", "arrowsize": "0.8"},
    )
    result.node_attr["fillcolor"] = "#DCEBF7"
    for lesson in course:
        result.node(lesson.number, label="\n".join(textwrap.wrap(f"{lesson.number} {lesson.title}", 20)))
    for number, those in needs(course).items():
        for one in those:
            result.edge(one, number)
    return result


if __name__ == "__main__":
    write(PICTURE, svg(lessons()))
