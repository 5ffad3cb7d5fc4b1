"""Reads of a graph as one SQL statement each: a service describes its types (`shapes`), the rest is compiled."""

from services.kit.compiled.fast import fast
from services.kit.compiled.shapes import Shapes

__all__ = ["Shapes", "fast"]
