"""How each rule decides: a module a family, imported in the catalogue's order."""

from csvimport.checks import attribute, custom, event, file, header, identifier, structure

__all__ = [
    "CELL_ORDER",
    "attribute",
    "custom",
    "event",
    "file",
    "header",
    "identifier",
    "structure",
]

#: A cell has one issue at most: errors come before warnings, and then what stands first here.
CELL_ORDER = (
    # whose cell it is
    "foreign-property",
    # any cell
    "guarded-value",
    "control-character",
    "replacement-character",
    "spreadsheet-error",
    # identifiers
    "mixed-identifiers",
    "incomplete-alias",
    "unusable-identifier",
    "external-id-too-long",
    "damaged-identifier",
    "identifier-whitespace",
    "unusual-braze-id",
    # the column's own rule
    "invalid-email",
    "phone-without-country-code",
    "invalid-phone",
    "implausible-phone",
    "invalid-country",
    "invalid-language",
    "invalid-date-of-birth",
    "invalid-session-date",
    "implausible-date",
    "invalid-gender",
    "invalid-subscription-state",
    "invalid-subscription-group",
    "incomplete-subscription",
    "invalid-boolean",
    "invalid-time-zone",
    "missing-event-name",
    "invalid-event-name",
    "missing-event-time",
    "invalid-event-time",
    "future-event-time",
    # what custom values are
    "null-literal",
    "array-value",
    "leading-zero-number",
    "formatted-number",
    "damaged-number",
    "non-iso-date",
    "mixed-types",
    # any text
    "mojibake",
    "surrounding-whitespace",
    "value-too-long",
)
