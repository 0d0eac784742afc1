"""What the tests of the on-host tool start from."""

import pytest
from tool_host import History, ToolHost


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    return History(ToolHost.make(tmp_path_factory.mktemp("history") / "host"))
