"""What can be wrong with what the simulator is given."""

from collections.abc import Sequence

from watchline_sensors.errors import EdgeError


class SimulationError(EdgeError):
    """The simulation could not go on."""

    code = "simulation.failed"


class ScenarioError(SimulationError):
    """The scenario cannot be used."""

    code = "scenario.invalid"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


class AreaError(SimulationError):
    """The area cannot be used; build it with data/area/build.py."""

    code = "area.invalid"


class RecordError(SimulationError):
    """A value does not fit its CAT010 data item."""

    code = "cat010.value_invalid"
