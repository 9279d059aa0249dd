"""How large is an installation, and how long does an import take? ``python -m benchmarks.installation``.

Sizes are those of the files that pip has installed, of gradlab and of all that it requires without extras. Times are
those of the import statement alone, each in a fresh process; a busy machine makes them longer.
"""
