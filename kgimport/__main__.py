"""`python -m kgimport`."""

from kgimport.cli import main

main()
