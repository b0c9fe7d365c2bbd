"""`make bench`: the benchmarks one after the other, each in a process of its own.

python -m lab [PART]...

Parts: archive (a sweep against tracking and decoding), clip (one clip against tracking it), memory
(against the length of a clip). `python -m lab.PART --help` says what each takes.

The others take longer and are called by name: lab.kills (what a sweep survives), lab.upload
(uploads of gigabytes), lab.world (a whole case whose truth is known), lab.simulate (how often an
interval holds the truth).
"""

from __future__ import annotations

import subprocess
import sys

from lab import arguments

PARTS = ("archive", "clip", "memory")


def main() -> None:
    parser = arguments("lab", __doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    given = parser.parse_args()
    unknown = [part for part in given.parts if part not in PARTS]
    if unknown:
        parser.error(f"{unknown[0]}: no such part; there are {', '.join(PARTS)}")
    sys.exit(max(run(part) for part in given.parts or PARTS))


def run(part: str) -> int:
    """The exit code of one part, run to its end."""
    print(f"\n## {part}\n", flush=True)
    return subprocess.run([sys.executable, "-m", f"lab.{part}"], check=False).returncode


if __name__ == "__main__":
    main()
