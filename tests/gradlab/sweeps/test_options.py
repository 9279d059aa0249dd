"""What a sweep is made of: seeds, settings, and the command lines of its trainings."""

import pytest

from gradlab.sweeps.options import Config, choices, lines, seeds_of
from gradlab.sweeps.plan import plan

QUICK = ("dataset=yin-yang", "hidden=4", "epochs=1")


@pytest.mark.parametrize(
    ("text", "seeds"),
    [("7", (7,)), ("0-3", (0, 1, 2, 3)), ("0,3, 5", (0, 3, 5)), ("2-3,0,3", (2, 3, 0))],
)
def test_seeds(text, seeds):
    assert seeds_of(text) == seeds


@pytest.mark.parametrize("text", ["", "a", "3-1", "-1", "1.5", "0-", "0,,1", "²"])
def test_what_is_no_seeds_is_refused(text):
    with pytest.raises(ValueError, match="expected numbers and ranges such as 0-9 or 0,3,5"):
        seeds_of(text)


def test_choices_of_a_setting():
    assert choices("learning_rate=1e-3,4e-3") == (
        "learning-rate", [("--learning-rate", "1e-3"), ("--learning-rate", "4e-3")],
    )  # fmt: skip
    assert choices("hidden=64 64,128")[1] == [("--hidden", "64", "64"), ("--hidden", "128")]
    assert choices("train-constants=True,False")[1] == [("--train-constants",), ("--no-train-constants",)]
    assert choices("validation_groups=")[1] == [("--validation-groups",)]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("learning_rate",), "set is 'learning_rate', expected NAME=VALUE,VALUE"),
        (("--hidden=8",), "set is '--hidden=8', expected NAME=VALUE"),
        (("seed=1",), "set names seed, which is no option of single runs here"),
        (("help=",), "set names help"),
        (("hidden=8", "hidden=4"), "set names hidden twice: give all its values at once, as hidden=VALUE,VALUE"),
        (("learning_rate=" + ",".join("1" * 5001), "hidden=1,2"), "these are 10002 runs of each method"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        list(lines(Config(set=settings)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("learning_rat=1", "--learning-rate"),  # what was meant
        ("learning_rate=x", "could not convert string to float: 'x'"),
        ("epochs=", "Missing value for argument '--epochs'"),
        ("loss=none", "invalid choice 'none'"),
    ],
)
def test_the_parser_of_a_training_refuses_names_and_values(settings, message, capsys):
    with pytest.raises(SystemExit) as end:
        list(lines(Config(set=(*QUICK[:2], settings))))
    printed = capsys.readouterr().err
    assert end.value.code == 2 and message in " ".join(printed.replace("│", " ").split())


def test_values_out_of_range_are_refused():
    with pytest.raises(ValueError, match="learning_rate is -1, expected a finite number > 0"):
        list(lines(Config(set=("learning_rate=-1",))))
    with pytest.raises(ValueError, match="seed is 5000000000, expected a whole number"):
        list(lines(Config(seeds="5000000000")))


def test_slurm_options_are_for_slurm():
    with pytest.raises(ValueError, match="slurm is partition=gpu, but the launcher is local: leave one out"):
        Config(slurm=("partition=gpu",))


def test_every_combination_is_a_training(tmp_path):
    config = Config(
        presets=("yin-yang",), methods=("both",), seeds="0-1", set=("learning_rate=1e-3,4e-3", "hidden=4"), out=tmp_path
    )
    found = list(lines(config))
    assert len(found) == 8
    assert {line.config.methods for line in found} == {("eventprop",), ("bptt",)}
    assert {line.config.training.seed for line in found} == {0, 1}
    assert {line.config.training.learning_rate for line in found} == {1e-3, 4e-3}
    assert all(line.config.preset == "yin-yang" and not line.config.network.recurrent for line in found)
    assert found[0].arguments == (
        "--preset", "yin-yang", "--learning-rate", "1e-3", "--hidden", "4", "--out", str(tmp_path),
        "--method", "eventprop", "--seed", "0", "--resume",
    )  # fmt: skip


def test_runs_are_planned_once(tmp_path):
    """What a method ignores makes no other run of it."""
    config = Config(methods=("eventprop", "bptt"), set=(*QUICK, "half_width=0.1,0.2"), out=tmp_path)
    runs = plan(list(lines(config)))
    assert sorted(run.path.name.rpartition("-")[0] for run in runs) == [
        "bptt-yin-yang-4-seed0", "eventprop-yin-yang-4-seed0",
    ]  # fmt: skip
    assert {run.epochs for run in runs} == {1}
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("neuron=adaptive engine=xla", "engine xla does not simulate neuron 'adaptive'"),
        ("batch_size=6000", "5000 training samples, but batches of 6000"),
    ],
)
def test_an_impossible_run_is_named_before_any_starts(settings, message, tmp_path):
    config = Config(set=(*QUICK, *settings.split()), seeds="3", out=tmp_path)
    with pytest.raises(ValueError, match=rf"^gradlab train .* --seed 3 --resume: {message}"):
        plan(list(lines(config)))
