"""The contract of each of the app's tables, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# "!" NOT NULL; "=" NOT NULL and a default.
_CREATED = {"created_at": "timestamp(3)="}
_UPDATED = {"updated_at": "timestamp(3)!"}
_PAIR = {"user_id": "text!", "post_id": "text!"}
_PAIR_REFERENCES = {"user_id": "user", "post_id": "post"}


@dataclass(frozen=True, slots=True)
class ContractTable:
    """The contract of one table. Foreign keys cascade on delete and update; names follow Prisma."""

    columns: Mapping[str, str]
    unique: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()
    references: Mapping[str, str] = field(default_factory=dict)
    primary: str = "id"


TABLES: Mapping[str, ContractTable] = {
    "user": ContractTable(
        {"id": "text!", "email": "text!", "username": "text!"}
        | dict.fromkeys(("name", "image", "display_name", "bio", "avatar_url"), "text")
        | {"email_verified": "timestamp(3)", **_CREATED, **_UPDATED},
        unique=("email", "username"),
    ),
    "account": ContractTable(
        dict.fromkeys(("user_id", "type", "provider", "provider_account_id"), "text!")
        | {"refresh_token": "text", **_CREATED, **_UPDATED},
        references={"user_id": "user"},
        primary="provider, provider_account_id",
    ),
    "post": ContractTable(
        {"id": "text!", "user_id": "text!", "content": "text!", "media_urls": "text[]"}
        | {"original_post_id": "text", **_CREATED, **_UPDATED},
        indexes=("user_id, created_at", "original_post_id"),
        references={"user_id": "user"},
    ),
    "like": ContractTable(
        {"id": "text!", **_PAIR, **_CREATED},
        unique=("user_id, post_id",),
        indexes=("post_id",),
        references=_PAIR_REFERENCES,
    ),
    "comment": ContractTable(
        {"id": "text!", **_PAIR, "content": "text!", **_CREATED, **_UPDATED},
        indexes=("post_id, created_at",),
        references=_PAIR_REFERENCES,
    ),
    "follow": ContractTable(
        {"id": "text!", "follower_id": "text!", "following_id": "text!", **_CREATED},
        unique=("follower_id, following_id",),
        indexes=("follower_id", "following_id"),
        references={"follower_id": "user", "following_id": "user"},
    ),
    "user_interaction": ContractTable(
        {"id": "text!", **_PAIR, "interaction_type": "text!", "metadata": "jsonb", **_CREATED},
        indexes=("user_id, created_at", "post_id, created_at", "created_at"),
        references=_PAIR_REFERENCES,
    ),
    "user_recommendation": ContractTable(
        {"id": "text!", **_PAIR, "score": "double precision!"}
        | {"generated_at": "timestamp(3)=", "expires_at": "timestamp(3)!"},
        unique=("user_id, post_id",),
        indexes=("user_id, score DESC", "user_id, expires_at", "expires_at"),
        references=_PAIR_REFERENCES,
    ),
}
