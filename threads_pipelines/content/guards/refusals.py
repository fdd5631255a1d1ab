"""The reasons to refuse a text of the model, and the patterns of words behind some of them."""

import re
from enum import StrEnum


class Refusal(StrEnum):
    """Why a text was refused."""

    EMPTY = "empty"
    UNFINISHED = "no whole sentence"
    TOO_LONG = "too long"
    RAMBLING = "a sentence that goes on and on"
    ASIDE = "quotations or asides"
    CONTROL = "control characters"
    SCRIPT = "another script"
    LANGUAGE = "another language"
    MARKUP = "markup"
    LINK = "a link or an address"
    SQL = "SQL"
    INJECTION = "instructions instead of a post"
    META = "talks about itself"
    UNKIND = "a word that does not belong in a feed"
    NUMBER = "a number that the seed lacks"
    REPETITION = "repeats itself"
    COPY = "a copy of the seed"
    OFF_TOPIC = "off the topic"


_PATTERNS = {
    Refusal.INJECTION: r"\b(ignore|disregard|forget)\b.{0,30}\b(previous|above|prior|earlier|all)\b"
    r"|\b(system prompt|instructions?|jailbreak|developer mode|api key|password)\b",
    Refusal.SQL: r"\b(drop|alter|truncate|create)\s+(table|database|schema)\b|\bunion\s+select\b"
    r"|\bselect\b.+\bfrom\b.+\bwhere\b|\bselect\s+\*|\binsert\s+into\b|\bdelete\s+from\b"
    r"|['\"]\s*;|;\s*--|--\s*$|/\*",
    Refusal.META: r"\b(here is|here's (a|the|your)|as an ai|language model|chatbot|assistant"
    r"|rewrit\w+|paraphras\w+|this (post|tweet|article|blog|website|video)|the author|prompt"
    r"|subscribe|copyright|all rights reserved|click (here|on)|read more|sponsored)\b"
    r"|^(sure|okay|certainly|of course)\b|^\w+:\s",
    Refusal.UNKIND: r"\b(sex\w*|porn\w*|nude|naked bod\w+|kill\w*|murder\w*|suicid\w*|rap(e|ed|ist)"
    r"|nazi\w*|terroris\w+|bomb\w*|gun|guns|drugs?|fuck\w*|shit\w*|bitch\w*|hate(s|d)? (women|men"
    r"|jews|muslims|christians|gays)|stupid|idiots?|cancer"
    r"|urine|vomit\w*|corpses?)\b",
}


FORBIDDEN = {reason: re.compile(text, re.I | re.S) for reason, text in _PATTERNS.items()}
