"""`make bench`: the benchmarks one after the other, each in a process of its own.

python -m bench [PART]...

Parts: archive (a sweep against tracking and decoding), copies (which are found, and how fast),
linking (wrong merges and splits), clip (one clip against tracking it), memory (against the
length of a clip). All of them by default; `python -m bench.PART --help` tells what each takes.
The review on 100,000 flags is apart too, since it takes its time: bench.review. The trials of
what a sweep survives are apart: bench.kills, bench.cut, bench.trouble, bench.many; and of
uploads, bench.upload. The page of the answer: bench.answer. A whole case in a world of known
truth: bench.world. Captions over machines, and close-ups of their marks: bench.captions,
bench.close_ups. Lines read again in other shapes: bench.again.
"""

from __future__ import annotations

import subprocess
import sys

from bench import DATA, arguments

PARTS = ("archive", "copies", "linking", "clip", "memory")


def main() -> None:
    parser = arguments("bench", __doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    given = parser.parse_args()
    unknown = [part for part in given.parts if part not in PARTS]
    if unknown:
        parser.error(f"{unknown[0]}: no such part; there are {', '.join(PARTS)}")
    ended = [run(part) for part in given.parts or PARTS]
    sys.exit(max(ended))


def run(part: str) -> int:
    """Runs one part to its end; its exit code."""
    print(f"\n## {part}\n", flush=True)
    more = ["--data", str(DATA)] if part == "linking" and DATA.is_dir() else []
    return subprocess.run([sys.executable, "-m", f"bench.{part}", *more], check=False).returncode


if __name__ == "__main__":
    main()
