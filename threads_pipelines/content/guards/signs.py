"""The signs that a text may contain, and where; all others are addresses, mentions or markup.

A text is normalised first, so that full-width letters, dots of other scripts, hidden joiners and
look-alike letters count as what they look like. Then only what plain prose needs is allowed: a full
stop at the end of a sentence, but none inside a word; no ``@``, scheme, bracket or slash.
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
    """Apply NFKC: full-width, enclosed and mathematical letters become plain ones.

    Args:
        text: The text.

    Returns:
        The normalised text.
    """
    return unicodedata.normalize("NFKC", text)


def skeleton(text: str) -> str:
    """Convert a text to what a reader of Latin letters sees: without accents and look-alikes.

    Args:
        text: The text.

    Returns:
        The converted text.
    """
    plain = unicodedata.normalize("NFKD", text)
    kept = (c for c in plain if unicodedata.category(c) not in {"Mn", "Me", "Cf"})
    return "".join(kept).translate(_ALIKE)


def has_control(text: str) -> bool:
    """Return whether a text has a control, format or private character outside an emoji.

    Args:
        text: The text.

    Returns:
        Whether it has one.
    """
    shown = _EMOJI_RUN.sub(_PICTURE, text)
    return any(unicodedata.category(c)[0] == "C" or c == "\ufe0f" for c in shown)


def script_of(letter: str) -> str:
    """Return the script of a letter: the first word of its Unicode name.

    Args:
        letter: One character.

    Returns:
        Such as LATIN, CYRILLIC or CJK; UNKNOWN without a name.
    """
    return unicodedata.name(letter, "UNKNOWN").split(" ")[0]


def scripts(text: str) -> set[str]:
    """Return the scripts of a text's letters.

    Args:
        text: The text.

    Returns:
        The scripts; rare Latin letters, such as small capitals, count as RARE.
    """
    return {
        "RARE" if script == "LATIN" and not _usual(letter) else script
        for letter in set(text)
        if letter.isalpha()
        for script in [script_of(letter)]
    }


def mixes_scripts(text: str) -> bool:
    """Return whether the letters of one word come from several scripts.

    Args:
        text: The text.

    Returns:
        Whether there is such a word.
    """
    return any(len(scripts(word)) > 1 for word in re.findall(r"\w+", text))


def holds_address(text: str) -> bool:
    """Return whether a part of a text could be a host, an address, a mention or a scheme.

    Args:
        text: The text.

    Returns:
        Whether there is such a part.
    """
    shown = _ABBREVIATION.sub("x", _EMOJI_RUN.sub(_PICTURE, normalised(text)))
    plain = skeleton(shown)
    return any(pattern.search(shown) or pattern.search(plain) for pattern in _ADDRESSES)


def holds_markup(text: str) -> bool:
    """Return whether a text has a sign that plain prose does not need, or has one out of place.

    Args:
        text: The text.

    Returns:
        Whether there is such a sign.
    """
    shown = _EMOJI_RUN.sub(_PICTURE, normalised(text)).strip()
    foreign = any(not (c.isalpha() or c in _PROSE) for c in shown)
    return foreign or any(pattern.search(shown) for pattern in _MARKUP)


def _usual(letter: str) -> bool:
    return letter <= _LATIN_END or ord(letter) in _LATIN_MORE
