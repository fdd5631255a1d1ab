from pathlib import Path
from xml.etree import ElementTree

from tools import import_graph
from tools.graph import Node, direct_edges, draw, layers_of

NODES = [
    Node("published", "recommendation", ["model", "matrix"]),
    Node("matrix", "recommendation", ["posts"]),
    Node("model", "recommendation", ["matrix"]),
    Node("posts", "population", ["seeds", "elsewhere"]),
    Node("seeds", "seeds", []),
]


def test_a_node_stands_below_all_that_it_reads() -> None:
    assert [[node.name for node in layer] for layer in layers_of(NODES)] == [
        ["seeds"],
        ["posts"],
        ["matrix"],
        ["model"],
        ["published"],
    ]


def test_the_picture_is_svg_with_a_box_a_node_and_an_arrow_a_dependency() -> None:
    picture = ElementTree.fromstring(draw(NODES, "Assets"))
    space = "{http://www.w3.org/2000/svg}"
    names = [text.text for text in picture.iter(f"{space}text")][::2]
    assert sorted(filter(None, names)) == sorted(node.name for node in NODES)
    assert len(picture.findall(f"{space}path")) == len(direct_edges(NODES))


def test_an_arrow_that_a_longer_path_implies_is_left_out() -> None:
    assert direct_edges(NODES) == [
        ("model", "published"),
        ("posts", "matrix"),
        ("matrix", "model"),
        ("seeds", "posts"),
    ]


def test_the_same_nodes_give_the_same_picture() -> None:
    assert draw(NODES, "Assets") == draw(NODES, "Assets")


def test_the_picture_of_the_rooms_shows_the_imports_of_the_code() -> None:
    picture = ElementTree.parse(Path(__file__).parents[2] / "docs" / "rooms.svg")
    space = "{http://www.w3.org/2000/svg}"
    shown = {title.text for title in picture.iterfind(f"{space}path/{space}title")}
    expected = {f"{start} to {end}" for start, end in direct_edges(import_graph.nodes())}
    assert shown == expected, (
        "draw docs/rooms.svg again: python -m tools.import_graph docs/rooms.svg"
    )
