"""Plot the voltages of three neurons of the first hidden layer in one recording, in closed form at any times.

Run: ``python docs/examples/voltages.py RUN PICTURE.png``. ``gradlab view RUN`` draws more: spikes, readout, adjoint.
"""

import sys

import numpy as np
from matplotlib.figure import Figure

import gradlab

model = gradlab.load(sys.argv[1])
rng = np.random.default_rng(0)
recording = np.sort(rng.uniform(0, model.network.duration, 500)), rng.integers(0, model.network.inputs, 500)
times = np.linspace(0, model.network.duration, 2000)
hidden, *_ = model.voltages(recording, times)

figure = Figure(figsize=(8, 3), layout="constrained")
axes = figure.subplots()
axes.plot(times, hidden[:, :3])
axes.set_xlabel("time [s]")
axes.set_ylabel("voltage")
figure.savefig(sys.argv[2])
