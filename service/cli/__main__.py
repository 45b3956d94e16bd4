"""`python -m service.cli`: the `evaluator` command where it is not on the path."""

from service.cli.main import main

main()
