"""How the time of a gradient grows, by method, and the limit: ``python -m benchmarks.speed_scaling``.

One setting of ``benchmarks.speed`` at a time is changed, each point measured by that command in a fresh process, one
after the other; a point has all methods, so that ratios are of one run. Takes about half an hour.
"""
