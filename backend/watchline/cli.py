"""The `watchline` command. Each command imports what it needs: `--help` is there at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from watchline.geofences.files import Format
    from watchline.settings import Settings

_PLAIN: dict[str, Any] = {
    "no_args_is_help": True,
    "add_completion": False,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
}
app = typer.Typer(help="Watchline: surveillance of a green border.", **_PLAIN)
_sector = typer.Typer(help="Sectors: what stands where, and what is watched.", **_PLAIN)
_geofences = typer.Typer(help="Geofences from and to files.", **_PLAIN)
_edge = typer.Typer(help="Edges: the computers at the sites.", **_PLAIN)
_user = typer.Typer(help="The people who log in.", **_PLAIN)
_map = typer.Typer(help="Maps of your own.", **_PLAIN)
_plots = typer.Typer(help="What the sensors saw, as files.", **_PLAIN)
_report = typer.Typer(help="Reports for people and, piped, as JSON.", **_PLAIN)
_audit = typer.Typer(help="The record of who did what.", **_PLAIN)
for _name, _commands in (
    ("sector", _sector),
    ("geofences", _geofences),
    ("edge", _edge),
    ("user", _user),
    ("map", _map),
    ("plots", _plots),
    ("report", _report),
    ("audit", _audit),
):
    app.add_typer(_commands, name=_name)

_T = TypeVar("_T")
_SectorOption = Annotated[str, typer.Option("--sector", help="The sector they belong to.")]
_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


@app.command()
def hub() -> None:
    """Serve the console, the API and the live picture until Ctrl-C."""
    from watchline import hub as process

    process.main(_settings(with_log=True))


@app.command()
def worker(
    sector: Annotated[list[str] | None, typer.Option(help="Only these (again for more).")] = None,
) -> None:
    """Own sectors: take envelopes, track, judge and raise, until Ctrl-C."""
    from watchline import worker as process

    process.main(_settings(with_log=True), sector)


@app.command()
def demo(
    reset: Annotated[bool, typer.Option(help="Delete the demo's database and spools.")] = False,
) -> None:
    """Start everything with a synthetic border, until Ctrl-C."""
    from watchline import demo as process

    process.main(_settings(), reset=reset)


@app.command()
def backtest(
    rule: Annotated[str, typer.Argument(help="The rule's id.")],
    days: Annotated[int, typer.Option(min=1, max=90, help="So many until now.")] = 7,
    params: Annotated[str, typer.Option(help="Parameters of the draft, as JSON.")] = "",
) -> None:
    """Run a rule, or a draft of it, over what is stored of the last days; JSON."""
    from watchline.db.engine import connect_sync
    from watchline.rules import backtest as whole
    from watchline.rules import history

    try:
        draft = {"params": json.loads(params)} if params else {}
    except ValueError as error:
        raise typer.BadParameter("not JSON", param_hint="--params") from error

    def run() -> dict[str, Any]:
        with (
            connect_sync(
                _settings().database_url(),
                application_name="watchline backtest",
                autocommit=True,
                statement_ms=0,
            ) as connection,
            typer.progressbar(length=1000, label=rule, file=sys.stderr) as bar,
        ):
            sector = history.sector_of(connection, rule)
            now = datetime.now(UTC)
            return whole.run(connection, sector, rule, draft, days, now, _share_of(bar))

    typer.echo(json.dumps(_guarded(run), indent=2))


@app.command()
def score(
    scenario: Annotated[Path, typer.Argument(help="A scenario file (TOML).")],
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the scenario's.")] = None,
    hours: Annotated[float | None, typer.Option(min=0.01, help="Only the first hours.")] = None,
    without: Annotated[
        str | None, typer.Option(help='Leave out the "radars" or the "cameras".')
    ] = None,
    area: Annotated[Path, typer.Option(help="The folder data/area/build.py wrote.")] = Path(
        "var/area"
    ),
) -> None:
    """Play a scenario's night without waiting and tell what was found, missed and false."""
    from watchline.score import run as whole

    def run() -> whole.Result:
        with typer.progressbar(length=1000, label=scenario.stem, file=sys.stderr) as bar:
            return whole.run(
                scenario,
                area=area,
                seed=seed,
                hours=hours,
                without=without,
                progress=_share_of(bar),
            )

    try:
        result = _guarded(run)
    except whole.ScenarioRefused:
        sys.exit(1)  # the simulator has said why
    for line in whole.table(result):
        typer.echo(line)
    typer.echo(json.dumps(result.summary()))


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema."""
    from watchline.db.migrate import newest, upgrade
    from watchline.settings import DatabaseRole

    upgrade(_settings().database_url(DatabaseRole.OWNER))
    typer.echo(f"The database is at {newest()}.")


@app.command()
def backup(file: Path) -> None:
    """Take the whole database into FILE and FILE.json while everything runs."""
    from watchline import backup as whole
    from watchline.settings import DatabaseRole

    url = _settings().database_url(DatabaseRole.OWNER)
    with typer.progressbar(length=1000, label=file.name) as bar:
        made = _guarded(lambda: whole.take(url, file, _share_of(bar)))
    typer.echo(f"{file}: {made.bytes} bytes, SHA-256 {made.sha256}.")


@app.command()
def restore(
    file: _File,
    overwrite: Annotated[bool, typer.Option(help="Replace what is in the database.")] = False,
) -> None:
    """Bring the database back from FILE and FILE.json; hub and worker must be stopped."""
    from watchline import restore as whole
    from watchline.settings import DatabaseRole

    url = _settings().database_url(DatabaseRole.OWNER)
    with typer.progressbar(length=1000, label=file.name) as bar:
        made = _guarded(
            lambda: whole.put_back(url, file, overwrite=overwrite, progress=_share_of(bar))
        )
    rows = sum(table.rows for table in made.tables.values())
    typer.echo(
        f"Restored {len(made.tables)} tables and {rows} rows as of {made.taken_at.isoformat()}; "
        "each is what was backed up. Everybody has to log in again."
    )


@_sector.command("import")
def sector_import(file: _File) -> None:
    """Read a sector with its sites, geofences and rules from a JSON file."""
    from watchline import sector_file

    with typer.progressbar(length=1000, label=file.name, file=sys.stderr) as bar:
        done = _with_engine(
            lambda engine: sector_file.put(engine, file.read_bytes(), _share_of(bar))
        )
    if not done.changed:
        typer.echo(f"Sector {done.sector} is as in the file already.")
        return
    typer.echo(
        f"Sector {done.sector}: {done.sites} sites, {done.geofences} geofences and "
        f"{done.edges} edges changed."
    )


@_geofences.command("import")
def geofences_import(file: _File, sector: _SectorOption) -> None:
    """Bring geofences from a GeoJSON, GeoPackage, KML or FlatGeobuf file, all or none."""
    from watchline.rules import import_zones

    with typer.progressbar(length=1000, label=file.name, file=sys.stderr) as bar:
        done = _with_engine(
            lambda engine: import_zones.put(
                engine,
                sector,
                file.read_bytes(),
                _format_of(file),
                actor="command line",
                progress=_share_of(bar),
            )
        )
    for repair in done.repairs:
        typer.echo(f"{repair['geofence']}: {repair['repair']}")
    typer.echo(f"Sector {sector}: {done.changed} of {done.geofences} geofences changed.")


@_geofences.command("export")
def geofences_export(file: Path, sector: _SectorOption) -> None:
    """Write the geofences in force to FILE; its ending says the format."""
    from watchline.rules import zone_files, zones

    async def views(engine: AsyncEngine) -> list[zones.GeofenceView]:
        async with engine.connect() as connection:
            return await zones.in_force(connection, sector)

    format = _format_of(file)
    found = _with_engine(views)
    file.write_bytes(zone_files.write(found, format))
    typer.echo(f"{file}: {len(found)} geofences.")


@_sector.command("border")
def sector_border(file: _File, sector: _SectorOption) -> None:
    """Make the line in a GeoJSON, GeoPackage, KML or FlatGeobuf file the official border."""
    from watchline.geofences import border_file
    from watchline.geofences import store as geofences
    from watchline.sectors import border_store
    from watchline.sectors import store as sectors

    async def run(engine: AsyncEngine) -> border_file.BorderLine:
        async with engine.begin() as connection:
            frame = await geofences.frame(connection, sector)
            line = border_file.read(file.read_bytes(), _format_of(file), frame)
            await sectors.next_rev(connection, sector)
            await border_store.put(
                connection, sector, line.name, line.lon_lat_m, line.pillars, actor="command line"
            )
            await sectors.tell(connection, sector)
        return line

    line = _with_engine(run)
    if line.repair is not None:
        typer.echo(line.repair)
    from_km, to_km = line.lon_lat_m[0, 2] / 1000, line.lon_lat_m[-1, 2] / 1000
    typer.echo(f"Border {line.name}: km {from_km:.3f} to {to_km:.3f}, {len(line.pillars)} pillars.")


def _format_of(file: Path) -> Format:
    from watchline.geofences.files import Format

    try:
        return Format(file.suffix.removeprefix(".").lower())
    except ValueError as error:
        known = ", ".join(f".{one.value}" for one in Format)
        raise typer.BadParameter(f"one of {known}", param_hint="FILE") from error


@_edge.command("enroll")
def edge_enroll(
    id: Annotated[str, typer.Option(help="The edge's id, as in its edge.toml.")],
    sector: Annotated[str, typer.Option(help="The sector it belongs to, for good.")],
    key: Annotated[str, typer.Option(help="Its public key in base64.")],
) -> None:
    """Let an edge send to a sector."""
    import re

    from watchline.sectors import edges
    from watchline.sectors import store as sectors
    from watchline.web.types import ID_PATTERN

    if not re.fullmatch(ID_PATTERN, id):
        raise typer.BadParameter("1 to 64 letters, digits or . _ : -", param_hint="--id")

    async def run(engine: AsyncEngine) -> bool:
        public_key = edges.read_key(key)
        async with engine.connect() as connection:
            await sectors.next_rev(connection, sector)
            changed = await edges.enroll(connection, id, sector, public_key, actor="command line")
            if changed:
                await sectors.tell(connection, sector)
                await connection.commit()
        return changed

    changed = _with_engine(run)
    typer.echo(f"Edge {id} {'is enrolled' if changed else 'was enrolled already'} in {sector}.")


@_user.command("bootstrap")
def user_bootstrap() -> None:
    """Make the first user, if there is none, and print the one-time password."""
    from watchline.access import accounts

    password = _with_engine(accounts.bootstrap)
    if password is None:
        typer.echo("There are users already.")
        return
    typer.echo(f"Log in as {accounts.FIRST_NAME} with the one-time password {password}")


@_user.command("add")
def user_add(name: str) -> None:
    """Make a user and print the one-time password."""
    from watchline.access import accounts

    try:
        password = _with_engine(lambda engine: accounts.add(engine, name))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from error
    typer.echo(f"Log in as {name} with the one-time password {password}")


@_user.command("reset")
def user_reset(name: str) -> None:
    """Give a user a new one-time password, print it, and end all of the user's sessions."""
    from watchline.access import accounts

    password = _with_engine(lambda engine: accounts.reset(engine, name))
    typer.echo(f"Log in as {name} with the one-time password {password}")


