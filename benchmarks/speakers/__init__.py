"""How well do settings serve a new speaker? ``python -m benchmarks.speakers --data-dir DIR``.

To choose settings by, before the test set is touched: the same training once for each speaker, or other group, of the
training set, which is held out of it. Takes the options of ``gradlab.bench``, of which ``--validation-groups`` names
those that are held out in turn; all by default. Each training has a folder in OUT/speakers; with ``--resume``, a
stopped sweep goes on where it was. The test set is not used.
"""
