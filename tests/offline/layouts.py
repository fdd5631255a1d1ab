"""The same events as each public data set lays them out: few rows, made up."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

Event = tuple[int, int, int]
"""User, post, epoch seconds."""

EVENTS: tuple[Event, ...] = tuple(
    (u, 10 + (u * 5 + k * k) % 8, 1_700_000_000 + 3600 * (7 * u + k))
    for u in range(1, 7)
    for k in range(5)
)


def _iso(at: int, sign: str = "T", end: str = "Z") -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d{sign}%H:%M:%S}{end}"


def _lines(header: str, rows: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in ([header] if header else []) + list(rows))


def _json(rows: Sequence[dict[str, object]]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


def _goodreads(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%a %b %d %H:%M:%S +0000 %Y}"


def _asin(post: int) -> str:
    return f"B00000000{post % 10}"


def _reviewer(user: int) -> str:
    return f"A1B2C3D4E5F6{user}"


MBID = "0383dadf-2a4e-4d10-a46a-e9e041da8eb3"

DATASETS: dict[str, tuple[str, str, str]] = {
    "MovieLens csv": (
        _lines("userId,movieId,rating,timestamp", [f"{u},{p},4.0,{t}" for u, p, t in EVENTS]),
        "user=userId,post=movieId,time=timestamp,separator=comma,header=yes,times=s",
        "not read: rating",
    ),
    "MovieLens 1M": (
        _lines("", [f"{u}::{p}::5::{t}" for u, p, t in EVENTS]),
        "user=1,post=2,time=4,separator=colons,header=no,times=s",
        "MovieLens 1M",
    ),
    "MovieLens 100K": (
        _lines("", [f"{u}\t{p}\t3\t{t}" for u, p, t in EVENTS]),
        "user=1,post=2,time=4,separator=tab,header=no,quotes=no,times=s",
        "MovieLens 100K",
    ),
    "RecBole": (
        _lines(
            "user_id:token\titem_id:token\trating:float\ttimestamp:float",
            [f"{u}\t{p}\t4\t{t}.0" for u, p, t in EVENTS],
        ),
        "user=user_id:token,post=item_id:token,time=timestamp:float,separator=tab",
        "not read: rating:float",
    ),
    "Retailrocket": (
        _lines(
            "timestamp,visitorid,event,itemid,transactionid",
            [f"{t}123,{u},view,{p}," for u, p, t in EVENTS],
        ),
        "user=visitorid,post=itemid,type=event,time=timestamp",
        "times=ms",
    ),
    "Last.fm 2K": (
        _lines("userID\tartistID\tweight", [f"{u}\t{p}\t137" for u, p, _ in EVENTS]),
        "user=userID,post=artistID,separator=tab",
        "not read: weight",
    ),
    "Last.fm 360K": (
        _lines("", [f"{u:040x}\t{MBID}\tThe {p}\t{u + p}" for u, p, _ in EVENTS]),
        "user=1,post=3,separator=tab,header=no,quotes=no",
        "Last.fm 360K",
    ),
    "Amazon 2018 csv": (
        _lines("", [f"{_asin(p)},{_reviewer(u)},5.0,{t}" for u, p, t in EVENTS]),
        "user=2,post=1,time=4",
        "Amazon ratings, product first",
    ),
    "Amazon 2014 csv": (
        _lines("", [f"{_reviewer(u)},{_asin(p)},5.0,{t}" for u, p, t in EVENTS]),
        "user=1,post=2,time=4",
        "Amazon ratings, user first",
    ),
    "Amazon 2014 json": (
        _json(
            [
                {
                    "reviewerID": _reviewer(u),
                    "asin": _asin(p),
                    "reviewerName": 'J. "Mac"',
                    "helpful": [2, 3],
                    "overall": 5.0,
                    "unixReviewTime": t,
                    "reviewTime": "09 13, 2009",
                }
                for u, p, t in EVENTS
            ]
        ),
        "user=reviewerID,post=asin,time=unixReviewTime",
        "JSON lines",
    ),
    "Amazon 2023 jsonl": (
        _json(
            [
                {
                    "rating": 5.0,
                    "title": "Good",
                    "images": [],
                    "asin": "B0CHILD001",
                    "parent_asin": _asin(p),
                    "user_id": _reviewer(u),
                    "timestamp": t * 1000 + 5,
                    "verified_purchase": True,
                }
                for u, p, t in EVENTS
            ]
        ),
        "user=user_id,post=parent_asin,time=timestamp,times=ms",
        "JSON lines",
    ),
    "Steam 200k": (
        _lines("", [f'{u},"Game, {p}",purchase,1.0,0' for u, p, _ in EVENTS]),
        "user=1,post=2,type=3,separator=comma,header=no",
        "Steam 200k",
    ),
    "Steam reviews": (
        _lines(
            "app_id,helpful,funny,date,is_recommended,hours,user_id,review_id",
            [f"{p},0,0,{_iso(t)[:10]},true,36.3,{u},{u * 100 + p}" for u, p, t in EVENTS],
        ),
        "user=user_id,post=app_id,time=date",
        "times=iso",
    ),
    "Goodreads csv": (
        _lines(
            "user_id,book_id,is_read,rating,is_reviewed",
            [f"{u},{p},1,5,0" for u, p, _ in EVENTS],
        ),
        "user=user_id,post=book_id,separator=comma",
        "not read: is_read",
    ),
    "Goodreads json": (
        _json(
            [
                {
                    "user_id": f"{u:032x}",
                    "book_id": str(p),
                    "review_id": "r",
                    "is_read": True,
                    "rating": 5,
                    "date_added": _goodreads(t),
                    "date_updated": _goodreads(t + 9),
                    "read_at": "",
                }
                for u, p, t in EVENTS
            ]
        ),
        "user=user_id,post=book_id,time=date_added",
        "times=iso",
    ),
    "Yelp": (
        _json(
            [
                {
                    "review_id": "r",
                    "user_id": f"u-{u}",
                    "business_id": f"b_{p}",
                    "stars": 5,
                    "text": 'Said "hi",\nand left',
                    "date": _iso(t, " ", ""),
                }
                for u, p, t in EVENTS
            ]
        ),
        "user=user_id,post=business_id,time=date",
        "JSON lines",
    ),
    "Book-Crossing": (
        _lines('"User-ID";"ISBN";"Book-Rating"', [f'"{u}";"{p}";"0"' for u, p, _ in EVENTS]),
        "user=User-ID,post=ISBN,separator=semicolon",
        "header=yes",
    ),
    "pipes": (
        _lines("user|item|time", [f"{u}|{p}|{_iso(t, ' ', ' UTC')}" for u, p, t in EVENTS]),
        "user=user,post=item,time=time,separator=pipe",
        "times=iso",
    ),
    "Gowalla": (
        _lines("", [f"{u}\t{_iso(t)}\t30.23\t-97.79\t{p}" for u, p, t in EVENTS]),
        "user=1,time=2,post=5",
        "Gowalla",
    ),
}
"""Name to content, part of the option that is printed, and something else that is."""
