"""`python -m api.cli`, as `nameplate`."""

from api.cli import main

main()
