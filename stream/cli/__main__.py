"""`python -m stream.cli`: the command line without an installed script."""

from stream.cli import main

main()
