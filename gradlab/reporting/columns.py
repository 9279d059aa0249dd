"""What the entries of a training's record mean; the documentation's tables are made from here.

Those of the configuration are explained by the docstrings of the settings: ``NetworkSettings``, ``TrainConfig``, and
the options of the methods.
"""

#: Of the record itself.
RECORD = {
    "schema_version": "of the layout; records of version 1 are read in the layout of version 2, but keep their number",
    "time": "when the record was made, UTC",
    "benchmark": "what was measured: train for a training",
    "preset": "name of the preset, or null",
    "method": "name of the method; of a comparison the choice that was given, such as both",
    "dataset": "name of the data set",
    "hidden": "hidden neurons of all layers",
    "seed": "of the initial weights, the order of the samples and the augmentation",
    "status": "ok; interrupted; diverged: a loss or a parameter was not finite; overflow: a network ran away",
    "reason": "in words, why the status is not ok",
    "config": "the options, see below",
    "config_hash": "digest of config",
    "metrics": "single figures, see below",
    "samples": "lists of figures, see below",
    "env": "code, versions and machine, see below",
}

#: ``metrics`` of a training.
METRICS = {
    "test_accuracy": "share of the test samples that are right, of those in which the network does not run away",
    "test_balanced_accuracy": "mean over the classes of the share of a class that is right, of the same samples",
    "test_accuracy_known_groups": "the same of groups, such as speakers, that are in the training set too",
    "test_accuracy_unseen_groups": "the same of groups that are in the test set only",
    "spikes_per_sample": "spikes of all hidden neurons in a test sample, mean",
    "runaway_share": "share of the test samples in which a layer fires above 500 Hz",
    "transfer_accuracy": "test accuracy of the same weights in the other simulator, of samples in which none runs away",
    "transfer_runaway_share": "share of the test samples in which the network runs away there",
    "transfer_runs_away": "of records of version 1: whether it ran away there in any",
    "validation_accuracy": "of the held-out groups at the kept epoch; null without",
    "train_accuracy": "of the training samples, as augmented, during the kept epoch",
    "epochs": "that were completed",
    "kept_epoch": "whose parameters were tested, counted from 1; 0: none was completed",
    "hidden_rate_hz": "mean rate of the hidden neurons [Hz] during the kept epoch, on training samples",
    "silent_fraction": "share of the hidden neurons that did not spike in the kept epoch",
    "seconds_per_step": "median time of a step [s]; the first two, in which programs are compiled, are left out",
    "compile_s": "by how much the first two steps together were longer than median ones [s]: compiling, mostly",
    "training_s": "sum of epoch_s [s]",
    "input_spikes_per_sample": "input spikes of a training sample, mean, before augmentation and delay line",
    "residual_bytes": "what a batch's gradient keeps between its passes; null of a method that has no backward pass",
    "event_capacity": "room for the spikes of the busiest sample, by spiking layer; null on a time grid",
    "event_pool": "room for spikes of a sample on the mean over a batch, likewise: this takes memory; null or missing "
    "where every sample has the room of the busiest",
    "parameters": "numbers that were trained",
    "hidden_neurons": "of all layers",
    "devices": "over which each batch was spread",
    "neuron_devices": "so many of the devices at a time shared the neurons of each layer",
}

#: ``samples`` of a training, one entry an epoch but for ``confusion`` and ``raster``; published with six digits.
SAMPLES = {
    "epoch": "which epochs the other entries are of, counted from 1; only of long trainings as they are published",
    "train_loss": "mean loss of the steps, with the rate regularisation",
    "train_accuracy": "share of the training samples that were right in the course of the epoch",
    "hidden_rate_hz": "mean rate of the hidden neurons [Hz]",
    "silent_fraction": "share of the hidden neurons that did not spike",
    "epoch_s": "time of the epoch [s], compilation included, validation not",
    "validation_accuracy": "of the held-out groups, if there are any",
    "*_quantiles": "of constants or delays that are trained: quantiles 5, 25, 50, 75 and 95 %, by layer",
    "confusion": "counts: test samples by class (row) and answer (column), without runaways; and names of the classes",
    "raster": "the spikes of the first test sample in continuous time; not in what is published",
}

#: ``env`` of any record; unknown is null.
ENVIRONMENT = {
    "git_sha": "commit of the code when the work began; null if it does not run from a checkout",
    "git_dirty": "whether the code differed from that commit",
    "python": "version",
    "gradlab": "version, if it is installed",
    "jax": "version",
    "jaxlib": "version",
    "numba": "version",
    "numpy": "version",
    "cpu": "model",
    "cpu_target": "kind of processor, as LLVM calls it",
    "cores": "of the machine",
    "threads": "cores that the process was allowed to use",
    "device_kind": "what JAX computed on",
    "x64": "whether JAX was set to double precision",
    "XLA_FLAGS": "as they were set, without paths",
}
