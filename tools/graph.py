"""Draws a directed graph as SVG: one row a layer, one arrow a dependency."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 196, 46
COLUMN_GAP, ROW_GAP, MARGIN = 28, 34, 24
PALETTE = {
    "seeds": "#b98900",
    "content": "#a8480f",
    "population": "#8a3ffc",
    "tuning": "#00758a",
    "recommendation": "#0f62fe",
    "refresh": "#3d7bd9",
    "experiment": "#198038",
    "simulation": "#c2185b",
    "operations": "#5f6a76",
    # Groups of rooms, for the import graph.
    "entry": "#5f6a76",
    "flow": "#0f62fe",
    "storage": "#198038",
    "base": "#8a3ffc",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A box of the picture.

    Attributes:
        name: The text of the box.
        group: A key of ``PALETTE``, which gives the colour.
        reads: Names of the boxes that have an arrow to this one.
    """

    name: str
    group: str
    reads: Sequence[str]


def layers_of(nodes: Sequence[Node]) -> list[list[Node]]:
    """Nodes by their longest path from a start; each layer keeps its nodes' groups together."""
    known: Mapping[str, Node] = {node.name: node for node in nodes}
    depths: dict[str, int] = {}

    def depth(node: Node) -> int:
        if node.name not in depths:
            parents = [depth(known[name]) for name in node.reads if name in known]
            depths[node.name] = 1 + max(parents, default=-1)
        return depths[node.name]

    layers: dict[int, list[Node]] = {}
    for node in sorted(nodes, key=lambda node: (list(PALETTE).index(node.group), node.name)):
        layers.setdefault(depth(node), []).append(node)
    return [layers[number] for number in sorted(layers)]


def draw(nodes: Sequence[Node], title: str) -> str:
    """Return the SVG text; the same nodes give the same text."""
    layers = layers_of(nodes)
    widest = max(len(layer) for layer in layers)
    full_width = 2 * MARGIN + widest * (WIDTH + COLUMN_GAP) - COLUMN_GAP
    full_height = 2 * MARGIN + len(layers) * (HEIGHT + ROW_GAP) - ROW_GAP
    places: dict[str, tuple[float, float]] = {}
    for row, layer in enumerate(layers):
        left = (full_width - len(layer) * (WIDTH + COLUMN_GAP) + COLUMN_GAP) / 2
        for column, node in enumerate(layer):
            places[node.name] = (
                left + column * (WIDTH + COLUMN_GAP),
                MARGIN + row * (HEIGHT + ROW_GAP),
            )
    arrows = [
        _arrow(f"{start} to {end}", places[start], places[end])
        for start, end in direct_edges(nodes)
    ]
    boxes = [_box(node, *places[node.name]) for node in nodes]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(title)}"'
            f' viewBox="0 0 {full_width} {full_height}" width="{full_width}"'
            f' height="{full_height}" font-family="system-ui, sans-serif">',
            f"<title>{escape(title)}</title>",
            '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7"'
            ' markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#8d99a5"/></marker>'
            "</defs>",
            f'<rect width="{full_width}" height="{full_height}" rx="12" fill="#ffffff"/>',
            *arrows,
            *boxes,
            "</svg>",
            "",
        ]
    )


def direct_edges(nodes: Sequence[Node]) -> list[tuple[str, str]]:
    """Dependencies that no longer path implies (the transitive reduction), for a calm picture."""
    known = {node.name: node for node in nodes}

    def ancestors(name: str) -> set[str]:
        parents = [parent for parent in known[name].reads if parent in known]
        return set(parents).union(*(ancestors(parent) for parent in parents))

    return [
        (parent, node.name)
        for node in nodes
        for parent in sorted(set(node.reads) & set(known))
        if not any(parent in ancestors(other) for other in node.reads if other in known)
    ]


def _arrow(name: str, start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1 = start[0] + WIDTH / 2, start[1] + HEIGHT
    x2, y2 = end[0] + WIDTH / 2, end[1] - 2
    bend = (y2 - y1) / 2
    return (
        f'<path d="M{x1:g},{y1:g} C{x1:g},{y1 + bend:g} {x2:g},{y2 - bend:g} {x2:g},{y2:g}"'
        ' fill="none" stroke="#8d99a5" stroke-width="1.4" marker-end="url(#tip)">'
        f"<title>{escape(name)}</title></path>"
    )


def _box(node: Node, x: float, y: float) -> str:
    colour = PALETTE[node.group]
    return (
        f'<g><rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#ffffff"'
        f' stroke="{colour}" stroke-width="1.6"/>'
        f'<rect x="{x:g}" y="{y:g}" width="6" height="{HEIGHT}" rx="3" fill="{colour}"/>'
        f'<text x="{x + 16:g}" y="{y + 20:g}" font-size="13" font-weight="600" fill="#161616">'
        f"{escape(node.name)}</text>"
        f'<text x="{x + 16:g}" y="{y + 36:g}" font-size="11" fill="{colour}">'
        f"{escape(node.group)}</text></g>"
    )
