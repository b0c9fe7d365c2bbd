"""A package's time stamp: asked for and kept by files, nothing sent, checked with the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.errors import PackageDamaged, ResultError, UsageError
from evidence.answer.package.verify import (
    RESPONSE,
    TAGS,
    check_whole,
    keep_response,
    read_stamp,
    write_request,
)
from tests.evidence.answer.authority import Authority


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "tsa")


def make(folder: Path, words: str = "5 machines") -> Path:
    """A bag of one file."""
    import bagit

    folder.mkdir()
    (folder / "answer.json").write_text(words, "utf-8")
    bagit.make_bag(str(folder), checksums=["sha256"])
    return folder


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    return make(tmp_path / "bag")


@pytest.fixture
def stamped(bag: Path, authority: Authority, tmp_path: Path) -> Path:
    write_request(bag, tmp_path / "a.tsq")
    keep_response(bag, authority.answer(tmp_path / "a.tsq", tmp_path / "a.tsr"))
    return bag


def test_there_is_none_unless_somebody_asked(bag: Path) -> None:
    assert read_stamp(bag) is None


def test_a_stamp_says_when_and_by_whom(stamped: Path, authority: Authority) -> None:
    check_whole(stamped)
    stamp = read_stamp(stamped)
    assert stamp is not None
    assert (stamp.authority, stamp.signed) == ("CN=Test authority", None)
    assert stamp.time.tzinfo is not None
    trusted = read_stamp(stamped, authority.root)
    assert trusted is not None and trusted.signed is True


def test_one_that_nobody_vouches_for(stamped: Path, tmp_path: Path) -> None:
    stamp = read_stamp(stamped, Authority(tmp_path / "other").root)
    assert stamp is not None and stamp.signed is False


def test_a_stamp_for_another_package_is_not_kept(
    stamped: Path, authority: Authority, tmp_path: Path
) -> None:
    other = make(tmp_path / "other", "6 machines")
    with pytest.raises(UsageError, match="for something else"):
        keep_response(other, stamped / RESPONSE)
    assert not (other / RESPONSE).exists()


@pytest.mark.parametrize("content", [b"", b"words", b"\x30\x80" * 50, b"0" * (2 << 20)], ids=len)
def test_what_is_no_stamp_is_not_kept(bag: Path, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "a.tsr"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="no time stamp for this package"):
        keep_response(bag, file)
    with pytest.raises(UsageError):
        keep_response(bag, tmp_path / "nowhere.tsr")


def test_a_package_made_anew_does_not_pass_under_an_old_stamp(stamped: Path) -> None:
    import bagit

    (stamped / "data" / "answer.json").write_text("6 machines", "utf-8")
    bagit.Bag(str(stamped)).save(manifests=True)
    with pytest.raises(PackageDamaged, match="for something else"):
        read_stamp(stamped)


def test_an_altered_stamp_is_not_as_it_was_signed(stamped: Path, authority: Authority) -> None:
    file = stamped / RESPONSE
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content)
    stamp = read_stamp(stamped, authority.root)
    assert stamp is not None and stamp.signed is False


def test_the_name_is_that_of_who_signed(bag: Path, authority: Authority, tmp_path: Path) -> None:
    """Other authorities may have given the same serial number, and their certificates be there."""
    write_request(bag, tmp_path / "a.tsq")
    keep_response(bag, authority.answer_among_others(tmp_path / "a.tsq", tmp_path / "a.tsr"))
    stamp = read_stamp(bag, authority.root)
    assert stamp is not None
    assert (stamp.authority, stamp.signed) == ("CN=Test authority", True)


def test_a_stamp_without_its_signers_certificate(
    stamped: Path, authority: Authority, tmp_path: Path
) -> None:
    file = tmp_path / "a.tsr"
    content = (stamped / RESPONSE).read_bytes()
    number = authority.certificate.serial_number
    serial = number.to_bytes((number.bit_length() + 7) // 8, "big")
    assert content.count(serial) == 2  # in the certificate, and beside the signature
    file.write_bytes(content.replace(serial, serial[:-1] + bytes([serial[-1] ^ 1]), 1))
    (stamped / RESPONSE).unlink()
    with pytest.raises(UsageError, match="none of its certificates is its signer's"):
        keep_response(stamped, file)


def test_beside_it_nothing_else_is_of_the_package(stamped: Path, tmp_path: Path) -> None:
    more = (stamped / RESPONSE).with_name("more.pdf")
    more.write_text("a report", "utf-8")
    with pytest.raises(PackageDamaged, match=r"timestamp/more\.pdf was added"):
        check_whole(stamped)
    more.unlink()
    (stamped / RESPONSE).rename(tmp_path / "elsewhere.tsr")
    (stamped / RESPONSE).symlink_to(tmp_path / "elsewhere.tsr")
    with pytest.raises(PackageDamaged, match=r"timestamp/tagmanifest-sha256\.tsr was added"):
        check_whole(stamped)


def test_nothing_is_asked_for_a_package_that_is_not_what_it_was(bag: Path, tmp_path: Path) -> None:
    (bag / TAGS).write_text("", "utf-8")
    (bag / "data" / "answer.json").write_text("7", "utf-8")
    with pytest.raises(PackageDamaged):
        write_request(bag, tmp_path / "a.tsq")


def test_nothing_is_written_over(stamped: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="already"):
        write_request(stamped, tmp_path / "a.tsq")
    with pytest.raises(UsageError, match="already"):
        keep_response(stamped, tmp_path / "a.tsr")


def test_a_request_that_cannot_be_written_says_what_to_do(bag: Path, tmp_path: Path) -> None:
    told = r"b\.tsq: it could not be written .*; make its folder first$"
    with pytest.raises(ResultError, match=told):
        write_request(bag, tmp_path / "nowhere" / "b.tsq")
