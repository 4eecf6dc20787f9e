"""An index of real feeds, for the tests that match against them."""

from pathlib import Path

import pytest

from tests.feeds import making


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Import the real feeds of Debian and AlmaLinux; return the folder of the index."""
    folder = tmp_path_factory.mktemp("index") / "feeds"
    making.import_into(folder, making.shared("Debian.all.zip"), making.shared("AlmaLinux.all.zip"))
    return folder
