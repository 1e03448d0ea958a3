"""Machine code that is made once and notices when any source it was made from has changed.

numba keeps what it compiled and makes it anew when the function's own file changes; what the
function took in from other files (constants, functions, record types) it does not look at, so
that an upgrade could go on judging by the old sources. Here the stamp covers all of them.
"""

import hashlib
import inspect
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., object])

#: Files that talk to the outside compile nothing and change for other reasons.
_OUTSIDE = (b"psycopg", b"sqlalchemy", b"fastapi", b"pydantic")
_HERE = Path(__file__).parent


def compiled(function: F) -> F:
    """Compile at first use and keep the result; division by zero gives inf or NaN, as in numpy.

    What is compiled may use the files of this folder and of its own.
    """
    made = njit(cache=True, nogil=True, error_model="numpy")(function)
    kept = getattr(getattr(made, "_cache", None), "_cache_file", None)
    if kept is not None:
        own = Path(inspect.getfile(function)).parent
        kept._source_stamp = (kept._source_stamp, _digest(_HERE), _digest(own))
    return cast(F, made)


@cache
def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.py")):
        source = path.read_bytes()
        if not any(word in source for word in _OUTSIDE):
            digest.update(path.name.encode() + b"\0" + source)
    return digest.hexdigest()
