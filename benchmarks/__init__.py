"""Measurements, each as ratios within one run: figures of different machines or runs are not to be compared."""
