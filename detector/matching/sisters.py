"""Builders whose marks begin alike: a machine with the codes of one may bear the other's mark."""

from __future__ import annotations

from datasets.letters import words
from datasets.registry import Registry

ONE_HOUSE = frozenset({"dmg", "dmg-mori"})
"""Those whose codes are shared and whose badges are told by looks. Others merely begin alike
(STAR and STAR SU), and a look takes for each other just what begins alike."""

NAMESAKES = (
    ("haas", "haas-schleif"), ("mazak", "yamazaki-giken"),
    ("waldrich-coburg", "waldrich-siegen"), ("waldrich-siegen", "waldrich-coburg"),
)  # fmt: skip
"""Firms whose founders bore one name: neither's codes stand on the other's machines."""


GROUPS = {
    "genertec": frozenset(
        {"smtcl", "dmtg", "kmtcl", "byjc", "qier", "tianjin-no1", "nanjing-no2", "tianduan"}
    ),
    "amada": frozenset({"promecam", "wasino"}),
    "bystronic": frozenset({"beyeler"}),
    "citizen": frozenset({"miyano"}),
    "danobat": frozenset({"hembrug", "overbeck", "soraluce"}),
    "emco": frozenset({"mecof"}),
    "gleason": frozenset({"pfauter"}),
    "haco": frozenset({"haco-fat"}),
    "hardinge": frozenset({"bridgeport", "jones-shipman", "kellenberger", "usach"}),
    "lvd": frozenset({"strippit"}),
    "prima-power": frozenset({"finn-power"}),
    "starrag": frozenset({"berthiez", "bumotec", "droop-rein", "heckert"}),
    "tornos": frozenset({"almac"}),
}
"""A group's badge stands over those of its works, and an owner's beside that of the firm it bought
in another country (EMCO MECOF): it is the works' machine."""


DEALERS = frozenset({"fort-bpk", "intervesp", "pumori", "stankoimport"})
"""Sellers whose sticker stands on machines under their builders' own badges, too. Where another's
badge (KNUTH, OPTIMUM) is read beside a builder's, one of both is another machine's or a part's."""


def sisters_of(registry: Registry) -> dict[str, frozenset[str]]:
    """For each builder, those with a wordmark that begins with one of its own.

    DMG MORI begins with DMG: the two badges stand on the same series, by the year.
    """
    marks = {
        entry.id: {tuple(words(mark.text)) for mark in entry.wordmarks}
        for entry in registry.builders
    }
    beginning: dict[tuple[str, ...], set[str]] = {}
    for id, own in marks.items():
        for mark in own:
            for length in range(1, len(mark)):
                beginning.setdefault(mark[:length], set()).add(id)
    sisters = {
        id: frozenset().union(*(beginning.get(mark, ()) for mark in own)) - {id}
        for id, own in marks.items()
    }
    for id, other in NAMESAKES:
        if id in sisters:
            sisters[id] -= {other}
    return {id: found for id, found in sisters.items() if found}
