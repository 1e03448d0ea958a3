"""The command `watchline-edge`."""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from watchline_sensors.config import Config, load_config
from watchline_sensors.errors import ConfigError, EdgeError
from watchline_sensors.keys import load_or_create_key

app = typer.Typer(
    name="watchline-edge",
    help="Watchline at a site's edge: sensors in, signed envelopes out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
_T = TypeVar("_T")

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The site's edge.toml.", show_default=False)
]


class _Line(logging.Formatter):
    """One line an event: its code, then what was given along as `extra`."""

    _usual = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}

    def formatMessage(self, record: logging.LogRecord) -> str:
        more = [(key, value) for key, value in vars(record).items() if key not in self._usual]
        told = " ".join(f"{key}={value}" for key, value in more)
        return f"{super().formatMessage(record)} {told}".rstrip()


@app.callback()
def _main(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler])
    for chatty in ("httpx2", "httpcore2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


@app.command()
def run(config: ConfigOption) -> None:
    """Run the adapters and send what they see, until SIGTERM or Ctrl-C."""
    from watchline_sensors.edge import run_edge

    loaded = _load(config)
    _until_signal(lambda stop: run_edge(loaded, stop))


@app.command()
def check(
    config: ConfigOption,
    recording: Annotated[
        Path | None, typer.Argument(help="Read this recording instead of listening.")
    ] = None,
    seconds: Annotated[
        float, typer.Option(min=0, help="How long to listen to the sensors; 0 does not.")
    ] = 5.0,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the hub.")] = False,
) -> None:
    """Say in plain words what is wrong with the configuration, the hub, a feed or a recording."""
    from watchline_sensors.check import check as look
    from watchline_sensors.check import check_recording

    loaded = _load(config)

    async def tell(_: asyncio.Event) -> bool:
        wrong = False
        if recording is None:
            findings = look(loaded, seconds=seconds, ask_hub=not offline)
        else:
            findings = check_recording(loaded, recording)
        async for finding in findings:
            typer.echo(f"{'wrong' if finding.wrong else 'ok   '}  {finding.text}")
            wrong |= finding.wrong
        return wrong

    if _until_signal(tell):
        raise typer.Exit(1)


@app.command()
def key(config: ConfigOption) -> None:
    """Print this edge's public key (base64), making the key at the first call."""
    try:
        typer.echo(load_or_create_key(_load(config).edge.key_path).public_key_base64())
    except EdgeError as error:
        raise _failed(error) from error


@app.command()
def record(
    config: ConfigOption,
    output: Annotated[Path, typer.Option("--output", "-o", help="The .ast file to write.")],
    sensor: Annotated[str | None, typer.Option(help="Whose address, if there are several.")] = None,
) -> None:
    """Write the raw datagrams of an address to FILE, and their times to FILE.times."""
    from watchline_sensors.record import endpoint_to_record
    from watchline_sensors.record import record as write

    loaded = _load(config)

    async def work(stop: asyncio.Event) -> None:
        where = endpoint_to_record(loaded.sensors, sensor)
        ready = f"recording {where} to {output}; end with Ctrl-C"
        recorded = await write(where, output, stop, lambda: typer.echo(ready, err=True))
        typer.echo(
            json.dumps(
                {
                    "datagrams": recorded.datagrams,
                    "bytes": recorded.bytes,
                    "dropped": recorded.dropped,
                }
            )
        )

    _until_signal(work)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A recording: raw (.ast), .pcap or .ff.")],
    config: ConfigOption,
    speed: Annotated[str, typer.Option(help="1 to 1000 times, or max.")] = "1",
    retime: Annotated[bool, typer.Option("--retime", help="Stamp it for now.")] = False,
    day: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The recording's day (UTC), without --retime."),
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0, help="Seconds to wait at the end for all to be settled.")
    ] = 120.0,
) -> None:
    """Play a recording as the configured sensors; prints every counter as one JSON object."""
    from watchline_sensors.adapters.replay.adapter import build_replay
    from watchline_sensors.edge import progress_on_stderr, run_replay

    loaded = _load(config)

    async def work(stop: asyncio.Event) -> dict[str, Any]:
        adapter = build_replay(
            file, loaded.sensors, _speed(speed), retime, day=day.date() if day else None
        )
        return await run_replay(
            loaded, adapter, timeout_s=timeout, stop=stop, progress=progress_on_stderr()
        )

    figures = _until_signal(work)
    typer.echo(json.dumps({"replay": str(file), **figures}))
    if figures["unsettled"] or not figures["ended"]:
        raise typer.Exit(1)


