"""The database roles of Watchline and the rules of who may be which of them."""

from collections.abc import Iterable, Mapping

from psycopg import Connection, sql

OWNER = "watchline_owner"  # owns everything, runs migrations
INGEST = "watchline_ingest"  # the worker; BYPASSRLS: COPY FROM fails under row security
APP = "watchline_app"  # the hub; row security applies to it
READER = "watchline_reader"  # owns the views for tiles and OGC; no login
SUPERUSER = "watchline_super"  # of private clusters alone

#: For sessions that set nothing themselves; ours do (db/engine.py).
IDLE_IN_TRANSACTION = "60s"

_ATTRIBUTES = {
    OWNER: "LOGIN",
    INGEST: "LOGIN BYPASSRLS",
    APP: "LOGIN NOBYPASSRLS",
    READER: "NOLOGIN NOBYPASSRLS",
}
NAMES = tuple(_ATTRIBUTES)
_SHORT = {name.removeprefix("watchline_"): name for name in (*_ATTRIBUTES, SUPERUSER)}


def full_name(role: str) -> str:
    """The role's name; ``app`` is short for ``watchline_app``."""
    return _SHORT.get(role, role)


def ensure_roles(connection: Connection) -> None:
    """Make the roles that are missing and give all the attributes they shall have; idempotent.

    `connection` is a superuser's. No role gets a password: over the private socket the system user
    decides, and TCP stays closed for a role until somebody gives it one.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('watchline.roles'))")
        there = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles")}
        for name, attributes in _ATTRIBUTES.items():
            verb = "ALTER" if name in there else "CREATE"
            connection.execute(f"{verb} ROLE {name} {attributes}")
        # Views that migrations make are handed over to the reader; only a member may do that.
        connection.execute(f"GRANT {READER} TO {OWNER}")
        # The hub looks for sessions that sit in a transaction, whoever's they are.
        connection.execute(f"GRANT pg_read_all_stats TO {APP}")


def set_passwords(connection: Connection, passwords: Mapping[str, str]) -> None:
    """Give roles passwords for logins over TCP, by full name; the server sees only verifiers."""
    for name, password in passwords.items():
        verifier = connection.pgconn.encrypt_password(
            password.encode(), name.encode(), b"scram-sha-256"
        )
        connection.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                sql.Identifier(name), sql.Literal(verifier.decode())
            )
        )


def ensure_database(connection: Connection, name: str) -> bool:
    """Make the database `name`, owned by the owner, unless it is there; true if it was made.

    Whoever leaves a transaction open there is shown out after `IDLE_IN_TRANSACTION`: until then
    nothing that it has seen can be vacuumed.
    """
    there = connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone()
    database = sql.Identifier(name)
    if there is None:
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(database, sql.Identifier(OWNER))
        )
    connection.execute(
        sql.SQL("ALTER DATABASE {} SET idle_in_transaction_session_timeout = {}").format(
            database, sql.Literal(IDLE_IN_TRANSACTION)
        )
    )
    return there is None


def hba(*, tcp: bool) -> str:
    """pg_hba.conf: the system user decides on the socket, a password on loopback TCP.

    Peer authentication asks the kernel who is calling, so even a socket in /tmp that others could
    reach would not let them in; trust would.
    """
    lines = ["local all all peer map=watchline"]
    if tcp:
        lines += ["host all all 127.0.0.1/32 scram-sha-256"]
    return "\n".join(lines) + "\n"


def ident(system_users: Iterable[str]) -> str:
    """pg_ident.conf: each of these system users may be each of our roles."""
    roles = (SUPERUSER, *(name for name in _ATTRIBUTES if name != READER))
    users = sorted(set(system_users))
    return "".join(f'watchline "{user}" {role}\n' for user in users for role in roles)
