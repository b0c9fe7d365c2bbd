"""Copies: for each kind of change how many are found, what is wrongly held to be one, and what a
query costs at a million prints.

python -m bench.copies [--originals 5] [--prints 1000000] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from bench import DATA
from bench.copy_set import KINDS, Case, build, shared_seconds
from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.known_again.prints import MIRROR, PrintCollector
from detector.look.shots import ShotSplitter
from detector.settings import Settings
from detector.types import Span
from evidence.copies.fingerprint import Fingerprint
from evidence.copies.index import HashIndex
from evidence.copies.match import Match, match

WATCHED = {
    "every frame": Fraction(1),
    "2 s of 5": Fraction(2, 5),
    "keyframes alone": Fraction(0),
}
"""Ways of looking at footage: the share of it that is decoded densely."""

PERIOD = Fraction(5)
"""Seconds from one densely decoded stretch to the next."""

CLIPS = DATA / "clips"
"""Real clips; left out where they are not."""

MIB = 1 << 20

Known = dict[Path, Fingerprint]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.copies", description=__doc__)
    parser.add_argument("--originals", type=int, default=5, help="clips of which copies are made")
    parser.add_argument("--prints", type=int, default=1_000_000, help="prints in the large index")
    parser.add_argument("--folder", type=Path, help="where the clips are made, and kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nameplate-bench-") as scratch:
        cases = build(given.folder or Path(scratch), given.originals)
        known = known_of(path for case in cases for path in (case.path, case.original))
    changes(cases, known)
    lookalikes(cases, known)
    real_clips()
    large_index(given.prints, list(known["every frame"].values()))


def fingerprints(path: Path) -> dict[str, Fingerprint]:
    """The prints of a clip, for each way of looking at it; it is decoded once."""
    settings = Settings()
    footage = open_footage(path)
    collectors = {way: PrintCollector() for way in WATCHED}
    shots = dict.fromkeys(WATCHED, -1)
    last: dict[str, Fraction] = {}
    with Decoder(footage, settings.decoding) as decoder:
        for frame in decoder.keyframes(settings.sweeping.keyframe_spacing):
            for collector in collectors.values():
                collector.keyframe(frame)
        probe = decoder.probe
        length = probe.duration or Fraction(0)
        splitter = ShotSplitter()
        everything = Span(Fraction(0), length + 1, "hit")
        for _, sample in decoder.dense([everything], Fraction(1)):
            cut = splitter.feed(sample.pts, sample.thumbnail)
            for way, share in WATCHED.items():
                if sample.pts % PERIOD < share * PERIOD:
                    gap = sample.pts - last.get(way, -PERIOD) > PERIOD / 5
                    shots[way] += cut or gap
                    last[way] = sample.pts
                    collectors[way].dense(sample.pts, sample.thumbnail, shots[way])
    size = (probe.width, probe.height)
    return {
        way: Fingerprint.of(footage.sha256, collector.finish(), length, size)
        for way, collector in collectors.items()
    }


def known_of(paths: Iterable[Path]) -> dict[str, Known]:
    """The prints of clips by the way of looking at them."""
    known: dict[str, Known] = {way: {} for way in WATCHED}
    for path in sorted(set(paths)):
        for way, one in fingerprints(path).items():
            known[way][path] = one
    return known


def changes(cases: Sequence[Case], known: dict[str, Known]) -> None:
    """For each kind of change how many copies are found, and how well it is told what is where."""
    print(
        f"| change | {' | '.join(WATCHED)} | told right | seconds off | place off | share found |"
    )
    print(f"|{'---|' * (len(WATCHED) + 5)}")
    bad: list[str] = []
    for kind, words in KINDS.items():
        own = [case for case in cases if case.kind == kind]
        row: list[str] = []
        told = 0
        late: list[float] = []
        off: list[float] = []
        shares: list[float] = []
        for way, footage in known.items():
            found = [(case, match(footage[case.original], footage[case.path])) for case in own]
            row.append(f"{sum(one is not None for _, one in found)} of {len(own)}")
            bad += [f"{kind}, {way}: {c.path.name} not found" for c, one in found if one is None]
            for case, one in found if way == "every frame" else ():
                if one is not None:
                    told += set(one.changes) == words
                    late += [error for error, _ in _errors(case, one)]
                    off += [error for _, error in _errors(case, one)]
                    shares.append(one.seconds / _true_seconds(case))
        row += [f"{told} of {len(own)}"]
        row += [f"{median(of):.{digits}f}" if of else "" for of, digits in ((late, 2), (off, 3))]
        row += [f"{min(1.0, median(shares)):.0%}" if shares else ""]
        print(f"| {kind} | {' | '.join(row)} |", flush=True)
    print("\nNot found:\n")
    print("\n".join(f"- {line}" for line in bad) or "- none")


def _errors(case: Case, found: Match) -> Iterator[tuple[float, float]]:
    """Of each stretch: seconds its offset is off, and how far, in shares of the copy's frame,
    the corners of the original's middle half are."""
    for span in found.spans:
        parts = [p for p in case.placed if p.source == case.original]
        part = min(parts, key=lambda p: abs(p.at - p.start - span.offset))
        corners = [
            abs((span.place[n] - part.place[n]) * at + span.place[n + 1] - part.place[n + 1])
            for n in (0, 2)
            for at in (0.25, 0.75)
        ]
        yield float(abs(part.at - part.start - span.offset)), max(corners)


