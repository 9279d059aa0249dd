"""What happens under abuse? ``python -m benchmarks.robustness``.

Runs the fuzzers under ``tests/fuzz``: thousands of hostile tries with damaged files, impossible options and calls, and
kills. Needs a checkout and the installation for developers.
"""
