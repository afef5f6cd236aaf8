"""`seqinterp images`: train a classifier of images, and study whether its explanations can be believed."""

from pathlib import Path
from typing import Annotated

import typer

from seqinterp.cli import options

app = typer.Typer(
    help="Images: train a classifier, and study whether its explanations can be believed.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Data = Annotated[
    Path,
    typer.Argument(
        help="A folder with a folder for each class, a table with columns file and label, or .npz.", show_default=False
    ),
]
Groups = Annotated[
    str | None,
    typer.Option(
        help="Whom an image is of: kermany, or a regular expression whose first parenthesis is the group.",
        show_default=False,
    ),
]
Grey = Annotated[bool, typer.Option("--grey", help="Make images in colours grey.")]
Size = Annotated[int | None, typer.Option(help="Rows and columns to scale to.", min=8, show_default=False)]
Network = Annotated[str, typer.Option(help="small_cnn, or a classifier of torchvision, such as densenet121.")]
Epochs = Annotated[int, typer.Option(help="The most passes over the training images.", min=1)]
ByGroup = Annotated[
    bool,
    typer.Option(
        "--split-by-group/--no-split-by-group",
        help="Whether related images stand on one side of the split; without, a network seems better than it is.",
    ),
]
Laterality = Annotated[bool, typer.Option("--laterality", help="Left and right differ, as in a chest.")]
Near = Annotated[
    float,
    typer.Option(
        help="Likeness from which two images count as one and stand on one side of the split; raise it for pictures of"
        " a kind that differ in little.",
        min=0.1,
        max=1,
    ),
]
Case = Annotated[
    str | None, typer.Option(help="The test image that is shown, by its name or a part of it.", show_default=False)
]
Masks = Annotated[
    Path | None, typer.Option(help="Folder of masks with the names of the images, white is marked.", show_default=False)
]
Methods = Annotated[
    str | None, typer.Option(help="Names, comma-separated; by default the four of the literature.", show_default=False)
]
Count = Annotated[int, typer.Option("--examples", help="How many test images are put on trial.", min=8)]
Checkpoint = Annotated[
    Path | None,
    typer.Option(
        help="Folder that keeps what is finished, so that an interrupted study goes on; by default beside OUT, and"
        " removed when all is done.",
        show_default=False,
    ),
]


@app.command()
def study(
    data: Data,
    out: options.Out,
    groups: Groups = None,
    grey: Grey = False,
    size: Size = None,
    network: Network = "small_cnn",
    epochs: Epochs = 20,
    case: Case = None,
    masks: Masks = None,
    methods: Methods = None,
    examples: Count = 16,
    laterality: Laterality = False,
    near: Near = 0.97,
    by_group: ByGroup = True,
    checkpoint: Checkpoint = None,
    seed: options.Seed = 0,
    device: options.Device = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """The experiments of the literature: train, explain one image by several methods, and ask whether the maps depend
    on the labels, survive noise, say more than edges, are stable and faithful, and fall on masks. Writes a folder with
    a page, and prints the verdict.
    """
    from seqinterp.cli.image_jobs import Asked, study_into

    asked = Asked(data, groups, grey, size, laterality, network, epochs, seed, device, not quiet, near, by_group)
    page = study_into(
        out, asked, case=case, masks=masks, methods=methods, examples=examples, checkpoint=checkpoint, force=force
    )
    typer.echo(f"the page is {page.resolve()}", err=True)


@app.command()
def train(
    data: Data,
    out: options.Out,
    groups: Groups = None,
    grey: Grey = False,
    size: Size = None,
    network: Network = "small_cnn",
    epochs: Epochs = 20,
    laterality: Laterality = False,
    near: Near = 0.97,
    seed: options.Seed = 0,
    device: options.Device = None,
    force: options.Force = False,
    quiet: options.Quiet = False,
) -> None:
    """Train a classifier on labelled images and judge it on those that it has not seen; writes weights, predictions,
    figures and an outcome as JSON.
    """
    from seqinterp.cli.image_jobs import Asked, train_into
    from seqinterp.io.atomic import written_whole

    asked = Asked(data, groups, grey, size, laterality, network, epochs, seed, device, not quiet, near)
    with written_whole(out, force=force) as folder:
        train_into(folder, asked)
    typer.echo(str(out.resolve()))
