"""Named SQL statements kept in .sql files beside the code that runs them."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

_HEADER = re.compile(r"^--\s*name:\s*([a-z][a-z0-9_]*)\s*$")


class Statements(Mapping[str, str]):
    """The statements of one file, by name: ``statements["insert_x"]`` or ``statements.insert_x``.

    Parameters are written ``%(name)s``: psycopg takes them as they are, SQLAlchemy through
    ``exec_driver_sql``. Comment lines are for the reader of the file and are not sent.
    """

    def __init__(self, source: str, by_name: Mapping[str, str]) -> None:
        self._source = source
        self._by_name = dict(by_name)

    def __getitem__(self, name: str) -> str:
        try:
            return self._by_name[name]
        except KeyError:
            raise KeyError(f"{self._source} has no statement named {name}") from None

    def __getattr__(self, name: str) -> str:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as error:
            raise AttributeError(error.args[0]) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


def parse(source: str, text: str) -> Statements:
    """The statements in `text`; each begins with a line ``-- name: insert_x``.

    `source` names the file in errors. A ValueError is raised for SQL before the first name, a name
    given twice and a name with nothing under it: a wrong file fails when loaded, not when used.
    """
    lines_of: dict[str, list[str]] = {}
    current: list[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header:
            name = header.group(1)
            if name in lines_of:
                raise ValueError(f"{source}:{number}: statement {name} is there twice")
            current = lines_of[name] = []
        elif not line.strip() or line.lstrip().startswith("--"):
            continue
        elif current is None:
            raise ValueError(f"{source}:{number}: SQL before the first '-- name:' line")
        else:
            current.append(line.rstrip())
    by_name = {name: "\n".join(lines).rstrip(";") for name, lines in lines_of.items()}
    empty = [name for name, statement in by_name.items() if not statement]
    if empty:
        raise ValueError(f"{source}: nothing under the name {empty[0]}")
    return Statements(source, by_name)


@cache
def load(package: str, name: str) -> Statements:
    """The statements of the file `name` (with or without ``.sql``) in `package`, read once."""
    file = name if name.endswith(".sql") else f"{name}.sql"
    text = resources.files(package).joinpath(file).read_text(encoding="utf-8")
    return parse(f"{package}/{file}", text)