@_map.command("import")
def map_import(
    file: _File,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
) -> None:
    """Take a PMTiles, MBTiles or GeoTIFF file into the console's maps."""
    from watchline.maps import importing

    folder = _settings().hub.maps
    with typer.progressbar(length=1000, label=file.name) as bar:
        made = _guarded(
            lambda: importing.put(
                file,
                folder,
                name or file.stem,
                _share_of(bar),
            )
        )
    typer.echo(f"Map {made} is in {folder}.")


def _time(text: str) -> datetime:
    """An ISO 8601 time; one without an offset is UTC."""
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise typer.BadParameter(f"{text!r} is no time as 2026-11-26T18:30:00Z is") from error


@_plots.command("export")
def plots_export(
    file: Path,
    sector: _SectorOption,
    from_at: Annotated[
        datetime, typer.Option("--from", parser=_time, metavar="ISO", help="Since when (UTC).")
    ],
    until_at: Annotated[
        datetime, typer.Option("--until", parser=_time, metavar="ISO", help="And until when.")
    ],
) -> None:
    """Write what radars saw of confirmed tracks to FILE (CSV), to calibrate cameras by."""
    from watchline.db.engine import connect_sync
    from watchline.history import plots

    if from_at >= until_at:
        raise typer.BadParameter("is not after --from", param_hint="--until")

    def run() -> int:
        with (
            connect_sync(
                _settings().database_url(),
                application_name="watchline plots",
                autocommit=True,
                statement_ms=0,
            ) as connection,
            typer.progressbar(length=1000, label=file.name, file=sys.stderr) as bar,
        ):
            return plots.export(
                connection,
                file,
                sector,
                from_at,
                until_at,
                actor="command line",
                progress=_share_of(bar),
            )

    try:
        count = _guarded(run)
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}", param_hint="FILE") from error
    typer.echo(f"{file}: {count} plots.")


