"""Transports for pyinfra: SSH that sends at once, and VPSes that boot when they are needed."""
