"""A trial's units are made of the live slot's own."""

from pathlib import Path

from tool_host import ToolHost, forms_stack

from higuera.render.units import slot_files
from higuera.spec.secrets import Secrets
from higuera.spec.stack import Stack


def test_a_trial_writes_to_folders_of_its_own(tmp_path: Path) -> None:
    data = forms_stack().model_dump(exclude_unset=True)
    data["services"]["backend"]["writable"] = ["uploads", "old-files"]
    stack = Stack.model_validate(data)
    host = ToolHost.make(tmp_path, stack)
    host.deploy("r1", "blue")
    names = stack.services["backend"].secrets
    for file in slot_files(stack, "backend", "blue", Secrets(dict.fromkeys(names, "x"))):
        path = tmp_path / file.path.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(host.moved(file.text))
    host.deploying()
    assert host.try_to("trial").returncode == 0
    unit = (tmp_path / "run/systemd/system/forms-backend-trial.service").read_text()
    assert "StateDirectory" not in unit
    state = "/var/lib/forms-backend"
    assert f"TemporaryFileSystem={state}/uploads:mode=0777 {state}/old-files:mode=0777" in (
        unit.replace(str(tmp_path), "")
    )
    assert f'Environment="UPLOADS_DIR={state}/uploads"' in unit.replace(str(tmp_path), "")
