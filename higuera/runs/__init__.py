"""Records of runs: what a deploy or a rollback did, step by step, kept beside the project.

A record is a file of JSON lines, an event a line (docs/schema/event.schema.json), written while the
run goes on: whatever ends it, all that it did until then is there.
"""

from higuera.runs.event import Event, parse, schema
from higuera.runs.folder import FILE, RecordFile, is_running, new_record, records
from higuera.runs.story import Story, told_by

__all__ = [
    "FILE",
    "Event",
    "RecordFile",
    "Story",
    "is_running",
    "new_record",
    "parse",
    "records",
    "schema",
    "told_by",
]
