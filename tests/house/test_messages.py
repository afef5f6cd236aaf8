"""Every message of an error reads alike: it starts in lower case and ends without a period."""

import ast
from pathlib import Path

import pytest

import seqinterp

ROOT = Path(seqinterp.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
# Words that are written with a capital wherever they stand.
NAMES = ("AUROC", "DNA", "DeepBind", "FASTA", "IUPAC", "JASPAR", "JSON", "JUND", "MEME", "N", "RNA", "ROC", "TRANSFAC")
ENDS = (".", "!", ":", ";", ",", " ")


def text_of(node):
    """A string or an f-string, with {} for what is filled in; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return None


def messages(tree):
    """The line and the text of every XError("..."), raised at once or handed on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            text = text_of(node.args[0])
            if name.endswith("Error") and text is not None:
                yield node.lineno, text


def complaint(text):
    """What is wrong with a message, None where nothing is."""
    if text.endswith(ENDS):
        return f"ends with {text[-1]!r}"
    if text[:1].isupper() and text.replace("{", " ").split(maxsplit=1)[0].rstrip(",:;") not in NAMES:
        return "starts with a capital letter"
    return None


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_messages_are_of_one_style(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    wrong = [f"line {line}: {complaint(text)}: {text}" for line, text in messages(tree) if complaint(text)]
    assert not wrong, wrong


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        ('InputError("no filter is left")', False),
        ('InputError("no filter is left.")', True),
        ('InputError("No filter is left")', True),
        ('InputError(f"Filter {i} is dead")', True),
        ('InputError(f"{path} is empty")', False),
        ('InputError(f"{path} is empty: {error}.")', True),
        ('errors.FileError("MEME names have no spaces")', False),
        ('FileError(f"MEME{i} names")', False),
        ('FileError("a" " b.")', True),
        ("FileError(text)", False),
    ],
)
def test_the_rule_itself(call, wrong):
    assert any(complaint(text) for _, text in messages(ast.parse(f"raise {call}"))) == wrong


def test_messages_are_found():
    found = [text for path in FILES for _, text in messages(ast.parse(path.read_text(encoding="utf-8")))]
    assert len(found) > 200
