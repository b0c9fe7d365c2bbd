"""Who built it: the cues of one track weighed into a builder, or into `unknown`.

Each cue adds log-odds to its builder. All builders and `unknown` share one probability
(`detector.naming.chances`). A builder is named only where `unknown` has become improbable enough
and the cues are of a kind that may name. A control's badge sets `control` and counts for no
builder, except the two controls that only one builder fits. Weights are set on the training
photographs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from datasets.letters import letters, script_of
from datasets.plates import load_plate_words
from datasets.registry import Registry
from detector.claims.origin import OriginFinder, claimed_by
from detector.matching.badge import OWNERS, bears_out
from detector.matching.fuse import Cue, fuse
from detector.matching.match import Matcher
from detector.matching.sisters import DEALERS, GROUPS, ONE_HOUSE
from detector.naming.chances import FURTHER_VIEW, added, probabilities, totals_of
from detector.naming.misread_code import MisreadCodes
from detector.naming.own_badge import OwnBadge
from detector.naming.pieces import Pieces
from detector.naming.reasons import reasons_of
from detector.settings import Attributing
from detector.types import Attribution, Box, Evidence, Grade, Likeness, Reading

# A strong wordmark: a base, and more for each letter, since chance marks grow rarer with length.
# A Han character tells as much as two Latin letters. On the labelled photographs 95 exact ones were
# of the builder, 1 of a machine beside; of 23,540 English words 7 are taken for a mark that may
# name (docs/registry.md). With one text of seven its builder's mark, that is one wrong in some 300:
# log-odds of 5.8, of which 3.6 to 7 are counted.
WORDMARK = 8.0
PER_LETTER = 0.4
MOST_LETTERS = 10
# Each letter read wrong, of the letters of the mark (8 of 8 near matches were right).
PER_ERROR = 1.5
# A strong series read exactly (12 right, 4 of a sister badge: see `detector.matching.sisters`).
SERIES = 8.2
# Marks that never suffice alone: wordmarks (42 of 46 right), series (11 of 28).
WEAK_WORDMARK = 7.0
WEAK_SERIES = 4.6
# A code misread by a letter, beside a mark that surely looks like its builder's.
MISREAD_SERIES = WEAK_SERIES - PER_ERROR
# A wordmark misread so far that it is a hint: 13 of 790 texts that name nobody give one; on the
# labelled photographs 17 of 24 were right.
FAR_WORDMARK = 6.0
# A wordmark that stands as a badge does (see `detector.matching.badge`): of weak ones 40 of 40 were
# right.
BADGE = 1.2
# A control that only one builder fits.
COMPANION = 8.2
# How sure of its letters the reader must be of a mark that alone names where more is at stake.
SURE = 0.9
# Text that is there only in the mirror, even where other text flips too.
MIRRORED_SHARE = 0.9

# Controls built by the builder of the machine itself (registry notes: "Mazak-only",
# "Okuma-only"). Every other control says nothing about the builder.
COMPANIONS: Mapping[str, str] = {"ctl-mazatrol": "mazak", "ctl-osp": "okuma"}


class Attributor:
    """Weighs cues against one registry; build it once for many tracks.

    Args:
        matcher: built on the same registry.
        registry: the builders, rebadgers and controls.
        settings: the operating point.
    """

    def __init__(self, matcher: Matcher, registry: Registry, settings: Attributing) -> None:
        self._matcher = matcher
        self._registry = registry
        self._settings = settings
        self._control_marks = {
            letters(mark.text) for control in registry.controls for mark in control.wordmarks
        }
        self._fitted_names = self._control_marks | set(map(letters, load_plate_words().part_makers))
        # A registry may lack the builder: the control then says nothing.
        self._companions = {id: made for id, made in COMPANIONS.items() if made in registry}
        self._sisters = matcher.sisters
        self._codes = MisreadCodes(matcher, registry)
        self._own_badge = OwnBadge(registry, settings.tested_origins)
        self._pieces = Pieces(matcher, registry, settings.tested_origins)
        self.origins = OriginFinder(registry, settings.tested_origins)

    def attribute(
        self,
        readings: Sequence[Reading],
        concealed: Sequence[tuple[Fraction, Box]] = (),
        likenesses: Sequence[Likeness] = (),
    ) -> Attribution:
        """The attribution of one track, with the origin.

        Args:
            readings: of all its frames that were read; those of the broadcast marked `overlay`.
            concealed: marks hidden on purpose, with the times of their frames.
            likenesses: what places on it look like, those of the broadcast left out.
        """
        return self.origins.locate(self._builder(readings, concealed, likenesses), readings)

    def _builder(
        self,
        readings: Sequence[Reading],
        concealed: Sequence[tuple[Fraction, Box]],
        likenesses: Sequence[Likeness],
    ) -> Attribution:
        """Who built it, by marks alone."""
        told = self._pieces.told(fuse(readings, self._matcher), readings)
        cues: Sequence[Cue] = self._own_badge.but_controls(told, readings)
        # A name that was read, however badly and be it a control's, goes before what looks say.
        named = any(cue.kind == "wordmark" for cue in cues)
        sure = [] if named else [look for look in likenesses if look.sure]
        speakers = self._speakers(cues, sure)
        flipped = _flips_together(cues)
        weights = [
            self._weight(cue, flipped) if speaker else 0.0
            for cue, speaker in zip(cues, speakers, strict=True)
        ]
        weights = self._without_fitted(cues, speakers, weights)
        totals = totals_of(cues, speakers, weights)
        scene = [reading for reading in readings if not reading.overlay]
        codes = self._codes.find(scene, [look for look in sure if look.id not in totals])
        logos = self._logos(likenesses, cues, speakers, weights, codes)
        coded = [
            Evidence("series", id, code.text, MISREAD_SERIES * code.score, code.pts, code.box)
            for id, code in codes.items()
        ]
        looks = [(id, line.weight) for id, line in zip(codes, coded, strict=True)]
        looks += [(look.id, look.weight) for look in logos if look.weight > 0]
        chances = probabilities(added(totals, looks))
        best = max(chances, key=lambda id: chances[id], default=None)
        own: list[Cue] = []
        if best is not None:
            beside = [cue for cue, weight in zip(cues, weights, strict=True) if weight > 0]
            of_best = [c for i, c in enumerate(cues) if weights[i] > 0 and speakers[i] == best]
            own = self._own_badge.keep(of_best, beside, readings)
            if own and own != of_best:
                cues, weights = self._kept(cues, weights, of_best, own, flipped)
                totals = totals_of(cues, speakers, weights)
                chances = {best: 0.0} | probabilities(added(totals, looks))
        evidence = reasons_of(cues, weights, logos, coded, concealed, readings, self._matcher)
        control, hidden = self._control(cues), bool(concealed)
        if best is not None:
            grade = self._grade(own)
            others = sum(look.id == best and look.weight > 0 for look in logos) + (best in codes)
            rivals = [
                cue
                for cue, speaker, weight in zip(cues, speakers, weights, strict=True)
                if weight > 0 and speaker != best
                if cue.kind == "series" or len(cue.views) > 1 or not self._is_weak(cue)
            ]
            in_doubt = self._own_badge.is_rivalled(best, rivals)
            if not in_doubt and self._may_name(best, chances, own, grade, others):
                # A control's name and its type are neither the builder's badge nor his model.
                his = [cue for cue in own if cue.match.type != "control"]
                series = next((cue.mark for cue in his if cue.kind == "series"), None)
                if any(cue.kind == "wordmark" for cue in his):  # so what is blurred is no mark
                    hidden = False
                    evidence = tuple(line for line in evidence if line.kind != "concealed")
                return Attribution(best, chances[best], grade, control, series, hidden, evidence)
        unknown = max(0.0, 1.0 - sum(chances.values()))
        return Attribution(None, unknown, "U", control, None, hidden, evidence)

    def _without_fitted(
        self, cues: Sequence[Cue], speakers: Sequence[str | None], weights: Sequence[float]
    ) -> list[float]:
        """The weights, 0 for whom nothing is read of but a dealer's name, or one that controls
        or parts bear as well, where another builder's own badge stands: on a Mazak MITSUBISHI is
        its control and PUMORI its dealer.

        It stays in doubt where that badge would claim an origin under test.
        """
        told = {s for s, weight in zip(speakers, weights, strict=True) if s and weight > 0}
        fitted = told - {
            s
            for cue, s, weight in zip(cues, speakers, weights, strict=True)
            if weight > 0 and not self._is_fitted(cue)
        }
        plain = any(
            s in told - fitted
            and cue.kind == "wordmark"
            and cue.match.exact
            and not (cue.mirrored or self._needs_second(cue))
            and claimed_by(self._registry.get(cue.id)).isdisjoint(self._settings.tested_origins)
            for cue, s in zip(cues, speakers, strict=True)
        )
        return [
            0.0 if plain and s in fitted else weight
            for s, weight in zip(speakers, weights, strict=True)
        ]

    def _is_fitted(self, cue: Cue) -> bool:
        """Whether a mark may stand on a machine of any builder's."""
        sold = cue.kind == "wordmark" and cue.id in DEALERS
        return sold or letters(cue.mark) in self._fitted_names

    def _kept(
        self,
        cues: Sequence[Cue],
        weights: Sequence[float],
        of_best: Sequence[Cue],
        own: Sequence[Cue],
        flipped: bool,
    ) -> tuple[list[Cue], list[float]]:
        """All cues and their weights, those `of_best` as they are `own`: what was passed over
        neither tips the scales for the builder nor is shown as his badge."""
        kept = {cue.key: cue for cue in own}
        passed = {cue.key for cue in of_best} - kept.keys()
        found = [kept.get(cue.key, cue) for cue in cues]
        return found, [
            self._weight(cue, flipped) if cue.key in kept else 0.0 if cue.key in passed else w
            for cue, w in zip(found, weights, strict=True)
        ]

    def _logos(
        self,
        likenesses: Sequence[Likeness],
        cues: Sequence[Cue],
        speakers: Sequence[str | None],
        weights: Sequence[float],
        codes: Mapping[str, Reading],
    ) -> list[Likeness]:
        """The strongest likeness to each builder's marks: a second look at one adds nothing.

        It bears out a model code that was read, or misread by a letter (`codes`): what a mark
        looks like is another thing than a code. It is no other thing than the mark's letters
        (GOODMAN misread for GOODWAY looks like it as well: docs/registry.md), so it bears out no
        name. By itself it is nothing either: many places are looked at, and there are hundreds of
        builders to look like. What is surely like a mark and bears out nothing is kept, for people
        to see, at weight 0.
        """
        borne_out = {
            speaker
            for cue, speaker, weight in zip(cues, speakers, weights, strict=True)
            if weight > 0 and cue.kind == "series"
        } | codes.keys()
        strongest: dict[str, Likeness] = {}
        for look in sorted(likenesses, key=lambda look: -look.weight):
            strongest.setdefault(look.id, look)
        return [
            look if look.id in borne_out else replace(look, weight=0.0)
            for look in strongest.values()
            if look.id in borne_out or look.sure
        ]

    def _speakers(self, cues: Sequence[Cue], sure: Sequence[Likeness]) -> list[str | None]:
        """The builder each cue speaks for, if any.

        A series of a badge whose sister's wordmark was read, or is surely looked like, speaks for
        the sister: a DMU with DMG MORI on its door is a DMG MORI. So does a group's badge.
        """
        badges = {cue.id for cue in cues if cue.kind == "wordmark" and not cue.mirrored}
        badges |= {look.id for look in sure} & ONE_HOUSE
        speakers: list[str | None] = []
        for cue in cues:
            speaker = self._companions.get(cue.id) if cue.match.type == "control" else cue.id
            alike = self._sisters if cue.kind == "series" and cue.id not in badges else GROUPS
            sisters = sorted(alike.get(cue.id, frozenset()) & badges)
            speakers.append(sisters[0] if sisters else speaker)
        return speakers

    def _needs_second(self, cue: Cue) -> bool:
        """Whether a cue may not name alone.

        It is weak by the registry, or a control's name as well, or a series whose machines
        bear a sister's badge too, or a type code with figures: codes are shared, copied and
        licensed (a 16К20 was built by several plants), names such as INTEGREX are not.
        """
        if cue.match.type == "control":
            return cue.match.needs_second_cue
        shared = letters(cue.mark) in self._control_marks or (
            cue.kind == "series" and (cue.id in self._sisters or _is_code(cue))
        )
        return cue.match.needs_second_cue or shared

    def _is_weak(self, cue: Cue, opposed: bool = False) -> bool:
        """Whether a cue still needs a second one, as it stands on this machine.

        A wordmark that stands as a badge does needs none, unless two entries share its text, it is
        an owner's or, against another builder, it was read unsurely (Mas over VTC-160A).
        """
        owned = self._registry.get(cue.id).origin in OWNERS
        badge = cue.badge and cue.kind == "wordmark" and not (cue.match.shared or owned)
        unsure = opposed and cue.views[0].score < SURE
        return self._needs_second(cue) and (unsure or not badge)

    def _weight(self, cue: Cue, flipped: bool) -> float:
        """Log-odds that a cue adds to its builder, over all its views."""
        if cue.piece or (cue.mirrored and not flipped):
            return 0.0
        score = cue.views[0].score
        # Letters that spell a mark exactly were read right, however unsure the reader says it is.
        first = self._first_weight(cue) * ((1 + score) / 2 if cue.match.exact else score)
        first *= MIRRORED_SHARE if cue.mirrored else 1.0
        return first * sum(FURTHER_VIEW**n for n in range(len(cue.views)))

    def _first_weight(self, cue: Cue) -> float:
        """Log-odds of one sure reading of a cue."""
        if cue.match.type == "control":
            return COMPANION if cue.match.exact else 0.0
        weak = self._is_weak(cue)
        if cue.kind == "series":
            return (WEAK_SERIES if weak else SERIES) if cue.match.exact else 0.0
        # Seen in two places or views a weak wordmark is no chance: it may not name alone, but
        # it stands against another builder as any wordmark does.
        if cue.match.far:
            return FAR_WORDMARK
        if weak and len(cue.views) < 2:
            return WEAK_WORDMARK if cue.match.exact else 0.0
        errors = (1 - cue.match.similarity) * len(letters(cue.mark))
        length = min(mark_length(cue.mark), MOST_LETTERS)
        badge = BADGE if cue.badge and not weak else 0.0
        return max(0.0, WORDMARK + badge + PER_LETTER * length - PER_ERROR * errors)

    def _grade(self, cues: Sequence[Cue]) -> Grade:
        """A: a wordmark and another view or cue; B: one mark alone. In the mirror at most B."""
        upright = [cue for cue in cues if not cue.mirrored]
        wordmarks = [cue for cue in upright if cue.kind == "wordmark" and cue.id not in COMPANIONS]
        if not wordmarks:
            return "B"
        most = max(len(cue.views) for cue in wordmarks)
        return "A" if most > 1 or len(_distinct(upright)) > 1 else "B"

    def _may_name(
        self, id: str, chances: Mapping[str, float], cues: Sequence[Cue], grade: Grade, others: int
    ) -> bool:
        """`others`: cues beside those read: a look like a mark of the builder's, a misread code."""
        weak = all(cue.match.misread or self._is_weak(cue, len(chances) > 1) for cue in cues)
        if weak and len(_distinct(cues)) + others < 2:
            return False
        if all(_is_code(cue) for cue in cues) and not others:  # ports are numbered as models are
            return False
        if claimed_by(self._registry.get(id)).isdisjoint(self._settings.tested_origins):
            return chances[id] >= self._settings.probability
        strong = [cue for cue in cues if not self._needs_second(cue)]
        # One misreading seen in two views is one error (ONE WAY, twice, is no NEWAY).
        spelt = [cue for cue in strong if cue.kind == "wordmark" and cue.match.exact]
        exact = any(cue.views[0].score >= SURE for cue in spelt)
        # Two weak cues may name elsewhere, here a strong one and another (no SWING, no VMC1000).
        read = any(cue.kind == "wordmark" and not cue.match.far for cue in cues)
        telling = [cue for cue in cues if self._own_badge.tells_more(cue)]
        codes = [c for c in telling if _is_code(c) and bears_out(letters(c.mark))]
        several = len(_distinct(telling)) > (1 if strong or codes else 2)
        borne_out = grade == "A" and read and (bool(spelt) or several)
        return chances[id] >= self._settings.tested_probability and (exact or borne_out)

    def _control(self, cues: Sequence[Cue]) -> str | None:
        """The control's maker: the surest upright badge that may stand alone, or two weak ones."""
        badges = [cue for cue in cues if cue.match.type == "control" and not cue.mirrored]
        for badge in badges:
            others = [cue for cue in cues if cue is not badge and not cue.mirrored]
            backed = any(
                cue.id in (badge.id, COMPANIONS.get(badge.id)) for cue in _distinct(others)
            )
            if not badge.match.needs_second_cue or (backed and badge.match.exact):
                return badge.id
        return None


def mark_length(mark: str) -> int:
    """Letters of a mark, a Han character counted as two."""
    return sum(2 if script_of(letter) == "han" else 1 for letter in letters(mark))


def _flips_together(cues: Sequence[Cue]) -> bool:
    """Whether the picture itself is mirrored: two different marks read only when flipped.

    A match that exists only when flipped is chance until another text flips as well.
    """
    return all(cue.mirrored for cue in cues) and len(_distinct(cues)) > 1


def _distinct(cues: Sequence[Cue]) -> list[Cue]:
    """Cues without those whose mark is part of another's: one text, not two."""
    marks = [letters(cue.mark) for cue in cues]
    return [
        cue
        for i, cue in enumerate(cues)
        if not any(
            marks[i] in mark and (marks[i] != mark or j < i)
            for j, mark in enumerate(marks)
            if j != i
        )
    ]


def _is_code(cue: Cue) -> bool:
    """Whether a cue is a builder's model code with figures (TC-2), not a name (INTEGREX)."""
    told = cue.kind == "series" and cue.match.type != "control"
    return told and any(letter.isdigit() for letter in cue.mark)
