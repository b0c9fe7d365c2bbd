"""The logo that an entry of a registry file may name."""

from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image

from datasets.entry import Entry
from datasets.errors import RegistryError
from datasets.logos import MOST_BYTES, logo_picture, read_logo
from datasets.registry import Registry, load_registry, read_entries
from tests.logo import ENTRY, draw_logo, write_registry


def test_an_entry_holds_the_picture_beside_its_file(tmp_path):
    [entry] = read_entries(write_registry(tmp_path))
    assert entry.logo is not None
    assert np.array_equal(logo_picture(entry.logo), draw_logo())
    assert Entry.model_validate(entry.as_json()) == entry


def test_results_are_keyed_by_the_picture_and_not_by_where_it_lies(tmp_path):
    file = write_registry(tmp_path / "one")
    elsewhere = write_registry(tmp_path / "two")
    without = write_registry(tmp_path / "three", logo=False)
    digest = load_registry(file).digest
    assert load_registry(elsewhere).digest == digest != load_registry(without).digest
    Image.fromarray(draw_logo()[:, ::-1]).save(tmp_path / "two/logos/veltranix.png")
    assert load_registry(elsewhere).digest != digest


@pytest.mark.parametrize("said", ["../out.png", "{out}", "link.png", "logos/../../out.png"])
def test_a_logo_lies_in_the_folder_of_its_file(tmp_path, said):
    out, inside = tmp_path / "out.png", tmp_path / "in"
    Image.fromarray(draw_logo()).save(out)
    file = write_registry(inside, logo=False)
    (inside / "link.png").symlink_to(out)
    file.write_text(f"{ENTRY}  logo: {said.format(out=out)}\n", "utf-8")
    with pytest.raises(RegistryError, match=r"entry veltranix: logo: .* leads out of the folder"):
        load_registry(file)


def test_a_registry_without_logos_keeps_its_digest():
    assert load_registry().digest.startswith("20a00145c196")
    assert all("logo" not in entry.as_json() for entry in load_registry())


def test_a_cut_out_logo_keeps_its_cover(tmp_path):
    cover = np.where((draw_logo() < 240).any(axis=2), 255, 0).astype(np.uint8)
    write_registry(tmp_path)
    Image.fromarray(np.dstack([draw_logo(), cover])).save(tmp_path / "logos/veltranix.png")
    [entry] = read_entries(tmp_path / "mine.yaml")
    assert entry.logo is not None and logo_picture(entry.logo).shape == (120, 300, 4)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file"),
        (b"no picture", "no picture that can be read (one of PNG, JPEG"),
        (bytes(MOST_BYTES + 1), "larger than 1 MiB"),
        (np.zeros((8, 80, 3), np.uint8), "80x8 pixels; a side has 16 to 4096"),
        (np.full((40, 80, 3), 9, np.uint8), "all of one colour"),
        (np.zeros((40, 80, 4), np.uint8), "all of one colour"),
    ],
)
def test_a_picture_that_will_not_do_is_told_with_file_entry_and_field(tmp_path, content, says):
    file = write_registry(tmp_path)
    picture = tmp_path / "logos/veltranix.png"
    if content is None:
        picture.unlink()
    elif isinstance(content, bytes):
        picture.write_bytes(content)
    else:
        Image.fromarray(content).save(picture)
    with pytest.raises(RegistryError) as error:
        load_registry(file)
    assert str(error.value).startswith(f"{file}: entry veltranix: logo: {picture}: {says}")


@pytest.mark.parametrize("said", ["''", "[a.png]", "7"])
def test_a_logo_is_a_path(tmp_path, said):
    file = write_registry(tmp_path, logo=False)
    file.write_text(f"{ENTRY}  logo: {said}\n", "utf-8")
    with pytest.raises(RegistryError, match="entry veltranix: logo: expected the path of a"):
        load_registry(file)


def test_a_control_has_none(tmp_path):
    file = write_registry(tmp_path)
    file.write_text(file.read_text("utf-8").replace("type: builder", "type: control"), "utf-8")
    with pytest.raises(RegistryError, match="entry veltranix: logo: of a control none is looked"):
        read_entries(file)


def test_an_entry_of_the_same_id_may_bring_one(tmp_path):
    file = write_registry(tmp_path)
    known = Registry([*load_registry(write_registry(tmp_path / "b", logo=False))])
    assert known.get("veltranix").logo is None
    assert known.extended(file).get("veltranix").logo is not None


def test_a_picture_is_taken_as_it_is_seen(tmp_path):
    """A telephone's lies on its side and says so; a grey of 16 bits is no white one."""
    flat = Image.fromarray(np.tile(np.arange(60, dtype=np.uint8) * 4, (30, 1)))
    turned = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation
    flat.save(turned, exif=exif)
    assert logo_picture(turned.read_bytes()).shape == (60, 30, 3)
    deep = tmp_path / "deep.png"
    Image.fromarray(np.tile(np.arange(300, 360, dtype=np.uint16) * 100, (30, 1))).save(deep)
    assert np.ptp(logo_picture(deep.read_bytes())) > 10


def test_what_is_no_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "logo.png")
    with pytest.raises(ValueError, match="no file"):
        read_logo(tmp_path / "logo.png")
