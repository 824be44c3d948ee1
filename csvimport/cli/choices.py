"""What can be said on the command line: the words, and what stands for a value."""

import re
from datetime import datetime
from enum import StrEnum

import typer


class Kind(StrEnum):
    auto = "auto"
    attributes = "attributes"
    events = "events"


class Import(StrEnum):
    attributes = "attributes"
    events = "events"


class Identifier(StrEnum):
    external_id = "external_id"
    alias = "alias"
    braze_id = "braze_id"
    email = "email"
    phone = "phone"


class Format(StrEnum):
    text = "text"
    concise = "concise"
    json = "json"
    github = "github"


class FailOn(StrEnum):
    error = "error"
    warning = "warning"
    never = "never"


class Shell(StrEnum):
    bash = "bash"
    zsh = "zsh"
    fish = "fish"


class AfterBudget(StrEnum):
    stop = "stop"
    go_on = "continue"


def rule_names(incomplete: str) -> list[str]:
    from csvimport.rulebook import rulebook

    return [name for name in rulebook() if name.startswith(incomplete)]


def rule_severities(incomplete: str) -> list[str]:
    rule, _, _ = incomplete.partition("=")
    pairs = (f"{name}={word}" for name in rule_names(rule) for word in ("error", "warning"))
    return [pair for pair in pairs if pair.startswith(incomplete)]


def seconds(text: str) -> float | None:
    """`2m`, `90s`, `1h`, `90` or `none`."""
    if text == "none":
        return None
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(s|m|h)?", text)
    if not match or not float(match[1]):
        raise typer.BadParameter(
            f"found `{text}`, expected a time such as `2m` or `90s`, or `none`",
            param_hint="--time-budget",
        )
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2] or "s"]


def instant(text: str) -> datetime:
    from csvimport.api import in_utc

    try:
        return in_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f"found `{text}`, expected a time such as `2026-11-22T00:00:00Z`", param_hint="--now"
        ) from None
