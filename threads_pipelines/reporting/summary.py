"""The summary of a run for the terminal: row counts, and two feeds side by side."""

from collections.abc import Mapping

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from threads_pipelines.reporting.shown_feeds import AccountFeed, FeedPost

SHOWN = 6
_NARROWEST = 40
"""Columns that a feed needs beside another one."""


def summary(
    counts: Mapping[str, int],
    sources: Mapping[str, int],
    accounts: list[AccountFeed],
    width: int | None,
) -> RenderableType:
    """Lay out the summary.

    Args:
        counts: Rows by table.
        sources: Number of generated posts by source.
        accounts: Feeds to show.
        width: Width of the terminal in columns; None for a pipe, where each text is one line.

    Returns:
        What ``rich`` prints.
    """
    rows = Table.grid(padding=(0, 2))
    for name, count in counts.items():
        rows.add_row(Text(f"{count:,}", justify="right", style="bold"), name)
    for source, count in sorted(sources.items()):
        rows.add_row(Text(f"{count:,}", justify="right", style="bold"), f"texts by {source}")
    each = None if width is None else width // max(len(accounts), 1) - 2
    if each is None or each < _NARROWEST:  # one below the other
        feeds: RenderableType = Group(*(_feed(account, width) for account in accounts))
    else:
        feeds = Columns([_feed(account, each) for account in accounts], padding=(0, 1))
    return Group(Text("What is in the database", style="bold"), rows, Text(), feeds)


def _feed(account: AccountFeed, width: int | None) -> Panel:
    likes = f"likes {', '.join(account.interests)}" if account.interests else "no history"
    own = f"{account.own} of the first {min(len(account.posts), 10)} posts are about that"
    lines: list[RenderableType] = [
        Text(f"{account.name} · {account.source}", style="bold"),
        Text(f"{likes}: {own}" if account.interests else likes),
    ]
    for post in account.posts[:SHOWN]:
        lines += [Text(), _post(post, whole=width is None)]
    if not account.posts:
        lines += [Text(), Text("no post")]
    return Panel(Group(*lines), width=width)


def _post(post: FeedPost, *, whole: bool) -> Text:
    score = "" if post.score is None else f"{post.score:.2f}  "
    content = " ".join(post.content.split())
    return Text.assemble(
        (score, "bold cyan"),
        (f"{post.topic or 'other'}  ", "magenta"),
        (content if whole or len(content) <= 110 else content[:109] + "…", ""),
        ("\n", ""),
        (post.reason, "dim"),
    )
