"""Every error of the edge: one root; a subclass's docstring is its message, its code is stable."""

from collections.abc import Sequence


class EdgeError(Exception):
    """The edge could not go on."""

    code = "edge.failed"

    def __init__(self, detail: str = "") -> None:
        message = (type(self).__doc__ or EdgeError.__doc__ or "").strip()
        super().__init__(f"{message} ({detail})" if detail else message)
        self.detail = detail


class ConfigError(EdgeError):
    """The configuration cannot be used."""

    code = "config.invalid"

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = list(problems)


class SpoolError(EdgeError):
    """The spool could not be used."""

    code = "spool.failed"


class SpoolFull(SpoolError):
    """The spool is full: these items were not kept, and their numbers are reported as lost."""

    code = "spool.full"


class SpoolUnwritable(SpoolFull):
    """The disk refuses to keep the spool: these items were not kept."""

    code = "spool.unwritable"


class SpoolBusy(SpoolError):
    """Another watchline-edge process is using this spool."""

    code = "spool.busy"


class SpoolDamaged(SpoolError):
    """The spool file is damaged."""

    code = "spool.damaged"


class SpoolClosed(SpoolError):
    """The spool is closed."""

    code = "spool.closed"


class KeyUnusable(EdgeError):
    """The edge's signing key cannot be read."""

    code = "key.unusable"


class AdapterError(EdgeError):
    """An adapter could not go on."""

    code = "adapter.failed"


class AdapterUnknown(AdapterError):
    """No adapter of this name is installed."""

    code = "adapter.unknown"


class TerrainUnreadable(EdgeError):
    """The file holds no grid of ground heights."""

    code = "terrain.unreadable"
