"""Machine code for inner loops, kept on disk where that is possible."""

import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from numba import njit
from numba.core.caching import FunctionCache

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
#: No way in from Python or C: that glue takes half of the time to compile a kernel.
_INNER: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def kernel(function: F) -> F:
    """Compile a function that only other compiled functions call; it is kept inside theirs."""
    return cast(F, njit(**_OPTIONS, **_INNER)(function))


def entry(*sources: str) -> Callable[[F], F]:
    """Compile a function that Python calls and keep its machine code for the next start.

    `sources` are the files whose kernels it is made of. numba would look at the function's own
    file only and go on using old code after one of the others has changed.
    """

    def decorate(function: F) -> F:
        compiled = njit(**_OPTIONS)(function)
        digest = hashlib.sha256(repr(_OPTIONS).encode())
        try:
            for source in sources:
                digest.update(Path(source).read_bytes())
            cache = _Cache(function, digest.hexdigest())
        except (OSError, RuntimeError):
            # No sources or no place to write: each start compiles again, nothing else changes.
            return cast(F, compiled)
        compiled._cache = cache
        return cast(F, compiled)

    return decorate


class _Cache(FunctionCache):
    """numba's own cache, keyed by all sources, for which no file is worth a failure."""

    def __init__(self, function: Callable[..., Any], stamp: str) -> None:
        super().__init__(function)
        self._stamp = stamp

    def _index_key(self, sig: Any, codegen: Any) -> tuple[Any, ...]:
        return (*super()._index_key(sig, codegen), self._stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            # A file cut short by a power failure raises whatever pickle makes of it. Without
            # the index that names it, the code is compiled and written again; an index that
            # cannot even be removed is one that cannot be written either.
            with contextlib.suppress(OSError):
                Path(self._cache_file._index_path).unlink(missing_ok=True)
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        try:
            super().save_overload(sig, data)
        except OSError:
            # A full disk: the code is in memory and works.
            self.disable()
