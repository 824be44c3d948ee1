"""How each rule decides: a module a family, imported in the catalogue's order."""

from csvimport.checks import file, header, identifier, structure

__all__ = ["file", "header", "identifier", "structure"]
