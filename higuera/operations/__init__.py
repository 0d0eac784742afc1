"""Changing a host: one coarse operation per concept, each with one fact and a no-op."""
