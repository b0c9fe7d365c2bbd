"""The words of the pages for looking, in the reader's language."""

from __future__ import annotations

from sqlalchemy import select, update

from evidence.case.queue import FootageSource, add_work, set_aside, take
from evidence.case.sighting_tables import Link, MachineRow, Membership


def test_a_seller_is_called_one_in_the_reader_s_language(client, site):
    with site.session() as session, session.begin():
        session.execute(update(MachineRow).values(builder="smstroi-penza"))
    page = client.get("/", headers={"Cookie": "language=ru"}).text
    assert "шильдик продавца" in page and "seller" not in page


def test_what_ties_two_sightings_is_told_in_the_reader_s_language(client, site):
    with site.session() as session:
        tied = select(Link.a).where(Link.kind == "place", Link.held)
        ids = select(Membership.machine).where(Membership.sighting.in_(tied))
        machine = session.scalars(ids.order_by(Membership.machine)).first()
    page = client.get(f"/machines/{machine}", headers={"Cookie": "language=uk"}).text
    assert "навколо верстата" in page and "points around" not in page


def test_why_a_clip_was_set_aside_is_told_in_the_reader_s_language(client, site):
    with site.session() as session, session.begin():
        names = ["a.mp4", "b.mp4", "c.mp4"]
        add_work(session, site.recipe, [FootageSource(f"/archive/{name}", 1, 1) for name in names])
        for work in take(session, site.recipe, 3):
            said = "damaged" if work.path.endswith("c.mp4") else f"{work.path}: damaged"
            assert set_aside(session, work, "unreadable", said)
    page = client.get("/", headers={"Cookie": "language=ru"}).text
    assert "3 × файл повреждён" in page and "unreadable" not in page and "ещё 2" in page
    assert all(f"/archive/{name}: damaged" in page for name in names)
