"""Turn somebody's own extract into landing files of the contract (docs/how-to/mapping.md)."""

from creditline.mapping.book import ImportedBook, import_book
from creditline.mapping.definition import BrokenMap, Map, UnknownMap, bundled_maps, load_map
from creditline.mapping.extract import UnexpectedExtract

__all__ = [
    "BrokenMap",
    "ImportedBook",
    "Map",
    "UnexpectedExtract",
    "UnknownMap",
    "bundled_maps",
    "import_book",
    "load_map",
]
