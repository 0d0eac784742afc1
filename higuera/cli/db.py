"""`higuera db`: all of it."""

from higuera.cli.data_catalog import catalog
from higuera.cli.database import app

app.command("catalog")(catalog)

__all__ = ["app"]
