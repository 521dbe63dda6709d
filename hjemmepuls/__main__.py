"""`python -m hjemmepuls`."""

from hjemmepuls.cli import app

app(prog_name="hjemmepuls")