@app.command()
def calibrate(
    config: ConfigOption,
    sensor: Annotated[str, typer.Option(help="The camera's id in edge.toml.")],
    landmarks: Annotated[
        Path | None,
        typer.Argument(help="CSV: name, x_px, y_px, lon_deg, lat_deg and maybe height_m."),
    ] = None,
    tracks: Annotated[
        Path | None,
        typer.Option(
            help="Instead: what radars saw while the camera kept footage, as "
            "`watchline plots export` writes it."
        ),
    ] = None,
    within: Annotated[
        float,
        typer.Option(min=0.1, max=30, help="With --tracks: the present aim is off by less (°)."),
    ] = 5.0,
    focal: Annotated[bool, typer.Option("--focal", help="Solve the focal length too.")] = False,
) -> None:
    """Where a thermal camera looks, from landmarks or from who walked through its picture."""
    from watchline_sensors.adapters.thermal import calibrated

    if (landmarks is None) == (tracks is None):
        raise typer.BadParameter("give either a file of landmarks or --tracks")
    found = [one for one in _load(config).sensors if one.id == sensor]
    try:
        if not found or found[0].adapter != "thermal":
            raise ConfigError([f"{config} has no thermal camera {sensor!r}"])
        if landmarks is not None:
            told = calibrated.by_landmarks(found[0], landmarks, focal=focal)
        else:
            assert tracks is not None  # one of the two is there
            told = calibrated.by_tracks(found[0], tracks, within_deg=within, focal=focal)
    except EdgeError as error:
        raise _failed(error) from error
    for line in told:
        typer.echo(line)


@app.command()
def ground(
    model: Annotated[Path, typer.Argument(help="An elevation model: GeoTIFF, SRTM .hgt, …")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The grid to write (.npz).")],
    lon: Annotated[float, typer.Option(min=-180, max=180, help="The mast's longitude.")],
    lat: Annotated[float, typer.Option(min=-90, max=90, help="The mast's latitude.")],
    reach: Annotated[float, typer.Option(min=100, max=30_000, help="Metres each way.")] = 5000.0,
    step: Annotated[float, typer.Option(min=1, max=100, help="Metres from point to point.")] = 20.0,
    geoid: Annotated[
        float, typer.Option(min=-120, max=120, help="The geoid's height over the ellipsoid there.")
    ] = 0.0,
) -> None:
    """Write the heights around a mast, as its thermal cameras' option `ground` takes them."""
    from watchline_sensors.dem import ground as heights
    from watchline_sensors.terrain import save_terrain

    try:
        found = heights(model, lon, lat, reach_m=reach, step_m=step, raise_m=geoid)
        save_terrain(output, found)
    except EdgeError as error:
        raise _failed(error) from error
    except OSError as error:
        typer.echo(f"{output}: {error.strerror}", err=True)
        raise typer.Exit(1) from error
    at = float(found.height_at(0.0, 0.0))
    typer.echo(f"{output}: {found.heights_m.shape[0]} × {found.heights_m.shape[1]} heights, "
               f"{at:.1f} m at the mast")  # fmt: skip


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def simulate(context: typer.Context) -> None:
    """Run a scenario's device emulators against the adapters; see `simulate --help`."""
    from watchline_sensors.simulate.cli import app as simulate_app

    simulate_app(args=context.args, prog_name="watchline-edge simulate")


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        return float(text.removesuffix("x"))
    except ValueError as error:
        raise ConfigError([f"--speed {text}: use a number from 1 to 1000, or max"]) from error


def _load(path: Path) -> Config:
    try:
        return load_config(path)
    except ConfigError as error:
        raise _failed(error) from error


def _until_signal(work: Callable[[asyncio.Event], Coroutine[Any, Any, _T]]) -> _T:
    """Run it with an event that SIGTERM and SIGINT set."""

    async def main() -> _T:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        return await work(stop)

    try:
        return asyncio.run(main())
    except EdgeError as error:
        raise _failed(error) from error


def _failed(error: EdgeError) -> typer.Exit:
    for line in error.problems if isinstance(error, ConfigError) else [str(error)]:
        typer.echo(f"wrong  {line}", err=True)
    return typer.Exit(1)


if __name__ == "__main__":
    app()
