"""What shows that a text was read in the wrong encoding: letters that do not go together.

Every character becomes a letter for its kind, and regular expressions look at these.
"""

import re
import unicodedata

#: Scripts by the first word of their letters' names: a kind for small letters, one for capitals.
_SCRIPTS = {
    "LATIN": "bB",
    "GREEK": "gG",
    "CYRILLIC": "cC",
    "HEBREW": "hh",
    "ARABIC": "rr",
    "THAI": "tt",
    "HALFWIDTH": "jj",
    **dict.fromkeys(("CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "FULLWIDTH", "HANGUL"), "kk"),
    "KATAKANA-HIRAGANA": "kk",
    **dict.fromkeys(("FEMININE", "MASCULINE", "MICRO", "MODIFIER"), "ss"),
}
#: Marks that may stand anywhere.
_ANYWHERE = "’·–—®™°€"
_LETTER = "[aAbBgGcChrtkjo]"
_LATIN = "[aAbB]"
_ODD = re.compile(
    "|".join(
        (
            "x",  # no character of any text
            f"(?<={_LETTER})[qps](?={_LETTER})|(?<={_LETTER})p|s(?={_LETTER})",
            f"(?<={_LETTER})m|m(?={_LETTER})",
            # capitals within words
            "(?<=a)B|(?<=b)[AB]|(?<=c)C|(?<=g)G",
            "(?<=[AB])B(?=[ab])|(?<=B)A(?=[ab])|(?<=C)C(?=c)|(?<=G)G(?=g)",
            # words of two scripts; a word of Latin letters may stand beside Chinese ones
            f"(?<={_LATIN})[gGcChrto]|(?<=[gGcChrto]){_LATIN}",
            "(?<=[gG])[cChrto]|(?<=[cC])[gGhrto]|(?<=h)[cCgGrto]|(?<=r)[gGcChto]|(?<=t)[gGcChro]",
            "(?<=[aAbBcCgG])j|j(?=[aAbBgGcC])",
            "(?<=[abB])k(?!k)|(?<=[cCgGhrto])k|k(?=[bBcCgGhrto])",
        )
    )
)


class _Kinds(dict[int, str]):
    """The kind of each character, as soon as it is asked for."""

    def __missing__(self, code: int) -> str:
        self[code] = kind = _kind(chr(code))
        return kind


def _kind(char: str) -> str:
    category = unicodedata.category(char)
    if char.isascii():
        return "a" if char.islower() else "A" if char.isupper() else " "
    if category in ("Cc", "Cn", "Co", "Cs") or char == "\ufffd":
        return "x"
    if category[0] in "LM":
        word = unicodedata.name(char, "").split(" ")[0]
        return _SCRIPTS.get(word, "" if word == "COMBINING" else "oo")[char.isupper() :][:1]
    if char >= "\u3000" or char in _ANYWHERE:
        return " "
    if category == "Pi" or char in "¿¡":
        return "q"
    return "p" if category == "Ps" else "m" if category[0] == "S" else "s"


_KINDS = _Kinds()


def misread(text: str) -> float:
    """Which share of the characters beyond ASCII stands where no such character does."""
    others = sum(not char.isascii() for char in text)
    return len(_ODD.findall(text.translate(_KINDS))) / max(others, 1)


def other_letters(text: str) -> bool:
    """Whether `text` has no letters of Latin script beyond ASCII."""
    return not re.search("[bB]", text.translate(_KINDS))
