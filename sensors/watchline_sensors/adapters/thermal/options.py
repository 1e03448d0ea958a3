"""The [sensor.thermal] table of edge.toml."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec

from watchline_sensors.adapters.thermal import address
from watchline_sensors.adapters.thermal.address import Address, Transport
from watchline_sensors.adapters.thermal.lens import Aim, Lens
from watchline_sensors.adapters.thermal.placing import Doubt, View
from watchline_sensors.config import SensorConfig
from watchline_sensors.errors import ConfigError, TerrainUnreadable
from watchline_sensors.place import Pose
from watchline_sensors.terrain import load_terrain

_Rate = Annotated[float, msgspec.Meta(gt=0, le=60)]
_Seconds = Annotated[float, msgspec.Meta(gt=0, le=60)]
_Metres = Annotated[float, msgspec.Meta(gt=0, le=30_000)]
_Ring = Annotated[
    list[
        tuple[
            Annotated[float, msgspec.Meta(ge=-180, le=180)],
            Annotated[float, msgspec.Meta(ge=-90, le=90)],
        ]
    ],
    msgspec.Meta(min_length=3, max_length=1000),
]
_Score = Annotated[float, msgspec.Meta(ge=0.05, le=0.95)]
#: Finds below this score are not even used to continue a tracklet: on validation frames they are
#: more often wrong than right, and hold hardly one right in a hundred more.
LEAST_SCORE = 0.25


class FootageOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether and how long pictures are kept around tracklets; without a `folder` none are.

    Each camera has a folder of its own in `folder`; cameras may share it. What is older than
    `hours` is deleted, and the oldest of what is more than `max_mb` for this camera.
    """

    folder: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    hours: Annotated[float, msgspec.Meta(gt=0, le=720)] = 72.0
    max_mb: Annotated[int, msgspec.Meta(ge=50, le=1_000_000)] = 2000


class ThermalOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One camera: where it is called, how it is built and aimed, and how surely.

    `aim` counts from true north. `ground` is a grid of heights around the mast, as
    `watchline-edge ground` makes it, in the datum of the sensor's `height_m`; `model` is
    thermal.onnx. `max_fps` frames a second are looked at, finds from `least_score` on are
    followed. A camera without a picture for `read_s` has failed. `masks` are rings of longitude
    and latitude that nobody may look at: up to `mask_height_m` above them nothing is seen.
    `footage` says what is kept of its pictures.
    """

    address: Address
    transport: Transport = Transport.TCP
    lens: Lens
    aim: Aim
    doubt: Doubt
    ground: str
    model: str
    max_range_m: _Metres = 4000.0
    max_fps: _Rate = 5.0
    least_score: _Score = LEAST_SCORE
    masks: list[_Ring] = []
    mask_height_m: Annotated[float, msgspec.Meta(gt=0, le=100)] = 3.0
    open_s: _Seconds = 5.0
    read_s: _Seconds = 5.0
    footage: FootageOptions = FootageOptions()


def options_of(sensor: SensorConfig) -> ThermalOptions:
    """A sensor's options, decoded; raises ConfigError."""
    try:
        return msgspec.convert(sensor.options, ThermalOptions)
    except msgspec.ValidationError as error:
        raise ConfigError([f"sensor {sensor.id}, [sensor.thermal]: {error}"]) from error


def view_of(sensor: SensorConfig, options: ThermalOptions) -> View:
    """What its camera looks at; raises TerrainUnreadable."""
    return View(
        pose=Pose(lon_deg=sensor.lon_deg, lat_deg=sensor.lat_deg, height_m=sensor.height_m),
        lens=options.lens,
        aim=options.aim,
        doubt=options.doubt,
        ground=load_terrain(Path(options.ground)),
        max_range_m=options.max_range_m,
    )


def problems(sensors: Sequence[SensorConfig]) -> list[str]:
    """What is wrong with these sensors' options, in plain words; empty when nothing is."""
    found: list[str] = []
    for sensor in sensors:
        place = f"sensor {sensor.id}, [sensor.thermal]"
        try:
            options = options_of(sensor)
            eye_m = sensor.height_m - float(view_of(sensor, options).ground.height_at(0.0, 0.0))
        except ConfigError as error:
            found += error.problems
            continue
        except TerrainUnreadable as error:
            found.append(f"{place}: ground: {error}")
            continue
        found += [f"{place}, address: {words}" for words in address.problems(options.address)]
        if not 0.5 <= eye_m <= 500.0:
            found.append(
                f"{place}: the camera stands {eye_m:.0f} m above the ground file's ground: "
                "are both heights above the ellipsoid?"
            )
        if not Path(options.model).is_file():
            found.append(f"{place}: model: there is no file {options.model}")
    return found


def footage_problems(sensors: Sequence[SensorConfig]) -> list[str]:
    """Why footage could not be kept, in plain words. No reason not to start: a camera that
    keeps nothing still sees."""
    found: list[str] = []
    for sensor in sensors:
        try:
            folder = options_of(sensor).footage.folder
        except ConfigError:
            continue  # `problems` tells it
        if folder is None:
            continue
        there = Path(folder).absolute()
        while not there.exists() and there != there.parent:
            there = there.parent
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            found.append(
                f"sensor {sensor.id}, [sensor.thermal.footage]: folder: "
                f"{there} is no folder that can be written to"
            )
    return found
