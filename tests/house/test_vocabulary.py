"""One word per idea: parameter names of the whole package are held to the vocabulary."""

import ast
from pathlib import Path

import pytest

import seqinterp

ROOT = Path(seqinterp.__file__).parent
INSTEAD_OF = {
    "X": "inputs",
    "x": "inputs",
    "seqs": "sequences",
    "seq": "sequence",
    "one_hot": "inputs",
    "random_state": "seed",
    "rng": "seed",
    "n_shuffles": "draws",
    "n_samples": "draws",
    "n_draws": "draws",
    "n_steps": "steps",
    "num_steps": "steps",
    "max_iter": "steps",
    "bs": "batch_size",
    "batchsize": "batch_size",
    "verbose": "progress",
    "show_progress": "progress",
    "gpu": "device",
    "use_gpu": "device",
    "end": "stop",
    "class_index": "target",
    "target_idx": "target",
    "baselines": "baseline",
    "reference": "baseline",
    "alphabet": "the alphabet is always A, C, G, T",
}
# (file, function, parameter): why the word is right there
ALLOWED: dict[tuple[str, str, str], str] = {}
FILES = sorted(ROOT.rglob("*.py"))


def parameters(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
                yield node.name, argument.arg


@pytest.mark.parametrize("path", FILES, ids=str)
def test_parameters_use_the_vocabulary(path):
    file = str(path.relative_to(ROOT))
    wrong = [
        f"{file}: {function}({name}) should say {INSTEAD_OF[name]}"
        for function, name in parameters(path)
        if name in INSTEAD_OF and (file, function, name) not in ALLOWED
    ]
    assert not wrong, wrong


def test_no_room_has_the_name_of_a_public_call():
    rooms = {path.name for path in ROOT.iterdir() if path.is_dir()}
    assert not rooms & set(seqinterp._PUBLIC)
