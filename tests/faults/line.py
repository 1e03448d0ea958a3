"""The whole line of processes with devices that keep a journal of what they were promised."""

import base64
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from faults.device import stored
from faults.nursery import Nursery, python_path
from faults.oracle import Obligations, Verdict, judge, longest_gap_s
from plain_sector import ORIGIN, SECTOR
from scenario import public_key
from system import BIN, System, wait_for


@dataclass
class Line(System):
    """Edges `edge 0`, `edge 1` … with one device each; before each name, `within` its command.

    `tower` is the address that the edges know.
    """

    devices: int = 1
    per_s: int = 200
    sector: dict[str, Any] = field(default_factory=lambda: SECTOR)
    tower: str = ""
    within: dict[str, list[str]] = field(default_factory=dict)
    nursery: Nursery | None = None
    configs: dict[str, Path] = field(default_factory=dict)

    def environment(self, name: str = "") -> dict[str, str]:
        """The tests' modules and the device's entry point are to be found by the processes."""
        return {**super().environment(name), "PYTHONPATH": python_path()}

    def prepare(self) -> None:
        """The sector, with edges of its own making."""
        self.import_sector(self.sector)
        for number in range(self.devices):
            edge = f"edge-{number}"
            config = self.configs[edge] = self.folder / edge / "edge.toml"
            config.parent.mkdir()
            config.write_text(f'[edge]\nid = "{edge}"\nhub = "{self.tower or self.hub}"\n')
            self.add_device(edge)
            self.enroll(edge, self.sector["sector"]["id"], public_key(config))

    def enroll(self, edge: str, sector: str, key: str) -> None:
        """As `watchline edge enroll` does, which takes 2 s."""
        with self.connect() as connection, connection.transaction():
            connection.execute("UPDATE sector SET rev = rev + 1 WHERE id = %s", [sector])
            connection.execute(
                "INSERT INTO edge (id, sector_id, public_key) VALUES (%s, %s, %s)",
                [edge, sector, base64.b64decode(key)],
            )

    def add_device(self, edge: str) -> None:
        """Write it into the edge's configuration."""
        with self.configs[edge].open("a") as config:
            config.write(
                f'[[sensor]]\nid = "{edge}-device"\nadapter = "faulty"\nname = "Device"\n'
                f'kind = "other"\nlon_deg = {ORIGIN[0]}\nlat_deg = {ORIGIN[1]}\nheight_m = 200.0\n'
                f'[sensor.faulty]\njournal = "{self.journal(edge)}"\nper_s = {self.per_s}\n'
            )

    def journal(self, edge: str) -> Path:
        """Where the device of this edge writes what it was promised."""
        return self.folder / f"{edge}.journal"

    def start(self, name: str, *command: str, **environment: str) -> None:
        """As `System.start`, inside of what `within` says, or from the nursery."""
        if command and name in self.within:
            command = (*self.within[name], str(BIN / command[0]), *command[1:])
        if self.nursery is None:
            super().start(name, *command, **environment)
            return
        if command:
            self.commands[name] = list(command)
        log = self.folder / f"{name}.log"
        self.processes[name] = self.nursery.start(self.commands[name], self.environment(), log)

    def start_edges(self) -> None:
        """All edges; their devices begin at once."""
        for number, config in enumerate(self.configs.values()):
            self.start(f"edge {number}", "watchline-edge", "run", "-c", str(config))

    def hush(self) -> None:
        """Let the devices see nothing more."""
        for edge in self.configs:
            self.journal(edge).with_suffix(".quiet").touch()

    # ── the oracle ───────────────────────────────────────────────────────────────────────────
    def due(self) -> Obligations:
        """What the devices were promised so far."""
        return Obligations.read(*map(self.journal, self.configs))

    def verdict(self, patience_s: float = 60) -> Verdict:
        """Wait until a fresh item of every edge has passed and nothing is missing; then look.

        The edges still run: what they promise meanwhile is not counted. It is judged as it is
        once nothing that was missing has come for `patience_s`.
        """
        due = self.due()
        wait_for("a fresh item of every edge", lambda: self._fresh(due), 60)
        missing, deadline = len(due.acked), time.monotonic() + patience_s
        while True:
            with self.connect() as connection:
                found = stored(connection)
                times = connection.execute(
                    "SELECT DISTINCT extract(epoch FROM known_at)::float8 FROM detection"
                ).fetchall()
            judged = judge(Obligations(given=self.due().given, acked=due.acked), found)
            if judged.lost < missing:
                missing, deadline = judged.lost, time.monotonic() + patience_s
            if missing == 0 or time.monotonic() > deadline:
                break
            time.sleep(0.5)
        judged.longest_gap_s = longest_gap_s(at_s for (at_s,) in times)
        return judged

    def _fresh(self, before: Obligations) -> bool:
        new = [key for key in self.due().acked if key not in before.acked]
        rows = self.query(
            "SELECT DISTINCT edge_id FROM detection WHERE sensor_track = ANY(%s)", new
        )
        return len(rows) == len(self.configs)

    def count(self) -> int:
        """Rows stored so far; 0 while the database does not answer."""
        try:
            return int(self.query("SELECT count(*) FROM detection")[0][0])
        except psycopg.OperationalError:
            return 0
