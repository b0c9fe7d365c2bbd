"""A function called in a process of its own: `python -m evidence.answer.apart`.

For work of seconds that cannot be shared between threads: the bag's maker changes the working
directory, and the PDF's layout is no library for threads. Whatever runs this one is not run
again, as `multiprocessing` would.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from datasets.errors import NameplateError, ResultError

P = ParamSpec("P")
T = TypeVar("T")


def apart(how: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """What a function of a module gives, called in a new process.

    Raises:
        NameplateError: as the function raises it; `ResultError` where the process was killed.
    """
    env = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ended = subprocess.run(
        # -P: what lies in the working folder must not be imported.
        [sys.executable, "-P", "-m", "evidence.answer.apart"],
        input=pickle.dumps((how, given, named)),
        stdout=subprocess.PIPE,
        env=env,
        check=False,
    )
    if ended.returncode:
        raise ResultError(
            f"{how.__name__}: its process ended with {ended.returncode}; is there memory and "
            "room on the disk?"
        )
    said: Any = pickle.loads(ended.stdout)
    if isinstance(said, NameplateError):
        raise said
    return said  # type: ignore[no-any-return]


def main() -> None:
    how, given, named = pickle.load(sys.stdin.buffer)
    # What libraries print must not stand before the answer.
    out = os.dup(1)
    os.dup2(2, 1)
    try:
        said = how(*given, **named)
    except NameplateError as error:
        said = error
    with os.fdopen(out, "wb") as target:
        pickle.dump(said, target)


if __name__ == "__main__":
    main()
