"""Which signs a text may hold, and where: everything else is an address, a mention or markup.

A text is normalised first, so that full-width letters, dots in other scripts, hidden joiners and
letters that look like others are what they look like. Then only what plain prose needs is allowed:
a full stop that ends a sentence, but none inside a word; no ``@``, no scheme, no bracket or slash.
"""

import re
import unicodedata

_EMOJI = "[\U0001f300-\U0001f64f\U0001f680-\U0001faff\u2600-\u2767\u2795-\u27bf\u2b50]"
_EMOJI_RUN = re.compile(f"{_EMOJI}\ufe0f?(?:[\U0001f3fb-\U0001f3ff]|\u200d{_EMOJI}\ufe0f?)*")
_PICTURE = "\u2b50"
"""Stands for every emoji while a text is judged."""
_PROSE = frozenset(" .,!?'’‘\"“”()-–—:;%&0123456789" + _PICTURE)
_LATIN_END, _LATIN_MORE = "\u024f", range(0x1E00, 0x1F00)
_ABBREVIATION = re.compile(r"\b(?:[^\W\d_]\.){2,}(?!\w)")
"""Such as "e.g." and "a.m."; no host ends in a full stop behind one letter."""
_TOP_DOMAINS = "com|net|org|info|biz|io|ly|gg|app|dev|xyz|ru|uk|(?-i:co|me|de|fr|eu|us|to|ai|link)"
"""Behind a full stop and a space; those that are words as well only in lower case."""

# Signs that are prose only in their place; each pattern finds one out of place.
_ADDRESSES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        r"@",
        r"(?<!\d)[.,:](?![\s.!?)\"'”’]|$)",
        r"[.,:](?![\s.!?)\"'”’\d]|$)",
        r"[!?;](?![\s.!?)\"'”’]|$)",
        r"[.,!?;:][)\"'”’]+\w",
        r"\d\.\d+\.\d",
        r"\s[.,:](?!\.)",
        rf"\.\s+(?:{_TOP_DOMAINS})\b",
        r"\b(?:https?|hxxps?|ftps?|sftp|ssh|www\d?|mailto|magnet|href|localhost)\b",
        r"\bdot\b",
    )
)
_MARKUP = tuple(
    re.compile(pattern)
    for pattern in (
        r"^[^\w\"“‘'’(" + _PICTURE + "]",  # a formula, a list, a rule
        r"--|–-|-–|''|\"\"",
        r"(?<!\s)&|&(?!\s)",
        r"(?<!\d)%|%(?=\w)",
        r"\w\(|\((?![\w\"“‘'])",
        r"(?:\b\w\b\s+){4,}",  # letters one by one
    )
)
_ALIKE = str.maketrans(
    "аеорсухіјѕԁһӏԛѡктмнвзпαεορντικυχηβγѵʟ" + "АЕОРСУХІЈЅКТМНВЗΑΕΟΡΝΤΙΚΥΧΗΒΜΖ",
    "aeopcyxijsdhlqwktmhb3naeopvtikuxnbyvl" + "AEOPCYXIJSKTMHB3AEOPNTIKYXHBMZ",
)
"""Letters of other scripts that are read as Latin ones."""


def normalised(text: str) -> str:
    """NFKC of a text: full-width, enclosed and mathematical letters as plain ones."""
    return unicodedata.normalize("NFKC", text)


def skeleton(text: str) -> str:
    """What a text looks like to a reader of Latin letters: without accents and look-alikes."""
    plain = unicodedata.normalize("NFKD", text)
    kept = (c for c in plain if unicodedata.category(c) not in {"Mn", "Me", "Cf"})
    return "".join(kept).translate(_ALIKE)


def has_control(text: str) -> bool:
    """Whether a text holds a control, format or private character outside an emoji."""
    shown = _EMOJI_RUN.sub(_PICTURE, text)
    return any(unicodedata.category(c)[0] == "C" or c == "\ufe0f" for c in shown)


def script_of(letter: str) -> str:
    """First word of a letter's Unicode name, which is its script (LATIN, CYRILLIC, CJK...)."""
    return unicodedata.name(letter, "UNKNOWN").split(" ")[0]


def scripts(text: str) -> set[str]:
    """Scripts of a text's letters; rare Latin ones, such as small capitals, are RARE."""
    return {
        "RARE" if script == "LATIN" and not _usual(letter) else script
        for letter in set(text)
        if letter.isalpha()
        for script in [script_of(letter)]
    }


def mixes_scripts(text: str) -> bool:
    """Whether the letters of one word come from several scripts."""
    return any(len(scripts(word)) > 1 for word in re.findall(r"\w+", text))


def holds_address(text: str) -> bool:
    """Whether any token of a text could be a host, an address, a mention or a scheme."""
    shown = _ABBREVIATION.sub("x", _EMOJI_RUN.sub(_PICTURE, normalised(text)))
    plain = skeleton(shown)
    return any(pattern.search(shown) or pattern.search(plain) for pattern in _ADDRESSES)


def holds_markup(text: str) -> bool:
    """Whether a text holds a sign that plain prose has no need of, or has one out of its place."""
    shown = _EMOJI_RUN.sub(_PICTURE, normalised(text)).strip()
    foreign = any(not (c.isalpha() or c in _PROSE) for c in shown)
    return foreign or any(pattern.search(shown) for pattern in _MARKUP)


def _usual(letter: str) -> bool:
    return letter <= _LATIN_END or ord(letter) in _LATIN_MORE
