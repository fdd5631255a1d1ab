"""Counts of the rows that were read from the app's database and left out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadReport:
    """Counts of rows that were read and left out, unless named otherwise."""

    users: int
    users_served: int
    posts: int
    candidates: int
    interactions_read: int
    """Rows of ``user_interaction`` up to as_of (and undated ones), of all time."""
    events: int
    """Events handed on: inside the window, of a known type, of an account that counts."""
    unknown_type: int
    undated: int
    """Rows of any table whose time is infinite: never an event, but the pair counts as seen."""
    vanished: int
    """Rows whose user or post is not in the snapshot, such as a post dated after as_of."""
    unliked: int
    """Like events left out because the like was taken back."""
    likes_without_event: int
    """Standing likes that no event told of; each was added as an event."""
    synthetic_events: int
    """Events of synthetic accounts that were left out."""
    real_accounts: int
    synthetic_accounts: int
    synthetic_included: bool
    hash_seed: int
    followed_posts: int = 0
    """Distinct pairs of an account without logged events and a post of somebody it follows: an
    event that stands for the follow, of a post that was not seen and may be recommended."""
