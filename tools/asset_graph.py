"""Write the picture of the asset graph: ``python -m tools.asset_graph FILE``."""

import sys
from pathlib import Path

import dagster as dg

from tools.graph import Node, draw

TITLE = "The asset graph of threads-pipelines"


def nodes(definitions: dg.Definitions) -> list[Node]:
    """The assets as nodes of a drawing."""
    graph = definitions.resolve_asset_graph()
    return [
        Node(
            key.to_user_string(),
            graph.get(key).group_name,
            sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
        )
        for key in sorted(graph.get_all_asset_keys())
    ]


if __name__ == "__main__":
    from threads_pipelines.definitions import defs

    Path(sys.argv[1]).write_text(draw(nodes(defs), TITLE))
