"""A system that plays a scenario: sector, enrolled edges, radars that send real bytes."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from system import ROOT, System
from watchline_sensors.config import load_config
from watchline_sensors.keys import load_or_create_key

AREA = ROOT / "var/area"


def public_key(config: Path) -> str:
    """The key of an edge.toml as `watchline-edge key` prints it."""
    return load_or_create_key(load_config(config).edge.key_path).public_key_base64()


@dataclass
class Play:
    """One system, what it plays and where the play's files lie."""

    system: System
    scenario: Path
    out: Path
    sector: dict[str, Any]
    edges: list[str]

    @classmethod
    def prepare(cls, system: System, scenario: str | Path) -> "Play":
        """Set a scenario of data/scenarios (or a file elsewhere) up, on free UDP ports."""
        path = (ROOT / "data/scenarios" / scenario).with_suffix(".toml")
        out = system.folder / "play"
        system.run(
            "watchline-edge", "simulate", "prepare", str(path), "--area", str(AREA),
            "--out", str(out), "--hub", system.hub, "--free-ports",
        )  # fmt: skip
        sector = json.loads((out / "sector.json").read_text())
        system.run("watchline", "sector", "import", str(out / "sector.json"))
        edges = [edge["id"] for edge in sector["edges"]]
        for edge in edges:
            system.enroll(edge, sector["sector"]["id"], public_key(out / edge / "edge.toml"))
        return cls(system, path, out, sector, edges)

    def start(self) -> None:
        """Everything but the radars."""
        self.system.serve()
        for number, edge in enumerate(self.edges):
            self.system.start(
                f"edge {number}", "watchline-edge", "run", "-c", str(self.out / edge / "edge.toml")
            )

    def radars(self, *, start_at: float | None = None, seconds: float = 600) -> None:
        """Let the scenario's devices send, beginning at `start_at` (unix seconds; now)."""
        self.system.start(
            "radars", "watchline-edge", "simulate", "run", str(self.scenario), "--area", str(AREA),
            "--out", str(self.out), "--duration", str(seconds),
            "--start-at", f"{time.time() if start_at is None else start_at:.3f}",
        )  # fmt: skip
