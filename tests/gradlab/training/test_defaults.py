"""Default settings learn data that are not like SHD: only sizes and the duration of a trial are given."""

import pytest
from other_data import counts_accuracy, digits, vowels, yin_yang

from gradlab import BPTTTrainer, EventPropTrainer, Network, TrainConfig

TRAINERS = (EventPropTrainer, BPTTTrainer)


def accuracy(trainer, splits, duration, hidden=64, **settings):
    train = splits.train
    fitted = trainer(Network(train.inputs, train.classes, hidden=(hidden,), duration=duration), TrainConfig(**settings))
    result = fitted.fit(splits, progress=False)
    assert result.status == "ok", result.reason
    return fitted.evaluate(result.params, splits.test)["accuracy"]


@pytest.mark.parametrize("trainer", TRAINERS)
def test_a_few_epochs_learn_something_of_digits(trainer):
    """Before, every neuron was silent for ever with EventProp, and one in ten answers was right."""
    assert accuracy(trainer, *digits(800), hidden=32, epochs=3, batch_size=16) > 0.4


@pytest.mark.slow
@pytest.mark.parametrize("trainer", TRAINERS)
@pytest.mark.parametrize("data", [digits, vowels], ids=lambda data: data.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_nine_tenths_of_what_counts_tell(data, trainer, seed):
    splits, duration = data(seed=seed)
    assert accuracy(trainer, splits, duration, epochs=8, seed=seed) > 0.9 * counts_accuracy(splits)


@pytest.mark.slow
@pytest.mark.parametrize("trainer", TRAINERS)
@pytest.mark.parametrize("seed", range(3))
def test_what_counts_do_not_tell(trainer, seed):
    splits, duration = yin_yang(seed=seed)
    assert accuracy(trainer, splits, duration, epochs=12, seed=seed) > 0.8 > 1.5 * counts_accuracy(splits)