def _true_seconds(case: Case) -> float:
    return float(sum(p.end - p.start for p in case.placed if p.source == case.original))


def lookalikes(cases: Sequence[Case], known: dict[str, Known]) -> None:
    """What looks alike and is none; and all pairs of all clips."""
    print(f"\n| no copies | {' | '.join(WATCHED)} |\n|{'---|' * (len(WATCHED) + 1)}")
    kinds = list(dict.fromkeys(case.kind for case in cases if case.expected != "copy"))
    for kind in kinds:
        own = [case for case in cases if case.kind == kind]
        row = []
        for footage in known.values():
            found = [match(footage[case.original], footage[case.path]) for case in own]
            linked = [one for one in found if one is not None]
            kinds_found = sorted({one.kind for one in linked})
            row.append(f"{len(linked)} of {len(own)} {', '.join(kinds_found)}".strip())
        print(f"| {kind} | {' | '.join(row)} |", flush=True)
    print("\n| all pairs | pairs | share a second and more | found of them | linked wrongly |")
    print("|---|---|---|---|---|")
    wrong: dict[tuple[str, str, str], int] = defaultdict(int)
    kind_of = {case.path: case.kind for case in cases}
    for way, footage in known.items():
        pairs = true = hit = false = 0
        for a, b in combinations(sorted(footage), 2):
            pairs += 1
            seconds = shared_seconds(cases, a, b)
            related = seconds >= 1
            matched = match(footage[a], footage[b]) is not None
            true, hit = true + related, hit + (related and matched)
            if matched and seconds <= 0:
                false += 1
                wrong[way, kind_of.get(a, "original"), kind_of.get(b, "original")] += 1
        print(f"| {way} | {pairs} | {true} | {hit / true:.1%} | {false} |", flush=True)
    print("\nLinked wrongly:\n")
    print("\n".join(f"- {way}: {a} / {b}: {n}" for (way, a, b), n in wrong.items()) or "- none")


def real_clips() -> None:
    """What is found among the real clips, by keyframes alone and by every frame."""
    if not CLIPS.is_dir():
        print("\nThe real clips are not here.")
        return
    paths = sorted(p for p in CLIPS.iterdir() if p.suffix in (".mp4", ".webm"))
    print(f"\n{len(paths)} real clips, {len(paths) * (len(paths) - 1) // 2} pairs\n")
    print("| looked at | clips | kind | of each | windows that fit |\n|---|---|---|---|---|")
    for way, footage in known_of(paths).items():
        for a, b in combinations(paths, 2):
            one = match(footage[a], footage[b])
            if one is not None:
                print(
                    f"| {way} | {a.name}, {b.name} | {', '.join(one.changes)} |"
                    f" {one.share_a:.0%}, {one.share_b:.0%} | {one.score:.0%} |",
                    flush=True,
                )


def large_index(count: int, footage: Sequence[Fingerprint]) -> None:
    """Processor time and memory of an index over `count` prints; it uses one core.

    Windows of real prints are few, so new ones are made of them, each quarter from another
    one: the index looks at quarters alone, and their distribution stays that of real ones.
    """
    rng = np.random.default_rng(0)
    real = np.concatenate([one.hash for one in footage]).view("<u2").reshape(-1, 4)
    a_print = len(real) / sum(len(one) for one in footage)
    size, each = round(count * a_print), round(50 * a_print)
    before = _resident()
    index = HashIndex()
    filled = 0.0
    for key in range(size // each):
        some = _mixed(real, each, rng)
        began = time.process_time()
        index.add(key, some)
        filled += time.process_time() - began
    took: list[float] = []
    for one in footage[:30]:
        some = one.hash[one.first[0] : one.first[min(10, len(one))]]
        began = time.process_time()
        index.near(some)
        index.near(some ^ MIRROR)
        took.append((time.process_time() - began) / min(10, len(one)))
    print(
        f"\n| prints | windows | filled in | memory | a print, both ways round |\n"
        f"|---|---|---|---|---|\n| {count:,} | {len(index):,} | {filled:.0f} s |"
        f" {(_resident() - before) / MIB:.0f} MiB | {median(took) * 1000:.1f} ms |\n"
        f"\nload of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )


def _mixed(real: NDArray[np.uint16], count: int, rng: np.random.Generator) -> NDArray[np.uint64]:
    quarters = [real[rng.integers(len(real), size=count), n] for n in range(4)]
    return np.stack(quarters, axis=1).copy().view("<u8").ravel()


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
