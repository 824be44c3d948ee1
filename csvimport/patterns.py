"""Pieces of regular expressions, for Rust's engine and Python's alike."""

#: What no text matches.
NO_TEXT = r"[^\s\S]"
UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
BRAZE_ID = "[0-9a-fA-F]{24}"


def one_of(*patterns: str) -> str:
    """What any of `patterns` matches."""
    return f"(?:{'|'.join(patterns) or NO_TEXT})"


def any_case(word: str) -> str:
    """A pattern of `word`; the flag for any case would let in letters beyond ASCII."""
    return "".join(f"[{both_cases(letter)}]" for letter in word)


def both_cases(letters: str) -> str:
    """The content of a class of `letters`, small and large."""
    return "".join(sorted({*letters.lower(), *letters.upper()}))
