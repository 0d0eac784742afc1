"""From a spec to `{path: text}`: every file the host will hold, as values. Pure."""
