"""`watchline-edge simulate …`: a scenario's devices on the network, and their set-up files."""

import asyncio
import json
import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn

import msgspec
import typer
from typer.core import TyperGroup

from watchline_sensors.config import is_http_url, load_config
from watchline_sensors.errors import EdgeError
from watchline_sensors.simulate.area import Area, load_area
from watchline_sensors.simulate.errors import ScenarioError, SimulationError
from watchline_sensors.simulate.headless import night
from watchline_sensors.simulate.prepare import ports as choose_ports
from watchline_sensors.simulate.prepare import write_setup
from watchline_sensors.simulate.run import run_scenario
from watchline_sensors.simulate.scenario import Scenario, load_scenario
from watchline_sensors.simulate.truth import whole_truth
from watchline_sensors.simulate.world import World

MODEL = Path("data/models/thermal/thermal.onnx")


class Without(StrEnum):
    """What a headless night goes without."""

    RADARS = "radars"
    CAMERAS = "cameras"


class _RunByDefault(TyperGroup):
    """`simulate SCENARIO …` is `simulate run SCENARIO …`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["run", *args]
        found: list[str] = super().parse_args(ctx, args)
        return found


app = typer.Typer(
    cls=_RunByDefault,
    no_args_is_help=True,
    help="Play a scenario: device emulators that speak the real wire formats.",
)

ScenarioArgument = Annotated[Path, typer.Argument(help="A scenario file (TOML).")]
AreaOption = Annotated[Path, typer.Option(help="The folder data/area/build.py wrote.")]
ModelOption = Annotated[Path, typer.Option(help="The network of the thermal cameras.")]
OutOption = Annotated[Path, typer.Option(help="The folder to write to.")]


@app.command()
def run(
    scenario: ScenarioArgument,
    out: OutOption,
    area: AreaOption = Path("var/area"),
    speed: Annotated[float, typer.Option(min=0.01, max=1000.0, help="World seconds a second.")] = 1,
    duration: Annotated[
        float | None, typer.Option(min=0.0, help="End after so many seconds of the world.")
    ] = None,
    start_at: Annotated[
        float | None,
        typer.Option(
            help="When the scenario begins, unix seconds; the same start, the same plots."
        ),
    ] = None,
) -> None:
    """Send every device's data to its edge, and write OUT/truth.jsonl.

    The ports are those of OUT/ports.json where `prepare` wrote one, else the scenario's own.
    Stamps run with the world: with a speed above 1 give a start in the past.
    """
    with _plain_errors():
        held, place = _load(scenario, area)
        out.mkdir(parents=True, exist_ok=True)
        listen = _ports(held, out)
        start_us = round((time.time() if start_at is None else start_at) * 1e6)
        heard = ", ".join(f"{key} at 127.0.0.1:{port}" for key, port in listen.items())

        def told(_: str) -> None:
            typer.echo(f"{held.name}: {heard}; start {start_us / 1e6:.6f}", err=True)

        emulators = asyncio.run(
            run_scenario(
                held,
                place,
                ports=listen,
                truth=out / "truth.jsonl",
                start_us=start_us,
                speed=speed,
                duration_s=duration,
                told=told,
            )
        )
    for one in emulators:
        typer.echo(one.summary(), err=True)


@app.command()
def prepare(
    scenario: ScenarioArgument,
    out: OutOption,
    hub: Annotated[str, typer.Option(help="The hub's address.")] = "http://127.0.0.1:8610",
    area: AreaOption = Path("var/area"),
    model: ModelOption = MODEL,
    free_ports: Annotated[
        bool, typer.Option(help="Use ports that are free now, not the scenario's own.")
    ] = False,
) -> None:
    """Write OUT/<edge>/edge.toml for each site, OUT/sector.json and OUT/ports.json."""
    with _plain_errors():
        if not is_http_url(hub):
            raise ScenarioError([f"--hub {hub!r}: use an address like http://127.0.0.1:8610"])
        held, place = _load(scenario, area)
        listen = choose_ports(held, free=free_ports)
        for path in write_setup(held, place, out, hub, listen, model):
            typer.echo(str(path))


@app.command()
def headless(
    scenario: ScenarioArgument,
    out: OutOption,
    area: AreaOption = Path("var/area"),
    seed: Annotated[int | None, typer.Option(min=0, help="In place of the scenario's.")] = None,
    duration: Annotated[float | None, typer.Option(min=0.0, help="Seconds of the world.")] = None,
    start_at: Annotated[float, typer.Option(help="When it begins, unix seconds.")] = 1_768_406_400,
    model: ModelOption = MODEL,
    without: Annotated[
        Without | None, typer.Option(help="Leave out the radars, or the cameras.")
    ] = None,
) -> None:
    """Write to standard output all that a hub would hear in the night, without waiting.

    It is a row of MessagePack maps, each behind its length as four octets, the least first.
    OUT gets what `prepare` writes, and before anything is heard about.json and truth.jsonl.
    """
    with _plain_errors():
        held, place = _less(load_scenario(scenario, seed), without), load_area(area)
        span_s = held.duration_s if duration is None else duration
        if not held.loop:
            span_s = min(span_s, held.duration_s)
        start_us = round(start_at * 1e6)
        write_setup(held, place, out, "http://127.0.0.1", choose_ports(held, free=False), model)
        configs = [load_config(out / site.edge_id / "edge.toml") for site in held.site]
        about = {"name": held.name, "seed": held.seed, "duration_s": span_s}
        (out / "about.json").write_text(json.dumps(about), "utf-8")
        with (out / "truth.jsonl").open("w", encoding="utf-8") as truth:
            truth.writelines(whole_truth(World(held, place), place, start_us, span_s))
        encoder = msgspec.msgpack.Encoder()
        for heard in night(held, place, configs, start_us=start_us, duration_s=span_s):
            body = encoder.encode(heard)
            sys.stdout.buffer.write(len(body).to_bytes(4, "little") + body)
        sys.stdout.buffer.flush()


def _load(scenario: Path, area: Path) -> tuple[Scenario, Area]:
    return load_scenario(scenario), load_area(area)


def _less(scenario: Scenario, without: Without | None) -> Scenario:
    """The scenario without its radars or cameras; a site that has nothing left is left out."""
    if without is None:
        return scenario
    key = "radar" if without is Without.RADARS else "camera"
    sites = [msgspec.structs.replace(site, **{key: []}) for site in scenario.site]
    left = [site for site in sites if site.radar or site.camera]
    if not left:
        raise ScenarioError([f"--without {without}: no device is left"])
    return msgspec.structs.replace(scenario, site=left)


def _ports(scenario: Scenario, out: Path) -> dict[str, int]:
    path = out / "ports.json"
    if not path.exists():
        return choose_ports(scenario, free=False)
    try:
        listen = {str(key): int(port) for key, port in json.loads(path.read_text("utf-8")).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise SimulationError(f"{path} is not what `prepare` wrote") from error
    missing = [device.id for device in scenario.devices if device.id not in listen]
    if missing:
        raise SimulationError(f"{path} belongs to another scenario: no port for {missing[0]}")
    return listen


class _plain_errors:
    """What is wrong, one line each, and exit status 1."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: Any) -> None:
        if isinstance(error, EdgeError):
            _fail(error)


def _fail(error: EdgeError) -> NoReturn:
    problems = error.problems if isinstance(error, ScenarioError) else [str(error)]
    for problem in problems:
        typer.echo(f"{error.code}: {problem}", err=True)
    raise typer.Exit(1) from error
