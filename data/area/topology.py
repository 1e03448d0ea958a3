"""Read a TopoJSON world: countries as polygons, and the border two of them share."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiLineString, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import linemerge, unary_union

Arcs = list[Any]


class World:
    """Countries of a quantized TopoJSON file (delta-encoded arcs, scale and translate)."""

    def __init__(self, path: Path) -> None:
        held = json.loads(path.read_text("utf-8"))
        scale, translate = held["transform"]["scale"], held["transform"]["translate"]
        self._arcs = [np.cumsum(np.array(arc), axis=0) * scale + translate for arc in held["arcs"]]
        self._countries: dict[str, dict[str, Any]] = {
            country["properties"]["name"]: country
            for country in held["objects"]["countries"]["geometries"]
            if country.get("arcs")
        }

    @property
    def names(self) -> list[str]:
        """Every country that has a geometry, sorted."""
        return sorted(self._countries)

    def land(self, name: str, window: Polygon) -> BaseGeometry:
        """A country's land inside a window (degrees); empty when it has none there."""
        country = self._countries[name]
        several = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
        west, south, east, north = window.bounds
        pieces: list[BaseGeometry] = []
        for shell, *holes in several:
            ring = self._ring(shell)
            low, high = ring.min(axis=0), ring.max(axis=0)
            near = low[0] < east and high[0] > west and low[1] < north and high[1] > south
            if near and len(ring) >= 4:  # an islet may have shrunk to a point
                pieces.append(Polygon(ring, [self._ring(hole) for hole in holes]))
        return unary_union([piece.intersection(window) for piece in pieces])

    def arcs(self, name: str) -> set[int]:
        """The arcs a country's outline is made of, without their direction."""
        return {index if index >= 0 else ~index for index in _flat(self._countries[name]["arcs"])}

    def border(self, one: str, other: str) -> LineString:
        """The longest line that two countries share."""
        shared = [LineString(self._arc(index)) for index in self.arcs(one) & self.arcs(other)]
        merged = linemerge(MultiLineString(sorted(shared, key=lambda line: line.wkt)))
        return max(getattr(merged, "geoms", [merged]), key=lambda line: line.length)

    def all_borders(self) -> list[tuple[int, LineString]]:
        """Every arc that at least two countries share, with its number."""
        owners: dict[int, int] = {}
        for name in self._countries:
            for index in self.arcs(name):
                owners[index] = owners.get(index, 0) + 1
        return [(i, LineString(self._arc(i))) for i, count in sorted(owners.items()) if count > 1]

    def _arc(self, index: int) -> NDArray[np.float64]:
        arc: NDArray[np.float64] = self._arcs[index] if index >= 0 else self._arcs[~index][::-1]
        return arc

    def _ring(self, indices: list[int]) -> NDArray[np.float64]:
        arcs = [self._arc(index) for index in indices]
        # Neighbouring arcs share their end points.
        return np.concatenate([arcs[0], *(arc[1:] for arc in arcs[1:])])


def _flat(arcs: Arcs) -> Iterator[int]:
    for part in arcs:
        if isinstance(part, list):
            yield from _flat(part)
        else:
            yield part
