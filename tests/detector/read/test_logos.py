"""Recognising marks by their looks: builders added without training, and much that is none."""

from __future__ import annotations

import hashlib
import json
import math
import shutil

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from datasets.errors import ModelError
from datasets.maker.lettering import Lettering, draw_lettering
from datasets.registry import Registry, load_registry
from detector.inference import Engine
from detector.read.logo_files import CARD, NAMES, PACKAGED, Prototypes, read_folder, read_prototypes
from detector.read.logos import Recogniser, Recognition, strength_of

NEW = """
- id: veltranix
  name: Veltranix Works
  type: builder
  origin: CH
  wordmarks:
    - {text: VELTRANIX, script: latin}
  confidence: low
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> Registry:
    """The packaged registry and one invented builder, as a user would add one."""
    file = tmp_path_factory.mktemp("registry") / "mine.yaml"
    file.write_text(NEW, "utf-8")
    return load_registry(file)


@pytest.fixture(scope="module")
def recogniser(registry) -> Recogniser:
    return Recogniser(registry=registry, engine=Engine(1))


def photographed(text: str, height: int = 26, **style: object) -> NDArray[np.uint8]:
    """A text as a camera sees it: dark on grey metal, a little blurred, coded as JPEG."""
    drawn = draw_lettering(text, Lettering(ink=(30, 40, 60), **style), height)  # type: ignore[arg-type]
    pad = height // 5
    cover = np.pad(drawn[..., 3], pad).astype(np.float32)[..., None] / 255
    ink = np.array([30, 40, 60], np.float32)
    picture = np.clip(185 * (1 - cover) + ink * cover, 0, 255).astype(np.uint8)
    picture = cv2.GaussianBlur(picture, (0, 0), 0.8)
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def emblem() -> NDArray[np.uint8]:
    """An invented logo without letters, (80, 80, 3)."""
    picture = np.full((80, 80, 3), 245, np.uint8)
    cv2.circle(picture, (40, 40), 34, (180, 30, 30), 7)
    cv2.fillConvexPoly(picture, np.array([[40, 14], [62, 58], [40, 46], [18, 58]]), (20, 30, 90))
    return picture


@pytest.mark.parametrize(
    "style",
    [{}, {"serif": True}, {"shear": 0.2}, {"stretch": 1.3, "weight": 0.06}],
    ids=["plain", "serif", "leaning", "wide"],
)
def test_a_builder_added_to_the_registry_is_recognised_without_training(recogniser, style):
    (found,) = recogniser.recognise([photographed("VELTRANIX", **style)])
    assert found.nearest == "veltranix" and found.mark == "VELTRANIX"
    assert found.margin > 0


def test_without_its_entry_nobody_is_named_for_it():
    (found,) = Recogniser(engine=Engine(1)).recognise([photographed("VELTRANIX")])
    assert found.id is None and found.nearest != "veltranix"


def test_one_picture_of_a_logo_is_enough_to_know_it_again(registry):
    recogniser = Recogniser(registry=registry, engine=Engine(1))
    small = cv2.resize(emblem(), (26, 26), interpolation=cv2.INTER_AREA)
    seen = np.clip(small.astype(np.float32) * 0.7 + 20, 0, 255).astype(np.uint8)
    (before,) = recogniser.recognise([seen])
    recogniser.add_logo("veltranix", emblem())
    (after,) = recogniser.recognise([seen])
    assert before.nearest != "veltranix"
    assert after.nearest == "veltranix" and after.mark == "logo"
    assert after.score > before.score


def test_a_cut_out_logo_is_known_like_one_on_white(registry):
    recogniser = Recogniser(registry=registry, engine=Engine(1))
    cover = np.where((emblem() < 240).any(axis=2), 255, 0).astype(np.uint8)
    recogniser.add_logo("veltranix", np.dstack([emblem(), cover]))
    (found,) = recogniser.recognise([cv2.resize(emblem(), (40, 40))])
    assert found.nearest == "veltranix"


def test_a_logo_goes_to_nobody_unknown_and_must_be_a_picture(recogniser):
    with pytest.raises(ModelError, match="no builder of the registry"):
        recogniser.add_logo("nobody-at-all", emblem())
    with pytest.raises(ModelError, match="veltranix"):
        recogniser.add_logo("veltranix", np.zeros((3, 80, 3), np.uint8))


def test_noise_flat_metal_and_edges_name_nobody(recogniser):
    rng = np.random.default_rng(0)
    cuts = [rng.integers(0, 256, (24, 90, 3), dtype=np.uint8) for _ in range(20)]
    cuts += [np.full((20 + k, 60, 3), 10 * k, np.uint8) for k in range(20)]
    for k in range(20):
        edge = np.full((30, 80, 3), 60, np.uint8)
        edge[:, 4 * k :] = 190
        cuts.append(edge)
    assert {found.id for found in recogniser.recognise(cuts)} == {None}


@pytest.mark.parametrize(
    "text",
    ["EMERGENCY STOP", "ВНИМАНИЕ", "注意安全", "QX-7310", "COOLANT", "PLORGENTI", "HYDRAULIK 40L"],
)
def test_texts_that_are_no_builders_name_nobody(recogniser, text):
    found = recogniser.recognise([photographed(text, serif=serif) for serif in (False, True)])
    assert {one.id for one in found} == {None}


def test_a_mark_two_builders_share_names_neither(recogniser):
    (found,) = recogniser.recognise([photographed("FANUC")])
    assert {found.nearest, found.second} == {"fanuc-machines", "ctl-fanuc"}
    assert found.id is None


def test_a_cut_too_small_to_show_anything_looks_like_nothing(recogniser):
    found = recogniser.recognise([np.zeros((3, 40, 3), np.uint8), np.zeros((0, 0, 3), np.uint8)])
    assert found == [Recognition(None, None, None, -1.0, 0.0, None)] * 2


def test_the_same_cut_gives_the_same_answer_alone_among_others_and_on_any_threads(
    registry, recogniser
):
    cuts = [photographed(text) for text in ("MAZAK", "OKUMA", "VF-2")]
    alone = [recogniser.recognise([cut])[0] for cut in cuts]
    assert recogniser.recognise(cuts[::-1])[::-1] == alone
    other = Recogniser(registry=registry, engine=Engine(2))
    again = other.recognise(cuts)
    assert [one.nearest for one in again] == [one.nearest for one in alone]
    assert [one.score for one in again] == pytest.approx([one.score for one in alone], abs=1e-5)


def test_a_stronger_recognition_never_weighs_less(recogniser):
    weights = [
        recogniser.weight(Recognition(None, "mazak", "MAZAK", 0.01 * k, 0.005 * k, None))
        for k in range(100)
    ]
    assert weights == sorted(weights) and weights[0] == 0 and weights[-1] > 0
    assert strength_of(Recognition(None, None, None, 0.5, 0.25, None)) == 0.75


def test_of_many_places_one_looks_like_something_by_chance(recogniser):
    strong = Recognition("mazak", "mazak", "MAZAK", 0.99, 0.4, None)
    alone = recogniser.weight(strong)
    assert recogniser.weight(strong, places=5) == pytest.approx(alone - math.log(5))
    assert recogniser.weight(strong, places=10**6) == 0.0


@pytest.mark.parametrize("name", [*NAMES, CARD])
def test_a_missing_file_is_named(tmp_path, name):
    folder = shutil.copytree(PACKAGED, tmp_path / "model")
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        Recogniser(folder)


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_named(tmp_path, name):
    folder = shutil.copytree(PACKAGED, tmp_path / "model")
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{name}.*damaged"):
        Recogniser(folder)


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "expected an object"),
        ("{}", "SHA-256"),
    ],
    ids=["half", "deep", "list", "empty"],
)
def test_a_card_that_vouches_for_nothing_is_refused(tmp_path, card, said):
    folder = shutil.copytree(PACKAGED, tmp_path / "model")
    (folder / CARD).write_text(card, "utf-8")
    with pytest.raises(ModelError, match=said):
        Recogniser(folder)


def test_a_card_without_thresholds_is_refused(tmp_path):
    folder = shutil.copytree(PACKAGED, tmp_path / "model")
    card = json.loads((folder / CARD).read_text("utf-8"))
    del card["thresholds"]
    (folder / CARD).write_text(json.dumps(card), "utf-8")
    with pytest.raises(ModelError, match="thresholds"):
        Recogniser(folder)


def test_a_wordmark_a_user_replaced_is_no_longer_known(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text(NEW.replace("veltranix", "tsugami"), "utf-8")
    recogniser = Recogniser(registry=load_registry(file), engine=Engine(1))
    held = recogniser.prototypes.names
    drawn = {mark for owner, mark, kind in held if (owner, kind) == ("tsugami", "drawn")}
    assert drawn == {"VELTRANIX"}


def test_pictures_of_a_firm_that_has_become_an_entry_are_that_entry_s():
    names = tuple((owner, "logo", "photo") for owner in ("x-acme", "x-other", "haas"))
    prototypes = Prototypes(np.eye(3, dtype=np.float32), names)
    assert prototypes.owned_by({"acme", "haas"}).owner == ("acme", "x-other", "haas")


def test_no_entry_has_its_own_pictures_as_a_rival():
    known = {entry.id for entry in load_registry()}
    owners = Recogniser(engine=Engine(1)).prototypes.owner
    assert "rongwin" in owners  # labelled before it was an entry
    assert [owner for owner in owners if owner.removeprefix("x-") in known - {owner}] == []


def test_a_network_that_cannot_be_read_is_named(tmp_path):
    folder = shutil.copytree(PACKAGED, tmp_path / "model")
    (folder / NAMES[0]).write_text("<net/>", "utf-8")
    card = json.loads((folder / CARD).read_text("utf-8"))
    card["files"][NAMES[0]] = hashlib.sha256(b"<net/>").hexdigest()
    (folder / CARD).write_text(json.dumps(card), "utf-8")
    with pytest.raises(ModelError, match=rf"(?s){folder / NAMES[0]}: OpenVINO .*train it again$"):
        Recogniser(folder)


def test_no_start_has_to_draw_what_could_be_packaged():
    """A hundred marks to draw take as long as all the rest of a start."""
    registry = load_registry()
    card, files = read_folder(PACKAGED)
    held = read_prototypes(files["prototypes.npz"], PACKAGED / "prototypes.npz")
    assert {(e.id, m.text, "drawn") for e in registry for m in e.wordmarks} <= set(held.names)
    assert card["registry"] == registry.digest
