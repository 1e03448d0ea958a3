"""What an operator may set, by concern: environment variables WATCHLINE_<CONCERN>_<NAME>.

For example WATCHLINE_DATABASE_HOST, WATCHLINE_HUB_PORT, WATCHLINE_WORKER_PORT.
"""

from enum import StrEnum
from pathlib import Path
from urllib.parse import quote, urlencode

from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class DatabaseRole(StrEnum):
    """The logins of the database, one per duty."""

    OWNER = "watchline_owner"
    INGEST = "watchline_ingest"
    APP = "watchline_app"


class DatabaseSettings(BaseModel):
    """Where PostGIS answers: `host` is a name, an address or the directory of its socket."""

    host: str = "/var/run/postgresql"
    port: int = 5432
    name: str = "watchline"
    owner_password: SecretStr | None = None
    ingest_password: SecretStr | None = None
    app_password: SecretStr | None = None


class HubSettings(BaseModel):
    """The process that people's browsers talk to.

    `public_url` is the address that browsers show, when it differs from host and port (a TLS
    proxy in front). `trusted_proxies` are the addresses whose X-Forwarded headers are believed.
    """

    host: str = "127.0.0.1"
    port: int = 8610
    public_url: str | None = None
    trusted_proxies: list[str] = []
    frontend_dist: Path = Path("frontend/dist")
    basemap: Path = Path("var/area")
    maps: Path = Path("var/maps")


class WorkerSettings(BaseModel):
    """The process that owns sectors; `advertised_url` is what it tells edges and hubs."""

    host: str = "127.0.0.1"
    port: int = 8620
    advertised_url: str | None = None


class SessionSettings(BaseModel):
    """How long a login holds and how many failed ones are allowed."""

    idle_minutes: float = Field(default=30, gt=0)
    absolute_hours: float = Field(default=12, gt=0)
    login_attempts: int = Field(default=10, ge=1)
    login_window_minutes: float = Field(default=15, gt=0)


class LiveSettings(BaseModel):
    """The live picture: how often screens are told, and when a slow one is let go."""

    track_interval_ms: float = Field(default=50, ge=0)
    heartbeat_s: float = Field(default=15, gt=0)
    slow_client_s: float = Field(default=10, gt=0)
    session_check_s: float = Field(default=3, gt=0, le=5)
    poll_s: float = Field(default=1, gt=0)
    max_streams: int = Field(default=2000, ge=1)


class RetentionSettings(BaseModel):
    """After how long detections and what belongs to them are dropped, and pictures deleted."""

    detection_days: int = Field(default=90, ge=1, le=3650)
    incident_footage_days: float = Field(default=30, gt=0, le=3650)
    footage_hours: float = Field(default=72, gt=0, le=8760)


class MetricsSettings(BaseModel):
    """Who may collect metrics without a login: whoever shows `token`; nobody while it is unset."""

    token: SecretStr | None = Field(default=None, min_length=16)


class Settings(BaseSettings):
    """All settings; `Settings()` reads the environment."""

    model_config = SettingsConfigDict(
        env_prefix="WATCHLINE_", env_nested_delimiter="_", env_nested_max_split=1, extra="ignore"
    )

    database: DatabaseSettings = DatabaseSettings()
    hub: HubSettings = HubSettings()
    worker: WorkerSettings = WorkerSettings()
    session: SessionSettings = SessionSettings()
    live: LiveSettings = LiveSettings()
    retention: RetentionSettings = RetentionSettings()
    metrics: MetricsSettings = MetricsSettings()

    def database_url(self, role: DatabaseRole | str = DatabaseRole.APP) -> str:
        """The psycopg URL for one role; holds the password when one is set, so never log it.

        >>> Settings(database=DatabaseSettings(host="/run/pg")).database_url("watchline_app")
        'postgresql://watchline_app@/watchline?host=%2Frun%2Fpg&port=5432'
        """
        role = DatabaseRole(role)
        at = self.database
        secret = {
            DatabaseRole.OWNER: at.owner_password,
            DatabaseRole.INGEST: at.ingest_password,
            DatabaseRole.APP: at.app_password,
        }[role]
        login = role.value
        if secret is not None:
            login += ":" + quote(secret.get_secret_value(), safe="")
        place = urlencode({"host": at.host, "port": at.port})
        return f"postgresql://{login}@/{quote(at.name, safe='')}?{place}"

    def hub_url(self) -> str:
        """The address people open."""
        return self.hub.public_url or _url(self.hub.host, self.hub.port)

    def worker_url(self) -> str:
        """The address edges and hubs use to reach this worker."""
        return self.worker.advertised_url or _url(self.worker.host, self.worker.port)


def _url(host: str, port: int) -> str:
    name = {"0.0.0.0": "localhost", "::": "localhost"}.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
