"""What can go wrong with the database server; for people at a terminal, never for clients."""

from watchline.errors import WatchlineError


class ServerError(WatchlineError):
    """Something failed at the database server."""

    code = "server.failed"

    def __init__(self, detail: str = "") -> None:
        super().__init__()
        self.detail = detail

    def __str__(self) -> str:
        return f"{super().__str__()} {self.detail}".strip()


class ClusterError(ServerError):
    """The private PostgreSQL cluster cannot be used."""

    code = "cluster.failed"


class BinariesMissing(ClusterError):
    """PostgreSQL with PostGIS is not installed."""

    code = "cluster.binaries_missing"


class InstallFailed(ClusterError):
    """The system's packages of PostgreSQL and PostGIS could not be installed."""

    code = "cluster.install_failed"


class ForeignCluster(ClusterError):
    """The cluster's directory belongs to another user."""

    code = "cluster.foreign"


class StartFailed(ClusterError):
    """PostgreSQL did not start."""

    code = "cluster.start_failed"


class StopFailed(ClusterError):
    """PostgreSQL did not stop."""

    code = "cluster.stop_failed"


class ToolsMissing(ServerError):
    """pg_dump, pg_restore and psql of the server's version are not installed."""

    code = "server.tools_missing"


class BackupFailed(ServerError):
    """The backup was not made."""

    code = "backup.failed"


class RestoreRefused(ServerError):
    """Nothing was restored and nothing was changed."""

    code = "restore.refused"


class RestoreFailed(ServerError):
    """The restore failed."""

    code = "restore.failed"
