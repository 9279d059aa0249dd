"""Class imbalance is seen: which classes are taken for which, and the accuracy in which each class counts alike."""

import numpy as np
import pytest
from tiny_data import tiny_data, tiny_network

from gradlab import EventPropTrainer, TrainConfig
from gradlab.data import Splits
from gradlab.measuring.evaluation import balanced, test_figures
from gradlab.reporting.confusion import confusion

test_figures.__test__ = False


def a_record(counts, names, **metrics):
    return {
        "method": "eventprop", "metrics": metrics, "samples": {"confusion": {"counts": counts, "classes": names}}
    }  # fmt: skip


def test_a_frequent_class_counts_no_more_than_a_rare_one():
    assert balanced(np.array([[90, 0, 0], [10, 0, 0], [0, 0, 0]])) == 0.5
    assert balanced(np.array([[8, 2], [1, 3]])) == pytest.approx((0.8 + 0.75) / 2)
    assert np.isnan(balanced(np.zeros((2, 2), int)))


def test_answers_are_counted_by_class():
    """The samples are no whole number of batches."""
    data = tiny_data(21)
    trainer = EventPropTrainer(tiny_network(), TrainConfig(batch_size=8))
    params = trainer.init(data)
    answers = np.argmax(trainer.forward(params, trainer.batch(data, np.arange(21))[0]).logits, -1)
    figures, counts = test_figures(trainer, params, Splits(data, None, data))
    expected = [[np.sum((data.labels == c) & (answers == a)) for a in range(2)] for c in range(2)]
    np.testing.assert_array_equal(counts, expected)
    assert counts.dtype == np.int64 and counts.sum() == 21
    assert figures["test_accuracy"] == pytest.approx(np.trace(counts) / 21)
    assert figures["test_balanced_accuracy"] == pytest.approx(balanced(counts))


def test_cells_hold_shares_of_a_class():
    ax = confusion(a_record([[9, 1], [0, 5]], ["a", "b"], test_accuracy=14 / 15)).axes[0]
    assert [text.get_text() for text in ax.texts] == ["90", "10", "100"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["a  (10)", "b  (5)"]
    assert ax.get_title(loc="left") == "EventProp, accuracy 93.3 %"


@pytest.mark.parametrize("classes", [1, 3, 60])
def test_any_number_of_classes_is_drawn(classes, tmp_path):
    figure = confusion(a_record(np.eye(classes, dtype=int).tolist(), [f"class {k}" for k in range(classes)]))
    figure.savefig(tmp_path / "x.png", dpi=30)
    assert max(figure.get_size_inches()) < 15
