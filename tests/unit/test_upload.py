"""Rules of the uploading stage."""

from datetime import timezone
from pathlib import Path

import pytest

from services.clients.local_storage import LocalStorage
from services.errors import OperatorError
from services.pipeline.upload import Upload
from tests.builders import a_job, finished_artifacts


async def test_a_full_disk_is_the_operators_matter(tmp_path: Path) -> None:
    (tmp_path / "transcript.txt").symlink_to("/dev/full")
    stage = Upload(LocalStorage(tmp_path / "store"), timezone.utc)

    with pytest.raises(OperatorError, match="disk is full") as caught:
        await stage.run(a_job(artifacts=finished_artifacts(tmp_path)), tmp_path, lambda _fraction: None)
    assert caught.value.provider == "Disk"
