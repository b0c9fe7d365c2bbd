"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evidence.case import base
from evidence.case.migrations.guard import append_only

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "case",
        sa.Column("id", base.ShortText(length=32), nullable=False),
        sa.Column("name", base.ExactText(), nullable=False),
        sa.Column("created", base.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case")),
    )
    op.create_table(
        "decisions",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("a", base.ShortText(length=64), nullable=False),
        sa.Column("b", base.ShortText(length=64), nullable=False),
        sa.Column("what", base.ShortText(length=8), nullable=False),
        sa.Column("author", base.ExactText(), nullable=False),
        sa.Column("made", base.UtcTime(timezone=True), nullable=False),
        sa.Column("note", base.ExactText(), nullable=True),
        sa.Column("where", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_decisions")),
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decisions_a"), ["a"], unique=False)
        batch_op.create_index(batch_op.f("ix_decisions_b"), ["b"], unique=False)

    op.create_table(
        "footage",
        sa.Column("sha256", base.ShortText(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("kind", base.ShortText(length=8), nullable=False),
        sa.Column("container", base.ShortText(length=32), nullable=False),
        sa.Column("codec", base.ShortText(length=32), nullable=True),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("rate", base.ExactText(), nullable=True),
        sa.Column("duration", base.Seconds(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_footage")),
    )
    op.create_table(
        "machines",
        sa.Column("id", base.ShortText(length=32), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("builder", base.ExactText(), nullable=True),
        sa.Column("grade", base.ShortText(length=1), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("sightings", sa.Integer(), nullable=False),
        sa.Column("footages", sa.Integer(), nullable=False),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_machines")),
    )
    with op.batch_alter_table("machines", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_machines_builder"), ["builder"], unique=False)

    op.create_table(
        "recipes",
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("registry_hash", base.ShortText(length=64), nullable=False),
        sa.Column("values", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("model", "settings", name=op.f("pk_recipes")),
    )
    op.create_table(
        "runs",
        sa.Column("id", base.ShortText(length=32), nullable=False),
        sa.Column("kind", base.ShortText(length=16), nullable=False),
        sa.Column("started", base.UtcTime(timezone=True), nullable=False),
        sa.Column("beat", base.UtcTime(timezone=True), nullable=False),
        sa.Column("ended", base.UtcTime(timezone=True), nullable=True),
        sa.Column("outcome", base.ExactText(), nullable=True),
        sa.Column("host", base.ExactText(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("nameplate", base.ShortText(length=32), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("counts", sa.JSON(none_as_null=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_table(
        "verdicts",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sighting", base.ShortText(length=64), nullable=True),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("pts", base.Seconds(), nullable=False),
        sa.Column("box", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("verdict", base.ShortText(length=16), nullable=False),
        sa.Column("builder", base.ExactText(), nullable=True),
        sa.Column("author", base.ExactText(), nullable=False),
        sa.Column("made", base.UtcTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("note", base.ExactText(), nullable=True),
        sa.Column("before", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "supersedes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("previous", base.ShortText(length=64), nullable=False),
        sa.Column("digest", base.ShortText(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_verdicts")),
        sa.UniqueConstraint("digest", name=op.f("uq_verdicts_digest")),
    )
    with op.batch_alter_table("verdicts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_verdicts_sighting"), ["sighting"], unique=False)

    op.create_table(
        "analyses",
        sa.Column("id", base.ShortText(length=32), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("registry_hash", base.ShortText(length=64), nullable=False),
        sa.Column("nameplate", base.ShortText(length=32), nullable=False),
        sa.Column("frames_expected", sa.BigInteger(), nullable=False),
        sa.Column("frames_decoded", sa.BigInteger(), nullable=False),
        sa.Column("frames_total", sa.BigInteger(), nullable=False),
        sa.Column("losses", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("digest", base.ShortText(length=64), nullable=False),
        sa.Column("run", base.ShortText(length=32), nullable=True),
        sa.ForeignKeyConstraint(["footage"], ["footage.sha256"], name=op.f("fk_analyses_footage")),
        sa.ForeignKeyConstraint(["run"], ["runs.id"], name=op.f("fk_analyses_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_analyses")),
        sa.UniqueConstraint(
            "footage", "model", "settings", name=op.f("uq_analyses_footage_model_settings")
        ),
    )
    op.create_table(
        "copies",
        sa.Column("a", base.ShortText(length=64), nullable=False),
        sa.Column("b", base.ShortText(length=64), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("kind", base.ShortText(length=24), nullable=False),
        sa.Column("mirrored", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("share_a", sa.Double(), nullable=False),
        sa.Column("share_b", sa.Double(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("spans", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("reason", base.ExactText(), nullable=False),
        sa.ForeignKeyConstraint(["a"], ["footage.sha256"], name=op.f("fk_copies_a")),
        sa.ForeignKeyConstraint(["b"], ["footage.sha256"], name=op.f("fk_copies_b")),
        sa.PrimaryKeyConstraint("a", "b", "model", "settings", name=op.f("pk_copies")),
    )
    with op.batch_alter_table("copies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_copies_b"), ["b"], unique=False)

    op.create_table(
        "locations",
        sa.Column("path", base.ExactText(), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=True),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=True),
        sa.Column("origin_url", base.ExactText(), nullable=True),
        sa.Column("publisher", base.ExactText(), nullable=True),
        sa.Column("published", base.ExactText(), nullable=True),
        sa.Column("plant_claimed", base.ExactText(), nullable=True),
        sa.Column("note", base.ExactText(), nullable=True),
        sa.Column("provenance", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(["footage"], ["footage.sha256"], name=op.f("fk_locations_footage")),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_locations")),
    )
    with op.batch_alter_table("locations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_locations_footage"), ["footage"], unique=False)

    op.create_table(
        "flags",
        sa.Column("analysis", base.ShortText(length=32), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("sighting", base.ShortText(length=16), nullable=False),
        sa.Column("kind", base.ShortText(length=24), nullable=False),
        sa.Column("pts", base.Seconds(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("reason", base.ExactText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis"], ["analyses.id"], name=op.f("fk_flags_analysis"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis", "sighting", "kind", name=op.f("pk_flags")),
    )
    with op.batch_alter_table("flags", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_flags_priority"), ["priority"], unique=False)

    op.create_table(
        "looks",
        sa.Column("analysis", base.ShortText(length=32), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("sighting", base.ShortText(length=16), nullable=False),
        sa.Column("pts", base.Seconds(), nullable=False),
        sa.Column("box", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("appearance", sa.LargeBinary(), nullable=False),
        sa.Column("points", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis"], ["analyses.id"], name=op.f("fk_looks_analysis"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis", "sighting", name=op.f("pk_looks")),
    )
    op.create_table(
        "prints",
        sa.Column("analysis", base.ShortText(length=32), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("pts", base.Seconds(), nullable=False),
        sa.Column("shot", sa.Integer(), nullable=True),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("detail", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis"], ["analyses.id"], name=op.f("fk_prints_analysis"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis", "number", name=op.f("pk_prints")),
    )
    op.create_table(
        "readings",
        sa.Column("analysis", base.ShortText(length=32), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sighting", base.ShortText(length=16), nullable=True),
        sa.Column("text", base.ExactText(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("pts", base.Seconds(), nullable=False),
        sa.Column("box", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("script", base.ShortText(length=8), nullable=False),
        sa.Column("mirrored", sa.Boolean(), nullable=False),
        sa.Column("overlay", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis"], ["analyses.id"], name=op.f("fk_readings_analysis"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis", "number", name=op.f("pk_readings")),
    )
    op.create_table(
        "shots",
        sa.Column("analysis", base.ShortText(length=32), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("pts", base.Seconds(), nullable=False),
        sa.Column("end", base.Seconds(), nullable=False),
        sa.Column("reason", base.ShortText(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis"], ["analyses.id"], name=op.f("fk_shots_analysis"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis", "number", name=op.f("pk_shots")),
    )
    op.create_table(
        "sightings",
        sa.Column("analysis", base.ShortText(length=32), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("name", base.ShortText(length=16), nullable=False),
        sa.Column("key", base.ShortText(length=64), nullable=False),
        sa.Column("shot", sa.Integer(), nullable=False),
        sa.Column("first", base.Seconds(), nullable=False),
        sa.Column("last", base.Seconds(), nullable=False),
        sa.Column("pts", base.Seconds(), nullable=False),
        sa.Column("box", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("track", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("builder", base.ExactText(), nullable=True),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("grade", base.ShortText(length=1), nullable=False),
        sa.Column("control", base.ExactText(), nullable=True),
        sa.Column("series", base.ExactText(), nullable=True),
        sa.Column("concealed", sa.Boolean(), nullable=False),
        sa.Column("evidence", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("file", base.ExactText(), nullable=True),
        sa.ForeignKeyConstraint(
            ["analysis"], ["analyses.id"], name=op.f("fk_sightings_analysis"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis", "name", name=op.f("pk_sightings")),
        sa.UniqueConstraint("key", name=op.f("uq_sightings_key")),
    )
    with op.batch_alter_table("sightings", schema=None) as batch_op:
        batch_op.create_index("ix_sightings_builder", ["builder"], unique=False)

    op.create_table(
        "stills",
        sa.Column("analysis", base.ShortText(length=32), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("sighting", base.ShortText(length=16), nullable=False),
        sa.Column("role", base.ShortText(length=8), nullable=False),
        sa.Column("pts", base.Seconds(), nullable=False),
        sa.Column("box", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("sha256", base.ShortText(length=64), nullable=False),
        sa.Column("suffix", base.ShortText(length=8), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis"], ["analyses.id"], name=op.f("fk_stills_analysis"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis", "sighting", "role", name=op.f("pk_stills")),
    )
    with op.batch_alter_table("stills", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stills_sha256"), ["sha256"], unique=False)

    op.create_table(
        "work",
        sa.Column("path", base.ExactText(), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("state", base.ShortText(length=8), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("kind", base.ShortText(length=32), nullable=True),
        sa.Column("reason", base.ExactText(), nullable=True),
        sa.Column("changed", base.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["model", "settings"],
            ["recipes.model", "recipes.settings"],
            name=op.f("fk_work_model_settings"),
        ),
        sa.ForeignKeyConstraint(["path"], ["locations.path"], name=op.f("fk_work_path")),
        sa.PrimaryKeyConstraint("path", "model", "settings", name=op.f("pk_work")),
    )
    with op.batch_alter_table("work", schema=None) as batch_op:
        batch_op.create_index(
            "ix_work_next", ["model", "settings", "state", "priority", "path"], unique=False
        )

    op.create_table(
        "links",
        sa.Column("a", base.ShortText(length=64), nullable=False),
        sa.Column("b", base.ShortText(length=64), nullable=False),
        sa.Column("kind", base.ShortText(length=16), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("reason", base.ExactText(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["a"], ["sightings.key"], name=op.f("fk_links_a"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["b"], ["sightings.key"], name=op.f("fk_links_b"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("a", "b", "kind", name=op.f("pk_links")),
    )
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_links_b"), ["b"], unique=False)

    op.create_table(
        "memberships",
        sa.Column("sighting", base.ShortText(length=64), nullable=False),
        sa.Column("machine", base.ShortText(length=32), nullable=False),
        sa.ForeignKeyConstraint(["machine"], ["machines.id"], name=op.f("fk_memberships_machine")),
        sa.ForeignKeyConstraint(
            ["sighting"],
            ["sightings.key"],
            name=op.f("fk_memberships_sighting"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("sighting", name=op.f("pk_memberships")),
    )
    with op.batch_alter_table("memberships", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_memberships_machine"), ["machine"], unique=False)

    append_only("verdicts")
    append_only("decisions")