@_report.command("ingest")
def report_ingest(
    sector: Annotated[str | None, typer.Option(help="One sector; all when left out.")] = None,
    as_json: Annotated[
        bool | None,
        typer.Option("--json/--table", help="JSON or a table; a table on a terminal by default."),
    ] = None,
) -> None:
    """What each edge gave out, what is stored, what is missing, and since when."""
    from watchline.db.engine import connect_sync
    from watchline.history.report import ingest_report
    from watchline.history.table import table

    url = _settings().database_url()
    with connect_sync(url, application_name="watchline report", autocommit=True) as connection:
        report = ingest_report(connection, sector)
    if as_json is None:
        as_json = not sys.stdout.isatty()
    typer.echo(json.dumps(report, indent=2, default=str) if as_json else table(report))


@_audit.command("verify")
def audit_verify() -> None:
    """Check every hash chain; exits 1 and names the first bad event when one does not hold."""
    from watchline.audit import store
    from watchline.db.engine import connect_sync

    url = _settings().database_url()
    verdicts = []
    with connect_sync(
        url, application_name="watchline audit", autocommit=True, statement_ms=0
    ) as connection:
        for chain in store.chains(connection):
            verdict = store.verify_chain(connection, chain)
            told = {
                "chain": chain,
                "holds": verdict.holds,
                "events": verdict.links,
                "head": verdict.head.hex(),
            }
            if not verdict.holds:
                told |= {"first_bad": verdict.bad_no, "code": verdict.code}
            verdicts.append(told)
    holds = all(told["holds"] for told in verdicts)
    typer.echo(json.dumps({"holds": holds, "chains": verdicts}, indent=2))
    if not holds:
        raise typer.Exit(1)


def _settings(*, with_log: bool = False) -> Settings:
    from watchline import logging
    from watchline.settings import Settings

    logging.configure(level="INFO" if with_log else "WARNING")
    return Settings()


def _share_of(bar: Any) -> Callable[[float], None]:
    """What moves a bar of 1000 steps forward to a share of it."""
    return lambda share: bar.update(max(0, round(1000 * share) - bar.pos))


def _with_engine(run: Callable[[AsyncEngine], Awaitable[_T]]) -> _T:
    """Run `run` against the hub's database."""
    import asyncio

    from watchline.db.engine import async_engine

    async def whole() -> _T:
        engine = async_engine(_settings().database_url(), application_name="watchline command")
        try:
            return await run(engine)
        finally:
            await engine.dispose()

    return _guarded(lambda: asyncio.run(whole()))


def _guarded(run: Callable[[], _T]) -> _T:
    """Run it; an error of ours becomes one line and exit status 1."""
    from watchline.errors import WatchlineError

    try:
        return run()
    except WatchlineError as error:
        detail = f" {json.dumps(error.params, default=str)}" if error.params else ""
        typer.echo(f"{error.code}: {error}{detail}", err=True)
        sys.exit(1)
