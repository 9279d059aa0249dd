"""The network that all methods train: settings, parameters, initial values, readouts and losses."""
