"""Builds on the controller: which files a service is made of, its fingerprint, its artifact.

Runs commands on this machine, touches no host.
"""
