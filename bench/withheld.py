"""Are builders named whose pictures the detector never saw?

python -m bench.withheld DATA --model DIR [--builders 10]

`--model` was trained without the pictures of the builders that are commonest in DATA (`--list`
prints them as options of `nameplate train`). All their machines whose mark a person can read, in
`train` and in `val`, are looked at with it and with the model that ships. Neither is helped by
what these builders' marks look like: the mark embedder has seen them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from bench import arguments
from datasets.annotations import Photograph, read_photographs, split_folder
from datasets.registry import Registry, load_registry
from detector.analyze import Analyst
from detector.read.logos import Recogniser
from training.evaluate.measures import Share
from training.evaluate.naming import Named, as_entries, is_case

SPLITS = ("train", "val")


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of a withheld builder, and what each of the two models said: an outcome."""

    picture: str
    builder: str
    known: str
    withheld: str


def main() -> None:
    parser = arguments("bench.withheld", __doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--model", type=Path, metavar="DIR", help="trained without the builders")
    parser.add_argument("--builders", type=int, default=10, help="how many, the commonest first")
    parser.add_argument("--list", action="store_true", help="only print which they are")
    given = parser.parse_args()
    registry = load_registry()
    both = chain.from_iterable(
        as_entries(read_photographs(split_folder(given.data, split)), registry) for split in SPLITS
    )
    photographs = list(both)
    builders = commonest(photographs, registry, given.builders)
    if given.list:
        print(" ".join(f"--without {builder}" for builder in builders))
        return
    if given.model is None:
        parser.error("--model is missing: the exported model that was trained without them")
    _table(list(measure(photographs, registry, builders, given.model)), builders)


def commonest(photographs: Sequence[Photograph], registry: Registry, count: int) -> list[str]:
    """The builders in the registry with most machines whose mark a person can read."""
    counted = Counter(builder for one in photographs for _, builder in _cases(one, registry))
    return sorted(counted, key=lambda id: (-counted[id], id))[:count]


def measure(
    photographs: Sequence[Photograph], registry: Registry, builders: Sequence[str], model: Path
) -> Iterator[Machine]:
    """Every machine of `builders` looked at with the model that ships and with `model`."""
    less = Registry(entry for entry in registry if entry.id not in builders)
    looks = Recogniser(registry=less)
    analysts = [
        Analyst(registry=registry, model=folder, recogniser=looks) for folder in (None, model)
    ]
    chosen = [one for one in photographs if any(b in builders for _, b in _cases(one, registry))]
    for number, photograph in enumerate(chosen, start=1):
        said = []
        for analyst in analysts:
            named = Named()
            named.add(photograph, analyst.analyze(photograph.path).sightings, None)
            said.append({case.machine: case.outcome for case in named.cases})
        print(f"\r{number} of {len(chosen)} pictures", end="", flush=True)
        for machine, builder in _cases(photograph, registry):
            if builder in builders:
                picture = f"{photograph.folder.name}/{photograph.image.removeprefix('images/')}"
                yield Machine(picture, builder, said[0][machine], said[1][machine])
    print()


def _cases(photograph: Photograph, registry: Registry) -> Iterator[tuple[int, str]]:
    for index, machine in enumerate(photograph.machines):
        known = machine.builder is not None and machine.builder in registry
        if known and is_case(photograph, index):
            yield index, str(machine.builder)


def _table(machines: Sequence[Machine], builders: Sequence[str]) -> None:
    print("\n| builder | named right, model that ships | withheld | unseen | wrong |")
    print("|---|---|---|---|---|")
    for builder in (*builders, "all"):
        own = [one for one in machines if builder in (one.builder, "all")]
        known = Share(sum(one.known == "right" for one in own), len(own))
        counted = Counter(one.withheld for one in own)
        shares = [Share(counted[outcome], len(own)) for outcome in ("right", "unseen", "wrong")]
        print(f"| {builder} | {' | '.join(map(_written, (known, *shares)))} |")
    lost = ", ".join(one.picture for one in machines if one.known == "right" != one.withheld)
    print(f"\nNamed by the one that ships alone: {lost or 'none'}")
    for one in machines:
        if one.withheld == "wrong":
            print(f"wrong: {one.picture}, {one.builder}")


def _written(share: Share) -> str:
    return f"{share.hits} of {share.total}"


if __name__ == "__main__":
    main()
