"""Load a trained network and classify recordings, without the data that it was trained on.

Run: ``python docs/examples/classify.py RUN``, with the folder of a run that ``gradlab list`` shows.
"""

import sys

import numpy as np

import gradlab

model = gradlab.load(sys.argv[1])
rng = np.random.default_rng(0)
recordings = [
    (np.sort(rng.uniform(0, model.network.duration, 200)), rng.integers(0, model.network.inputs, 200)) for _ in range(3)
]  # times [s] and channels of each
for number, answer in enumerate(model.predict(recordings)):
    print(f"recording {number}: class {model.class_names[answer] if model.class_names else answer}")
(hidden_times, hidden_units), *_ = model.spikes(recordings)[0]
print(f"in the first one the first layer emits {len(hidden_times)} spikes, the first by neuron {hidden_units[:1]}")
