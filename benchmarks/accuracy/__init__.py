"""What the presets reached: table and figure from the records of ``gradlab.bench``. ``python -m benchmarks.accuracy``.

Trains nothing. Takes every completed training of a preset on the whole training set of a data set, averages over seeds,
and sets the linear baseline of ``benchmarks.linear`` beside it.
"""
