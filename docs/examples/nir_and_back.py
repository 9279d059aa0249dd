"""A network as a NIR file and back."""

import jax
import numpy as np

import gradlab
from gradlab import nir
from gradlab.methods import EventProp

delays = dict(recurrent_delays="neurons", longest_delay=0.01)
network = gradlab.Network(20, 2, hidden=(16,), duration=0.1, input_rate=150.0, **delays)
model = gradlab.Model(network, network.init(jax.random.key(0)), EventProp())  # or gradlab.load(RUN)
nir.write("network.nir", model)
same = nir.read("network.nir")
recording = np.linspace(0.0, 0.09, 300), np.arange(300) % 20
print(model.logits(recording), same.logits(recording))
