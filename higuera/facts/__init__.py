"""Reading a host: one fact per concept, each one remote command that always exits 0."""
