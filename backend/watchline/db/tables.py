"""The schema as SQLAlchemy Core tables, for plain reading and writing.

The migrations make the schema; a test compares these tables with a migrated database.
"""

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    REAL,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INT8MULTIRANGE, JSONB

SCHEMA = "watchline"
metadata = MetaData(schema=SCHEMA)


def _geom(kind: str, **options: Any) -> "Column[Any]":
    srid_type = Geometry(
        kind, srid=4326, dimension=3 if kind[-1] in "ZM" else 2, spatial_index=False
    )
    return Column(options.pop("name", "geom"), srid_type, **options)


def _text(name: str, **options: Any) -> "Column[Any]":
    return Column(name, Text, nullable=options.pop("nullable", False), **options)


def _time(name: str, **options: Any) -> "Column[Any]":
    return Column(name, DateTime(timezone=True), nullable=options.pop("nullable", False), **options)


def _flag(name: str, default: str) -> "Column[Any]":
    return Column(name, Boolean, nullable=False, server_default=text(default))


def _count(name: str, **options: Any) -> "Column[Any]":
    return Column(name, BigInteger, nullable=options.pop("nullable", False), **options)


def _of_sector() -> "Column[Any]":
    return Column("sector_id", Text, ForeignKey(f"{SCHEMA}.sector.id"), nullable=False)


_ZERO = {"server_default": text("0")}
_NOW = {"server_default": text("now()")}

sector = Table(
    "sector",
    metadata,
    Column("id", Text, primary_key=True),
    _text("name"),
    _geom("POLYGON", nullable=False),
    _geom("POINT", name="origin", nullable=False),
    _text("time_zone"),
    _flag("synthetic", "false"),
    _count("epoch", **_ZERO),
    _count("rev", **_ZERO),
    _text("owner_url", nullable=True),
    _text("owner_token", nullable=True),
    _time("owner_seen_at", nullable=True),
    _time("owner_since", nullable=True),
)

sector_state = Table(
    "sector_state",
    metadata,
    Column("sector_id", Text, ForeignKey(f"{SCHEMA}.sector.id"), primary_key=True),
    _count("rev"),
    _count("clock_us"),
    Column("tracker", LargeBinary, nullable=False),
    Column("rules", LargeBinary, nullable=False),
)

site = Table(
    "site",
    metadata,
    Column("id", Text, primary_key=True),
    _of_sector(),
    _text("name"),
    _geom("POINT"),
)

edge = Table(
    "edge",
    metadata,
    Column("id", Text, primary_key=True),
    _of_sector(),
    Column("public_key", LargeBinary, nullable=False),
    _flag("enabled", "true"),
    _time("enrolled_at", **_NOW),
    _time("last_seen_at", nullable=True),
    Column("skew_ms", Double),
)

sensor = Table(
    "sensor",
    metadata,
    Column("no", Integer, Identity(always=True), nullable=False, unique=True),
    Column("id", Text, primary_key=True),
    Column("edge_id", Text, ForeignKey(f"{SCHEMA}.edge.id"), nullable=False),
    _of_sector(),
    Column("site_id", Text, ForeignKey(f"{SCHEMA}.site.id")),
    _text("name"),
    _text("kind"),
    _geom("POINTZ", nullable=False),
    Column("info", JSONB, nullable=False),
    _time("info_at"),
    _count("rev", **_ZERO),
)

sensor_health = Table(
    "sensor_health",
    metadata,
    Column("sensor_id", Text, ForeignKey(f"{SCHEMA}.sensor.id"), primary_key=True),
    _time("at"),
    _time("known_at"),
    _text("state"),
    _text("code"),
    Column("counters", JSONB, nullable=False),
)

ledger = Table(
    "ledger",
    metadata,
    Column("edge_id", Text, ForeignKey(f"{SCHEMA}.edge.id"), primary_key=True),
    Column("boot", BigInteger, primary_key=True, autoincrement=False),
    Column("settled", INT8MULTIRANGE, nullable=False, server_default=text("'{}'")),
    _count("highest_seq", **_ZERO),
    _count("detections", **_ZERO),
    _count("others", **_ZERO),
    _count("quarantined", **_ZERO),
    _count("lost", **_ZERO),
    _time("first_known_at"),
    _time("last_known_at"),
    Column("lost_ranges", INT8MULTIRANGE, nullable=False, server_default=text("'{}'")),
    _time("lost_at", nullable=True),
    _time("marked_at", nullable=True),
)

ledger_mark = Table(
    "ledger_mark",
    metadata,
    Column("edge_id", Text, primary_key=True),
    Column("boot", BigInteger, primary_key=True, autoincrement=False),
    Column("highest_seq", BigInteger, primary_key=True, autoincrement=False),
    _time("known_at"),
    ForeignKeyConstraint(
        ["edge_id", "boot"],
        [f"{SCHEMA}.ledger.edge_id", f"{SCHEMA}.ledger.boot"],
        ondelete="CASCADE",
    ),
)

