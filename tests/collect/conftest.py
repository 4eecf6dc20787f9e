"""Each shell that targets have."""

import os
import shutil

import pytest

SHELLS = ("dash", "bash", "mksh", "busybox sh")


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    """Return each shell that targets have."""
    name: str = request.param
    if shutil.which(name.split(maxsplit=1)[0]) is None:
        message = f"{name.split(maxsplit=1)[0]} is not installed here"
        assert not os.environ.get("CI"), message
        pytest.skip(message)
    return name
