"""Run the benchmarks named on the command line, or all of them."""

import sys

from benchmarks import grading, many, serving, startup, through_provider

BENCHMARKS = {
    "startup": startup.main,
    "grading": grading.main,
    "serving": serving.main,
    "many": many.main,
    "through-provider": through_provider.main,
}


def main() -> None:
    """Run what was asked for; an unknown name lists what there is."""
    chosen = sys.argv[1:] or list(BENCHMARKS)
    if unknown := [name for name in chosen if name not in BENCHMARKS]:
        sys.exit(f"There is no benchmark {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}.")
    for name in chosen:
        print(f"== {name}")
        BENCHMARKS[name]()


main()
