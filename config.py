"""pyinfra runs this file before anything else: it lets `pyinfra inventory …` take a directory."""

from higuera.hook import install

install()
