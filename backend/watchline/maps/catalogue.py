"""The operator's own maps: each is a .pmtiles archive with a .json beside it, in one folder."""

import json
from pathlib import Path
from typing import Literal

from typing_extensions import TypedDict

MapKind = Literal["pmtiles", "raster"]


class MapView(TypedDict):
    """A map. `pmtiles`: an archive, read by ranges, that says itself whether its tiles are vectors
    or images. `raster`: a tile server's address with {z}, {x}, {y}.

    `bounds` is west, south, east, north in degrees.
    """

    id: str
    name: str
    kind: MapKind
    url: str
    bounds: tuple[float, float, float, float]


def catalogue(folder: Path) -> list[MapView]:
    """The maps in the folder, by name; one whose archive is missing is left out."""
    views: list[MapView] = []
    for file in sorted(folder.glob("*.json")):
        archive = file.with_suffix(".pmtiles")
        if archive.is_file():
            told = json.loads(file.read_text(encoding="utf-8"))
            views.append(
                {
                    "id": file.stem,
                    "name": told["name"],
                    "kind": told["kind"],
                    "url": f"/maps/{archive.name}",
                    "bounds": tuple(told["bounds"]),
                }
            )
    return sorted(views, key=lambda view: (view["name"], view["id"]))


def enter(
    folder: Path, id: str, name: str, kind: MapKind, bounds: tuple[float, float, float, float]
) -> None:
    """Put a map whose archive is in its place into the catalogue."""
    text = json.dumps({"name": name, "kind": kind, "bounds": list(bounds)}, ensure_ascii=False)
    waiting = folder / f".{id}.json"
    waiting.write_text(text + "\n", encoding="utf-8")
    waiting.replace(folder / f"{id}.json")