refusal = Table(
    "refusal",
    metadata,
    Column("edge_id", Text, primary_key=True),
    Column("code", Text, primary_key=True),
    _count("total"),
    _count("recent"),
    _time("since"),
    _time("last_at"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _time("known_at"),
    _text("edge_id"),
    _count("boot", nullable=True),
    _count("seq", nullable=True),
    _text("code"),
    Column("payload", LargeBinary, nullable=False),
)

detection = Table(
    "detection",
    metadata,
    _time("known_at"),
    _time("at"),
    _text("edge_id"),
    _count("boot"),
    _count("seq"),
    _text("sensor_id"),
    _text("sector_id"),
    Column("timing", String, nullable=False),  # PostgreSQL's one-byte "char"
    Column("track_id", Uuid),
    _geom("POINT"),
    *(
        Column(name, REAL)
        for name in (
            "var_east_m2",
            "cov_m2",
            "var_north_m2",
            "bearing_deg",
            "bearing_sigma_deg",
            "range_m",
            "range_sigma_m",
            "east_mps",
            "north_mps",
            "speed_sigma_mps",
            "score",
        )
    ),
    Column("classes", ARRAY(REAL)),
    _text("sensor_track", nullable=True),
    Column("extras", JSONB),
)

closed_day = Table(
    "closed_day",
    metadata,
    Column("day", Date, primary_key=True),
    _time("closed_at"),
    _count("row_count"),
    _count("byte_count"),
    Column("due_passes", Integer, nullable=False, server_default=text("0")),
)

late_span = Table(
    "late_span",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _of_sector(),
    _time("from_at"),
    _time("to_at"),
    _time("changed_at"),
    _time("rerun_at", nullable=True),
    _time("opened_at", server_default=text("clock_timestamp()")),
    _time("begun_at", nullable=True),
)

track = Table(
    "track",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("known_at", DateTime(timezone=True), primary_key=True),
    _time("known_to", nullable=True),
    _of_sector(),
    _count("no"),
    _flag("historical", "false"),
    _text("status"),
    _time("first_at"),
    _time("last_at"),
    _geom("POINT", nullable=False),
    *(
        Column(name, REAL, nullable=False)
        for name in ("var_east_m2", "cov_m2", "var_north_m2", "east_mps", "north_mps")
    ),
    Column("classes", ARRAY(REAL), nullable=False),
    Column("sensors", ARRAY(Text), nullable=False),
    Column("hits", Integer, nullable=False),
    _geom("LINESTRINGM", name="path"),
)

geofence = Table(
    "geofence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _of_sector(),
    _text("name"),
    _text("kind"),
    _geom("GEOMETRY", nullable=False),
    Column("directions", ARRAY(Text)),
    Column("p_in", REAL, nullable=False, server_default=text("0.9")),
    Column("p_out", REAL, nullable=False, server_default=text("0.1")),
    _time("valid_from"),
    _time("valid_to", nullable=True),
    _count("rev"),
    _text("purpose", server_default=text("'alarm'")),
    Column("drawn", JSONB),
    Column("schedule", JSONB),
)

geofence_pause = Table(
    "geofence_pause",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _of_sector(),
    _text("geofence_id"),
    _text("reason"),
    _time("from_at"),
    _time("until_at"),
    _count("rev"),
)

border_line = Table(
    "border_line",
    metadata,
    Column("sector_id", Text, ForeignKey(f"{SCHEMA}.sector.id"), primary_key=True),
    _text("name"),
    _geom("LINESTRINGM", nullable=False),
    Column("pillars", JSONB, nullable=False),
)

rule = Table(
    "rule",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _of_sector(),
    _text("name"),
    _text("kind"),
    _text("geofence_id", nullable=True),
    _text("severity"),
    Column("params", JSONB, nullable=False, server_default=text("'{}'")),
    _time("valid_from"),
    _time("valid_to", nullable=True),
    _count("rev"),
)

incident = Table(
    "incident",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of_sector(),
    _count("no"),
    _count("rev"),
    _time("opened_at"),
    _time("known_at"),
    _time("last_at"),
    _text("status"),
    _text("condition"),
    _text("severity"),
    _flag("life_at_risk", "false"),
    _flag("historical", "false"),
    _text("rule_id", nullable=True),
    Column("rule_version", Integer),
    _text("geofence_id", nullable=True),
    Column("geofence_version", Integer),
    _geom("POINT", nullable=False),
    Column("track_ids", ARRAY(Uuid), nullable=False),
    Column("findings", Integer, nullable=False),
    _text("disposition", nullable=True),
    _time("acknowledged_at", nullable=True),
    Column("acknowledged_by", Uuid),
    _time("resolved_at", nullable=True),
    Column("resolved_by", Uuid),
    Column("events", Integer, nullable=False, server_default=text("1")),
    _text("source", server_default=text("'rule'")),
    _text("title", nullable=True),
    Column("triggers", JSONB, nullable=False, server_default=text("'[]'")),
    Column("marks", JSONB, nullable=False, server_default=text("'{}'")),
    _time("alarm_at", nullable=True),
    _time("due_at", nullable=True),
    _flag("overdue", "false"),
    _time("snoozed_until", nullable=True),
    _text("snooze_reason", nullable=True),
    _text("patrol", nullable=True),
    Column("merged_into", Uuid, ForeignKey(f"{SCHEMA}.incident.id")),
    Column("links", ARRAY(Uuid), nullable=False, server_default=text("'{}'")),
    UniqueConstraint("sector_id", "no"),
)

incident_event = Table(
    "incident_event",
    metadata,
    Column("incident_id", Uuid, ForeignKey(f"{SCHEMA}.incident.id"), primary_key=True),
    Column("no", Integer, primary_key=True, autoincrement=False),
    _time("at"),
    _time("known_at"),
    _text("kind"),
    _text("actor"),
    Column("detail", JSONB, nullable=False),
)

finding = Table(
    "finding",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("incident_id", Uuid, ForeignKey(f"{SCHEMA}.incident.id"), nullable=False),
    _text("sector_id"),
    _text("rule_id"),
    Column("rule_version", Integer, nullable=False),
    _text("geofence_id", nullable=True),
    Column("geofence_version", Integer),
    Column("track_id", Uuid, nullable=False),
    _text("kind"),
    _time("at"),
    _geom("POINT", nullable=False),
    Column("evidence", JSONB, nullable=False),
)

suppressed_finding = Table(
    "suppressed_finding",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of_sector(),
    _text("rule_id"),
    Column("rule_version", Integer, nullable=False),
    _text("geofence_id"),
    Column("geofence_version", Integer, nullable=False),
    Column("track_id", Uuid, nullable=False),
    _count("track_no"),
    _text("kind"),
    _time("at"),
    _time("known_at"),
    _geom("POINT", nullable=False),
    _text("reason"),
    Column("evidence", JSONB, nullable=False),
)

unit = Table(
    "unit",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sector_id", Text, ForeignKey(f"{SCHEMA}.sector.id"), primary_key=True),
    _time("at"),
    _time("known_at", server_default=text("clock_timestamp()")),
    _geom("POINT", nullable=False),
    Column("sigma_m", REAL, nullable=False),
    Column("east_mps", REAL, nullable=False, server_default=text("0")),
    Column("north_mps", REAL, nullable=False, server_default=text("0")),
)

backtest = Table(
    "backtest",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of_sector(),
    _text("rule_id"),
    Column("draft", JSONB, nullable=False),
    Column("days", Integer, nullable=False),
    _time("asked_at", **_NOW),
    _text("asked_by"),
    _text("status", server_default=text("'queued'")),
    Column("progress", REAL, nullable=False, server_default=text("0")),
    _time("touched_at", nullable=True),
    Column("result", JSONB),
    _text("code", nullable=True),
)

footage = Table(
    "footage",
    metadata,
    Column("id", Uuid, primary_key=True),
    _of_sector(),
    Column("sensor_id", Text, ForeignKey(f"{SCHEMA}.sensor.id"), nullable=False),
    Column("edge_id", Text, ForeignKey(f"{SCHEMA}.edge.id"), nullable=False),
    _text("kind"),
    _time("from_at"),
    _time("until_at"),
    Column("incident_id", Uuid, ForeignKey(f"{SCHEMA}.incident.id")),
    Column("asked_by", Uuid, ForeignKey(f"{SCHEMA}.user_account.id")),
    _text("reason", nullable=True),
    _time("asked_at", server_default=text("clock_timestamp()")),
    _text("state", server_default=text("'asked'")),
    _text("code", nullable=True),
    _text("media_type", nullable=True),
    Column("sha256", LargeBinary),
    Column("byte_count", Integer),
    Column("frames", Integer),
    _time("first_at", nullable=True),
    _time("last_at", nullable=True),
    Column("outlines", JSONB, nullable=False, server_default=text("'[]'")),
    _time("received_at", nullable=True),
    _time("expires_at"),
)

footage_octets = Table(
    "footage_octets",
    metadata,
    Column(
        "footage_id",
        Uuid,
        ForeignKey(f"{SCHEMA}.footage.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("octets", LargeBinary, nullable=False),
)

audit_event = Table(
    "audit_event",
    metadata,
    Column("chain", Text, primary_key=True),
    Column("no", BigInteger, primary_key=True, autoincrement=False),
    _time("at"),
    _text("actor"),
    _text("op"),
    _text("object"),
    Column("detail", JSONB, nullable=False),
    Column("prev_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)

user_account = Table(
    "user_account",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    _text("password_hash"),
    _flag("must_change", "false"),
    _flag("disabled", "false"),
    _time("created_at", **_NOW),
)

user_session = Table(
    "user_session",
    metadata,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("user_id", Uuid, ForeignKey(f"{SCHEMA}.user_account.id"), nullable=False),
    _time("created_at", **_NOW),
    _time("seen_at", **_NOW),
    _time("expires_at"),
)

login_failure = Table(
    "login_failure",
    metadata,
    _time("at", **_NOW),
    _text("name"),
    _text("source"),
)
