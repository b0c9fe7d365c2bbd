"""Pictures as footage would show them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datasets.photographs.annotations import read_photographs
from training.evaluate.evaluation import open_picture
from training.evaluate.footage import CONDITIONS, PERSON, seen_through


@pytest.mark.parametrize("name", CONDITIONS)
def test_each_condition_changes_the_picture_in_the_same_way_each_time(
    made_data: Path, name: str
) -> None:
    photograph = read_photographs(made_data / "val")[0]
    picture = np.asarray(np.kron(open_picture(photograph), np.ones((6, 6, 1))), np.uint8)
    one, labels = seen_through(name, picture, photograph)
    two, _ = seen_through(name, picture, photograph)
    assert one.dtype == np.uint8 and (one == two).all()
    assert one.shape != picture.shape or (one != picture).any()
    assert len(labels.machines) == len(photograph.machines)
    if name.endswith("lines"):
        assert one.shape[:2] == (int(name.split()[0]),) * 2
    else:
        assert one.shape == picture.shape


def test_what_somebody_hides_is_not_asked_for(made_data: Path) -> None:
    photograph = read_photographs(made_data / "val")[0]
    picture = open_picture(photograph)
    small = photograph.machines[0].model_copy(update={"box": (40.0, 40.0, 55.0, 60.0)})
    photograph = photograph.model_copy(update={"machines": (small,)})
    names = [photograph.model_copy(update={"image": f"images/{n}.jpg"}) for n in range(200)]
    ignored = [seen_through(PERSON, picture, one)[1].machines[0].ignore for one in names]
    assert 0 < sum(ignored) < 100
