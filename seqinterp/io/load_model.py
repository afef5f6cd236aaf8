"""One door for models on disk."""

from pathlib import Path

from torch import nn

from seqinterp.errors import FileError
from seqinterp.io.checkpoint import DESCRIPTION, WEIGHTS, load_checkpoint
from seqinterp.io.deepbind_format import looks_like_deepbind, read_deepbind
from seqinterp.io.pickles import refuse_pickle

SUBFOLDERS = ("", "model")  # where a run folder may keep its checkpoint


def load_model(path: str | Path) -> nn.Module:
    """A model in evaluation mode, from a run folder, a checkpoint (folder or file) or a DeepBind text file.

    What `seqinterp images train` writes is a checkpoint, too: of a classifier of images, one logit per class.

    Raises FileError for anything else. A pickle (torch.save, joblib) is recognised by its content and refused. Raises
    ModelError for a network of torchvision where that is not installed.
    """
    path = Path(path)
    if not path.exists():
        raise FileError(f"{path} does not exist; give a run folder, a checkpoint or a DeepBind model file")
    if path.is_dir():
        for folder in (path / name for name in SUBFOLDERS):
            if (folder / DESCRIPTION).exists() or (folder / WEIGHTS).exists():
                return load_checkpoint(folder).model
        raise FileError(f"{path} holds no model: neither {DESCRIPTION} nor {WEIGHTS} is in it")
    refuse_pickle(path)
    try:
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror or error}") from error
    if looks_like_deepbind(start):
        return read_deepbind(path)
    if path.name in (DESCRIPTION, WEIGHTS):
        return load_checkpoint(path).model
    raise FileError(
        f"{path} is not a model that can be read here; give a folder with {DESCRIPTION} and {WEIGHTS}, or a text file "
        "that starts with '# deepbind'"
    )
