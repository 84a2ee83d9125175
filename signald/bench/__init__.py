"""Measurements: both sides in one process and one run, medians and ratios, with machine, versions and sample size."""
